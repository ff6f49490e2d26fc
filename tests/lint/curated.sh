#!/usr/bin/env bash
# The catalogue, curated/NAME/VERSION: what kiln reads of each entry it writes again to the byte; the key
# that about.yml has is the one of the definition, from one release to the next (GOLDEN=write: writes
# them anew).
set -u
cd "$(dirname "$0")/../.."
kiln=build/plain/kiln
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
say() { echo "lint: curated: $*"; bad=1; }

for entry in curated/*/*/; do
	name=$(basename "$(dirname "$entry")") version=$(basename "$entry")
	case $version in *[!0-9]* | 0*) say "$entry: no number of a version" ;; esac
	case $name in AzureML-*) ;; *) say "$entry: its name does not begin with AzureML-" ;; esac
	"$kiln" env save "$name:$version" "$work/$name.$version" -q 2>"$work/why" || { say "$(cat "$work/why")"; continue; }
	diff -r -x about.yml "$entry" "$work/$name.$version" >"$work/diff" || say "$entry: $(head -n 3 "$work/diff")"
	"$kiln" env clone "$name:$version" clone "$work/clone" --overwrite -q 2>"$work/why" || say "$(cat "$work/why")"
	key=$("$kiln" env show "$name:$version" --json -q | grep -oE '"key":"[0-9a-f]{64}"' | cut -d'"' -f4)
	[ "${GOLDEN:-}" != write ] || sed -i "s/^key: .*/key: $key/" "$entry/about.yml"
	grep -qx "key: $key" "$entry/about.yml" || say "$entry: its key is $key now: such entries are built anew by all who use them"
done
exit $bad
