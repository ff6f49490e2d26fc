#!/usr/bin/env bash
# --offline: what the cache holds is enough, whatever its age; what it lacks is named all at once;
# and nobody is asked for anything.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json
registry

# The channel behind a server that counts; `asked` says how often it was.
start_fake peer.py "$PWD/build/channel"
served=http://$fake
asked() { curl -s "$served/counts"; }
spec=$work/spec.yml
sed "s|- ./build/channel|- $served/files|" tests/channel/small.yml >"$spec"
to=(--base "$base" --json)

# An empty cache: all of it in one error.
before=$(asked)
expect 1 "channel $served/files/noarch" "$kiln" build "$spec" "${to[@]}" -t "oci:$work/no" --offline
grep -qF "channel $served/files/linux-64" "$work/stderr" || fail "the other subdir is not named"
grep -qF "base image $base" "$work/stderr" || fail "the base is not named"
grep -qF "run without --offline" "$work/stderr" || fail "it does not say how to get them"
[ ! -e "$work/no" ] || fail "a build that cannot be has made a folder"
expect 1 "base image $base" "$kiln" key "$spec" --base "$base" --offline
same "$(asked)" "$before" "requests of a run offline"

expect 0 "" "$kiln" build "$spec" "${to[@]}" -t "oci:$work/one"
digest=$(field "$work/stdout" digest)
expect 0 "" "$kiln" lock "$spec" --base "$base" -o "$work/lock.yml"
before=$(asked)

# Nothing but the cache: with no network at all, where that can be had.
alone=(unshare -n)
[ "$(id -u)" = 0 ] || alone=(unshare -rn)
"${alone[@]}" true 2>/dev/null || { alone=(); echo "not tested: without any network"; }
offline() { expect "$1" "$2" "${alone[@]}" "$kiln" "${@:3}" --offline; }
offline 0 "" build "$spec" "${to[@]}" -t "oci:$work/two"
same "$(field "$work/stdout" digest)" "$digest" "the image built offline"
"$python" tests/cli/check_layers.py "$work/two" "${digest/:/-}" 2>/dev/null ||
	skopeo --insecure-policy inspect "oci:$work/two" >/dev/null || fail "the layout made offline"
offline 0 "" build "$spec" "${to[@]}" -t "oci:$work/three" --locked "$work/lock.yml"
same "$(field "$work/stdout" digest)" "$digest" "the locked image built offline"
offline 0 "" build "$spec" "${to[@]}" -t "oci:$work/three"
same "$(field "$work/stdout" cached)" true "the image is there"
offline 0 "" lock "$spec" --base "$base"
cmp -s "$work/stdout" "$work/lock.yml" || fail "the lock made offline differs"
offline 0 "" install "$work/lock.yml" "$work/prefix"
offline 0 "" search -c "$served/files" six
offline 2 "oci:DIR" build "$spec" "${to[@]}" -t "$host/env/no:1"

# Without its packages: each is named, of many the first ones.
rm "$KILN_CACHE"/packages/*
offline 1 "package six-" build "$spec" "${to[@]}" -t "oci:$work/four" --locked "$work/lock.yml"
same "$(grep -c '^  package .* of http' "$work/stderr")" "$(grep -c '^- name' "$work/lock.yml")" "packages named"
offline 1 "package pytz-" install "$work/lock.yml" "$work/prefix2"
offline 1 "package pytz-" build "$spec" "${to[@]}" -t "oci:$work/four"
[ ! -e "$work/four" ] || fail "a build that cannot be has made a folder"
{ echo @EXPLICIT; seq -f 'https://h.example/c/noarch/p%g-1-0.conda' 77; } >"$work/long.txt"
offline 1 "and 37 more" install "$work/long.txt" "$work/prefix2"

# Without what stands in the blobs: the base's manifest, or its layers.
rm -r "$KILN_CACHE"/blobs
offline 1 "manifest and configuration of base image" build "$spec" "${to[@]}" -t "oci:$work/four" \
	--locked "$work/lock.yml"
expect 0 "" "$kiln" build "$spec" "${to[@]}" -t "$host/env/there:1"
before=$(asked)
offline 1 "base layer sha256:" build "$spec" "${to[@]}" -t "oci:$work/four"
offline 0 "" build "$spec" "${to[@]}" -t "oci:$work/two" --update
same "$(asked)" "$before" "requests of all runs offline"
