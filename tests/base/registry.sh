#!/usr/bin/env bash
# A local registry (distribution) on a free port of 127.0.0.1, for tests.
#
#   registry.sh start DIR     keeps blobs in DIR/data; writes DIR/port, DIR/pid, DIR/log
#   registry.sh stop DIR
#
# With a file DIR/htpasswd it asks for those logins (bcrypt; Basic).
#
# It ends by itself after an hour, whatever happens to who started it.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,9p' "$0" | cut -c3-; exit 2; }
mkdir -p "$2"
dir=$(cd "$2" && pwd)

free_port() {
	/usr/bin/python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

write_config() {
	cat >"$dir/config.yml" <<-END
		version: 0.1
		log: {level: warn}
		storage:
		  filesystem: {rootdirectory: $dir/data}
		  delete: {enabled: true}
		http: {addr: 127.0.0.1:$1}
	END
	if [ -f "$dir/htpasswd" ]; then
		echo "auth: {htpasswd: {realm: \"here, there\", path: $dir/htpasswd}}" >>"$dir/config.yml"
	fi
}

running() {
	[ -f "$dir/pid" ] && kill -0 "$(cat "$dir/pid")" 2>/dev/null
}

answers() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Another process may have taken the port between asking and using it: then once more.
try_start() {
	local port
	port=$(free_port)
	write_config "$port"
	OTEL_TRACES_EXPORTER=none setsid timeout 3600 docker-registry serve "$dir/config.yml" \
		</dev/null >"$dir/log" 2>&1 9>&- &
	echo $! >"$dir/pid"
	for _ in $(seq 100); do
		running || return 1
		if answers "$port"; then
			echo "$port" >"$dir/port"
			return 0
		fi
		sleep 0.1
	done
	return 1
}

start() {
	running && return 0
	for _ in 1 2 3; do
		try_start && return 0
	done
	echo "registry: does not start" >&2
	tail -5 "$dir/log" >&2
	return 1
}

stop() {
	if running; then kill "$(cat "$dir/pid")"; fi
	rm -f "$dir/pid" "$dir/port"
}

case $1 in
start | stop) "$1" ;;
*) exit 2 ;;
esac
