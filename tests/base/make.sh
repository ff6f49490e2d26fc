#!/usr/bin/env bash
# Makes a small Debian 12 base image with mmdebstrap, as an OCI layout (tag "bookworm"), once.
#
#   [OUT=build/base] tests/base/make.sh [OUT]
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-${OUT:-build/base}}
mkdir -p "$(dirname "$out")"
here=tests/base
part=$out.part
# Every time stamp in the image: it is the same image each time it is made from the same packages.
export SOURCE_DATE_EPOCH=1700000000

# The system's own sources of Debian 12, where it is one; else mmdebstrap's default.
sources() {
	grep -lsE '^(Components:.*|deb .*bookworm.*) main\b' /etc/apt/sources.list \
		/etc/apt/sources.list.d/*.{list,sources} | xargs -r grep -lw bookworm || true
}

make_root() {
	local lists
	mapfile -t lists < <(sources)
	as_root timeout 300 mmdebstrap --quiet --mode=root --variant=minbase \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
		--aptopt='Acquire::Languages "none"' bookworm "$part/root.tar" "${lists[@]}"
}

# Owners and modes have to be right, and unprivileged namespaces may be forbidden.
as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo --preserve-env=SOURCE_DATE_EPOCH "$@"; fi
}

exec 9>"$out.lock"
flock -w 600 9
print=$(cat $here/make.sh $here/layout.py | sha256sum | cut -d' ' -f1)
if [ "$(cat "$out/.stamp" 2>/dev/null)" = "$print" ]; then exit 0; fi
echo "base: making the base image" >&2
rm -rf "$part"
mkdir -p "$part"
make_root
/usr/bin/python3 $here/layout.py "$part/root.tar" "$part" bookworm
rm "$part/root.tar"
echo "$print" >"$part/.stamp"
rm -rf "$out"
mv "$part" "$out"
