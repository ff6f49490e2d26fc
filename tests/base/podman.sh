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

start() { # REGISTRY
	[ "$(id -u)" = 0 ] && command -v podman >/dev/null || return 1
	mkdir -p "$short"
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$1" >"$dir/registries.conf"
	CONTAINERS_REGISTRIES_CONF=$dir/registries.conf setsid timeout 3600 podman --root "$dir/data" \
		--runroot "$short/run" --storage-driver vfs --events-backend file --cgroup-manager cgroupfs \
		system service --time=0 "unix://$short/podman.sock" </dev/null >"$dir/log" 2>&1 &
	echo $! >"$dir/pid"
	for _ in $(seq 100); do
		curl -sf --max-time 5 --unix-socket "$short/podman.sock" http://d/_ping >/dev/null && break
		kill -0 "$(cat "$dir/pid")" 2>/dev/null || return 1
		sleep 0.1
	done
	echo "unix://$short/podman.sock"
}

stop() {
	[ ! -f "$dir/pid" ] || kill "$(cat "$dir/pid")" 2>/dev/null || true
	rm -f "$dir/pid"
	rm -rf --one-file-system "$dir/data" "$short"
}

case $1 in
start | stop) "$1" "${3:-}" ;;
*) exit 2 ;;
esac
