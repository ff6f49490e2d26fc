#!/usr/bin/env bash
# SIGINT while a build waits for an equal one, or for a layout that another process writes: it ends.
. tests/shell.sh
needs build/channel/noarch/repodata.json
build=("$kiln" build tests/channel/small.yml --base scratch)

# Held for longer than the test may take.
hold() { # FILE
	(exec 9<"$1" && flock 9 && exec sleep 60) &
	holder=$!
	until ! flock -n "$1" true; do sleep 0.05; done
}

interrupted() { # WHAT TAG
	"${build[@]}" -t "oci:$work/out:$2" >/dev/null 2>"$work/stderr" &
	local pid=$! status
	sleep 1
	kill -0 $pid 2>/dev/null || fail "$1: the build did not wait: $(tail -n 3 "$work/stderr")"
	kill -INT $pid
	timeout 10 tail --pid=$pid -s 0.1 -f /dev/null || { fail "$1: SIGINT is not heard"; kill -KILL $pid; }
	wait $pid
	status=$?
	same $status 130 "$1: the exit status"
	kill $holder
	wait $holder 2>/dev/null || :
}

expect 0 "" "$kiln" key tests/channel/small.yml --base scratch
key=$(cat "$work/stdout")
mkdir -p -m 700 "$KILN_CACHE/locks"
lock=$KILN_CACHE/locks/${key#sha256:}
: >"$lock"
hold "$lock"
interrupted "an equal build" one

expect 0 "" "${build[@]}" -t "oci:$work/out:one"
hold "$work/out"
interrupted "a layout" two
