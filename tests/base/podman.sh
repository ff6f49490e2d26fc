#!/usr/bin/env bash
# Podman's service, which speaks Docker's Engine API, with everything of its own below DIR.
#
#   podman.sh start DIR REGISTRY     prints the DOCKER_HOST to use; REGISTRY is asked without TLS
#   podman.sh stop DIR               ends it and removes its images
#
# It ends by itself after an hour.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,7p' "$0" | cut -c3-; exit 2; }
mkdir -p "$2"
dir=$(cd "$2" && pwd)
# A socket's path is limited to 107 bytes, wherever DIR is.
short=/tmp/kiln-podman-$(echo "$dir" | sha256sum | cut -c1-12)

try_start() { # DRIVER
	mkdir -p "$short"
	CONTAINERS_REGISTRIES_CONF=$dir/registries.conf setsid timeout 3600 podman --root "$dir/data" \
		--runroot "$short/run" --storage-driver "$1" --events-backend file --cgroup-manager cgroupfs \
		system service --time=0 "unix://$short/podman.sock" </dev/null >"$dir/log" 2>&1 &
	echo $! >"$dir/pid"
	for _ in $(seq 100); do
		curl -sf --max-time 5 --unix-socket "$short/podman.sock" http://d/_ping >/dev/null && return 0
		running || break
		sleep 0.1
	done
	stop
	return 1
}

# vfs copies all that is below for each layer; overlay is not everywhere to be had.
start() { # REGISTRY
	[ "$(id -u)" = 0 ] && command -v podman >/dev/null || return 1
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$1" >"$dir/registries.conf"
	try_start overlay || try_start vfs || return 1
	echo "unix://$short/podman.sock"
}

running() {
	[ -f "$dir/pid" ] && kill -0 "$(cat "$dir/pid")" 2>/dev/null
}

stop() {
	! running || kill "$(cat "$dir/pid")" || true
	for _ in $(seq 50); do
		running || break
		sleep 0.1
	done
	rm -f "$dir/pid"
	umount "$dir/data/overlay" 2>/dev/null || true
	rm -rf --one-file-system "$dir/data" "$short"
}

case $1 in
start | stop) "$1" "${3:-}" ;;
*) exit 2 ;;
esac
