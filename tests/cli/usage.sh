#!/usr/bin/env bash
# Help, version, and what a wrong command line says.
. tests/shell.sh

expect 0 "" "$kiln" --help
grep -q '  build ' "$work/stdout" || fail "--help does not list build"
for command in build lock key plan install search config version; do
	expect 0 "" "$kiln" $command --help
	grep -q "^usage: kiln $command" "$work/stdout" || fail "$command --help shows no usage"
done
expect 0 "" "$kiln" version
expect 2 'no command "bild"' "$kiln" bild
expect 2 "no destination" "$kiln" build --base x tests/channel/small.yml
expect 2 "--jobs" "$kiln" lock --jobs many tests/channel/small.yml
expect 2 "no definition" "$kiln" lock
expect 2 "LOCK PREFIX" "$kiln" install one
expect 2 "--compression brotli" "$kiln" key --compression brotli tests/channel/small.yml
for prefix in relative "" / /opt/../env; do
	expect 2 "no absolute path" "$kiln" key --prefix "$prefix" tests/channel/small.yml
done
expect 2 "blanks" "$kiln" key --prefix "/opt/my env" tests/channel/small.yml
expect 0 "" "$kiln" key --prefix /opt/env/ tests/channel/small.yml
