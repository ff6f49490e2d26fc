#!/usr/bin/env bash
# An unmodified Docker daemon, started by hand as root, with everything of its own below DIR.
#
#   dockerd.sh start DIR     prints the DOCKER_HOST to use; DIR/pid, DIR/log
#   dockerd.sh stop DIR      ends it and removes its images
#
# It changes nothing of the machine's network: containers run with --network none or host.
# It ends by itself after an hour.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,8p' "$0" | cut -c3-; exit 2; }
mkdir -p "$2"
dir=$(cd "$2" && pwd)
# A socket's path is limited to 107 bytes, wherever DIR is.
short=/tmp/kiln-dockerd-$(echo "$dir" | sha256sum | cut -c1-12)
socket=unix://$short/docker.sock

running() {
	[ -f "$dir/pid" ] && kill -0 "$(cat "$dir/pid")" 2>/dev/null
}

answers() {
	DOCKER_HOST=$socket timeout 10 docker version >/dev/null 2>&1
}

# DOCKER_RAMDISK: in a chroot, the root may not be a mount point, and pivot_root is refused.
try_start() {
	local driver=$1 ramdisk=()
	if ! mountpoint -q /; then ramdisk=(DOCKER_RAMDISK=1); fi
	mkdir -p "$dir/data" "$short/exec"
	env "${ramdisk[@]}" setsid timeout 3600 dockerd --data-root "$dir/data" --exec-root "$short/exec" \
		--pidfile "$short/pid" --host "$socket" --storage-driver "$driver" --iptables=false \
		--ip6tables=false --ip-forward=false --ip-masq=false --bridge=none </dev/null >"$dir/log" 2>&1 &
	echo $! >"$dir/pid"
	for _ in $(seq 150); do
		running || return 1
		answers && return 0
		sleep 0.1
	done
	stop
	return 1
}

start() {
	[ "$(id -u)" = 0 ] && command -v dockerd >/dev/null || return 1
	if ! running; then
		try_start overlay2 || try_start vfs || return 1
	fi
	echo "$socket"
}

# The daemon ends its containerd itself; give it the time to.
stop() {
	if running; then
		kill "$(cat "$dir/pid")"
		for _ in $(seq 100); do
			running || break
			sleep 0.1
		done
	fi
	rm -f "$dir/pid"
	# What a container with --network host leaves.
	umount "$short/exec/netns/default" 2>/dev/null || true
	rm -rf --one-file-system "$dir/data" "$short"
}

case $1 in
start | stop) "$1" ;;
*) exit 2 ;;
esac
