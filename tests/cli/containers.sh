#!/usr/bin/env bash
# One cache, many containers: in each kiln is process 1, also where another was killed in the middle.
. tests/shell.sh
needs build/channel/noarch/repodata.json
unshare -rpf true 2>/dev/null || { echo "no namespaces of processes here"; exit 77; }
"$python" tests/cli/mini_channel.py build/channel "$work/channel" python six click --needed || exit 1
inside() { # NAME PACKAGE
	printf '%s\n' "channels: [file://$work/channel]" "dependencies: [python, $2]" >"$work/$1.yml"
	exec unshare -rpf --kill-child "$kiln" build "$work/$1.yml" --base scratch -t "oci:$work/$1:it" --json
}
for moment in 0.{1,2,3,4,5}{0,3,6}; do
	(inside killed six) >"$work/killed.out" 2>&1 &
	sleep "$moment"
	kill -KILL $! 2>/dev/null
	wait $! 2>/dev/null
done
[ -n "$(find "$KILN_CACHE" -name '*.part')" ] || echo "not tested: none was killed while it wrote"
for package in six click; do
	(inside $package $package) >"$work/$package.out" 2>"$work/$package.err" &
	eval "$package=\$!"
done
wait "$six" || fail "beside another: $(tail -n 3 "$work/six.err")"
wait "$click" || fail "beside another: $(tail -n 3 "$work/click.err")"
expect 0 "" "$kiln" build "$work/six.yml" --base scratch -t "oci:$work/alone:it" --cache "$work/cache2" --json
same "$(field "$work/six.out" digest)" "$(field "$work/stdout" digest)" "what a killed one left"
