#!/usr/bin/env bash
# Fetches source distributions, and the wheels they are built with, into build/sources; into its
# folder installed/ wheels that are only unpacked. Once; again when the lists change.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=build/sources
print=$(cat tests/sources/* | sha256sum | cut -d' ' -f1)
[ "$(cat "$out/.stamp" 2>/dev/null)" = "$print" ] && exit 0
echo "sources: fetching" >&2
rm -rf "$out.part"
mkdir -p "$out.part/installed"
download() { # LIST OPTION...
	timeout 600 build/venv/bin/python -m pip download -q --no-deps --disable-pip-version-check \
		-d "$out.part" -r "$@"
}
# Only these as sources: what pip builds them with, to see what they need, comes as wheels.
names=$(sed -n 's/==.*//p' tests/sources/sources.txt | paste -sd,)
download tests/sources/sources.txt --no-binary "$names"
download tests/sources/wheels.txt --only-binary :all:
download tests/sources/installed.txt --only-binary :all: -d "$out.part/installed"
echo "$print" >"$out.part/.stamp"
rm -rf "$out"
mv "$out.part" "$out"
