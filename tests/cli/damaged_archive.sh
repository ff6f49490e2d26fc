#!/usr/bin/env bash
# Archives that the cache keeps, damaged as a disk does it: they are fetched again before their bytes
# go into an image.
. tests/shell.sh
needs build/channel/noarch/repodata.json
printf '%s\n' "channels: [$channel]" 'dependencies: [python=3.11, click]' >"$work/click.yml"
printf '%s\n' 'variables: {CHANGED: "1"}' | cat "$work/click.yml" - >"$work/changed.yml"

built() { # FILE [OPTION...]: the digest
	local file=$1
	shift
	rm -rf "$work/out"
	"$kiln" build "$file" --base scratch -t "oci:$work/out:it" -q "$@" 2>"$work/stderr" |
		sed 's/.*@//'
	[ "${PIPESTATUS[0]}" = 0 ] || fail "$file: $(tail -n 1 "$work/stderr")"
}
all_sound() {
	for archive in "$KILN_CACHE"/packages/*; do
		local name=${archive##*/}
		[ "$(sha256sum <"$archive" | cut -d' ' -f1)" = "${name%%.*}" ] || fail "$name is damaged"
	done
}

expect 0 "" "$kiln" lock "$work/click.yml" -o "$work/click.lock"
want=$(built "$work/click.yml")
changed=$(KILN_CACHE=$work/other built "$work/changed.yml")
for at in 2 300 500 900 998; do
	rm -rf "$KILN_CACHE"/segments "$KILN_CACHE"/layers
	for archive in "$KILN_CACHE"/packages/*; do flip "$archive" $at; done
	same "$(built "$work/click.yml" --update)" "$want" "an image of archives damaged at $at/1000"
	all_sound
done

# Where all is packed, archives are read for what they say of themselves only.
for archive in "$KILN_CACHE"/packages/*; do flip "$archive" 500; done
same "$(built "$work/changed.yml")" "$changed" "a changed image of packed segments"

# An environment in a folder is made of sound ones as well.
expect 0 "" "$kiln" install "$work/click.lock" "$work/prefix"
all_sound

# Nobody to fetch it from: it is said, and does not stay.
for archive in "$KILN_CACHE"/packages/*; do flip "$archive" 500; done
expect 6 "was damaged on the disk" "$kiln" install "$work/click.lock" "$work/two" --offline
expect 0 "" "$kiln" install "$work/click.lock" "$work/two"
all_sound
no_leftovers "$KILN_CACHE"
