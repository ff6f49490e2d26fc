#!/usr/bin/env bash
# The interpreter that the cache keeps for bytecode, damaged as a power cut does: it is made again.
. tests/shell.sh
needs build/channel/noarch/repodata.json
printf '%s\n' "channels: [$channel]" 'dependencies: [python=3.11, click]' >"$work/click.yml"
expect 0 "" "$kiln" lock "$work/click.yml" -o "$work/click.lock"
compiled() { # PREFIX
	[ -e "$1/lib/python3.11/site-packages/click/__pycache__/core.cpython-311.pyc" ] || fail "no bytecode in $1"
}

expect 0 "" "$kiln" install "$work/click.lock" "$work/first"
compiled "$work/first"
# Twice: the first that does not start is replaced by one with all that python depends on.
for round in second third; do
	for program in "$KILN_CACHE"/interpreters/*/bin/python3.11; do
		rm "$program" && : >"$program"
	done
	expect 0 "" "$kiln" install "$work/click.lock" "$work/$round"
	compiled "$work/$round"
done
no_leftovers "$KILN_CACHE"
