#!/usr/bin/env bash
# Mirrors of channels and packages: what they change (where is asked) and what not (locks, keys,
# environments), and what happens where one is slow, broken, empty or incomplete.
. tests/shell.sh
needs build/channel/noarch/repodata.json

start_fake peer.py "$PWD/build/channel"
origin=$fake
mkdir -p "$work/copies"
cp -rs "$(realpath build/channel)" "$work/copies/whole" # folders of links to the archives
start_fake peer.py "$work/copies"
mirror=$fake
channel=http://$origin/files
sed "s|- ./build/channel|- $channel|" tests/channel/small.yml >"$work/env.yml"

count() { curl -s "http://$1/counts"; }
mirrors() { # PLACE...: of the channel
	local places
	places=$(printf 'http://%s, ' "$@")
	printf 'mirrors:\n  %s: [%s]\ntimeouts: {idle: 1, connect: 2}\n' "$channel" "${places%, }" >"$work/kiln.yml"
	export KILN_CONFIG=$work/kiln.yml
	rm -rf "$KILN_CACHE"
}

# What it is without mirrors.
expect 0 "" "$kiln" lock "$work/env.yml"
cp "$work/stdout" "$work/lock.yml"
expect 0 "" "$kiln" install --no-bytecode --prefix /opt/env "$work/lock.yml" "$work/plain"
key=$("$kiln" key --base scratch "$work/env.yml")

# same_as_without WORDS: the same lock, whatever is said meanwhile.
same_as_without() {
	expect 0 "$1" "$kiln" lock "$work/env.yml"
	cmp -s "$work/stdout" "$work/lock.yml" || fail "the lock differs with $(cat "$work/kiln.yml")"
}

# A mirror alone: the origin is not asked for anything.
mirrors "$mirror/files/whole"
before=$(count "$origin")
same_as_without ""
expect 0 "" "$kiln" install --no-bytecode --prefix /opt/env "$work/lock.yml" "$work/mirrored"
diff -r "$work/plain" "$work/mirrored" >"$work/diff" || fail "the environments differ: $(head -n 3 "$work/diff")"
same "$("$kiln" key --base scratch "$work/env.yml")" "$key" "the key with a mirror"
expect 0 "" "$kiln" plan --base scratch "$work/env.yml"
same "$(count "$origin")" "$before" "requests of the origin, which is no mirror of itself"
before=$(count "$mirror")
same_as_without ""
[ $(($(count "$mirror") - before)) -le 4 ] || fail "asked again: $(($(count "$mirror") - before)) requests"
before=$(count "$mirror")
expect 0 "" "$kiln" lock --offline "$work/env.yml"
same "$(count "$mirror")" "$before" "requests offline"
unset KILN_CONFIG
rm -rf "$KILN_CACHE"
expect 0 "" "$kiln" lock "$work/env.yml"
KILN_CONFIG=$work/kiln.yml expect 0 "" "$kiln" lock --offline "$work/env.yml"

# The next one is asked where one fails, lacks the channel, is slow or serves something else.
for bad in status/503/503 gone silent echo files/@broken/whole; do
	mirrors "$mirror/$bad" "$mirror/files/whole"
	case $bad in gone) said="" ;; *) said="asking http://$mirror/files/whole instead" ;; esac
	same_as_without "$said"
done
mirrors 127.0.0.1:9 "$mirror/files/whole"
same_as_without "127.0.0.1:9"
mirrors "$mirror/status/503/503" "$origin/files"
same_as_without "asking http://$origin/files instead"

# Alone such a mirror is an error that names it; the origin is not asked.
before=$(count "$origin")
mirrors "$mirror/status/503/503"
expect 4 "http://$mirror/status/503/503/" "$kiln" lock "$work/env.yml"
mirrors "$mirror/gone"
expect 4 "not a channel: $channel (http://$mirror/gone has no noarch)" "$kiln" lock "$work/env.yml"
mirrors "$mirror/status/401/401" "$mirror/files/whole"
expect 5 "http://$mirror/status/401/401/" "$kiln" lock "$work/env.yml"
same "$(count "$origin")" "$before" "requests of the origin"

# An incomplete mirror, and one whose packages are others.
cp -r "$work/copies/whole" "$work/copies/part"
cp -r "$work/copies/whole" "$work/copies/wrong"
rm "$work"/copies/part/*/six-*
for file in "$work"/copies/wrong/*/six-*; do
	rm "$file"
	echo "other bytes" >"$file"
done
mirrors "$mirror/files/part" "$mirror/files/whole"
expect 0 "" "$kiln" install --no-bytecode --prefix /opt/env "$work/lock.yml" "$work/part"
diff -r "$work/plain" "$work/part" >/dev/null || fail "an incomplete mirror makes another environment"
mirrors "$mirror/files/wrong" "$mirror/files/whole"
expect 0 "asking http://$mirror/files/whole/" "$kiln" install --no-bytecode --prefix /opt/env "$work/lock.yml" "$work/wrong"
diff -r "$work/plain" "$work/wrong" >/dev/null || fail "a wrong mirror makes another environment"
mirrors "$mirror/files/wrong"
expect 6 "(from http://$mirror/files/wrong/noarch/six-" "$kiln" install "$work/lock.yml" "$work/no"
mirrors "$mirror/files/part"
expect 4 "http://$mirror/files/part/noarch/six-" "$kiln" install "$work/lock.yml" "$work/no"
no_leftovers "$KILN_CACHE"

# A folder can be one; and a mirror of one address among @EXPLICIT ones.
mirrors "$mirror/gone"
sed -i "s|http://$mirror/gone|file://$work/copies/whole|" "$work/kiln.yml"
same_as_without ""
expect 0 "" "$kiln" lock --explicit "$work/env.yml"
cp "$work/stdout" "$work/explicit.txt"
expect 0 "" "$kiln" install --no-bytecode --prefix /opt/env "$work/explicit.txt" "$work/explicit"

# A login for the mirror comes from .netrc, and is not sent anywhere else.
printf 'machine %s login u password p\n' 127.0.0.1 >"$work/netrc"
mirrors "$mirror/files/whole"
NETRC=$work/netrc same_as_without ""

# Registries: a base under another name, the next one where it cannot be had, its own name in all
# that is made.
if [ ! -e build/base/index.json ]; then
	echo "not tested: mirrors of registries (there is no base)"
	exit
fi
channel=file://$PWD/build/channel
registry
tests/base/push.sh "${host#*:}" hub/copies/base/debian:bookworm >/dev/null || exit 1
printf 'channels: [%s]\ndependencies: [libzlib]\n' "$channel" >"$work/env.yml"
hub() { # REGISTRY PLACE...
	local places
	places=$(printf '"%s", ' "${@:2}")
	printf 'mirrors:\n  "%s": [%s]\ntimeouts: {connect: 2}\n' "$1" "${places%, }" >"$work/kiln.yml"
	export KILN_CONFIG=$work/kiln.yml
	rm -rf "$KILN_CACHE"
}
build() { # BASE DESTINATION
	"$kiln" build "$work/env.yml" --base "$1" -t "$2" --json
}
unset KILN_CONFIG
rm -rf "$KILN_CACHE"
expect 0 "" build "$base" "oci:$work/direct"
digest=$(field "$work/stdout" digest)
key=$("$kiln" key --base scratch "$work/env.yml" --base "$base")
hub "$host/base" "$host/hub/copies/base"
expect 0 "" build "$base" "oci:$work/by-mirror"
same "$(field "$work/stdout" digest)" "$digest" "the image on a base from a mirror"
same "$("$kiln" key --base scratch "$work/env.yml" --base "$base")" "$key" "the key with a base from a mirror"
expect 0 "" "$kiln" lock "$work/env.yml" --base "$base"
grep -qF "$base" "$work/stdout" || fail "the lock does not name the base by its own name"
grep -qF hub/copies "$work/stdout" && fail "the lock names the mirror"
expect 0 "" "$kiln" lock --offline "$work/env.yml" --base "$base"

# The origin does not even exist; two mirrors do not have it.
far=127.0.0.1:9/base/debian:bookworm
hub 127.0.0.1:9 "$host/nothing" 127.0.0.1:11 "$host/hub/copies"
expect 0 "asking $host/hub/copies/base/debian instead" build "$far" "oci:$work/far"
digest_far=$(field "$work/stdout" digest)
same "$("$kiln" key -q "$work/env.yml" --base "$far")" "$key" "the key with a base of another name"
rm -rf "$KILN_CACHE"
byte=$(skopeo --insecure-policy inspect --tls-verify=false --format '{{.Digest}}' "docker://$base")
expect 0 "asking $host/hub/copies/base/debian instead" build "${far%:*}@$byte" "oci:$work/far-exact"
expect 0 "" build "$far" "$host/env/mounted:1"
hub 127.0.0.1:9 "$host/nothing"
expect 4 "$host/v2/nothing/base/debian" build "$far" "oci:$work/no"

# A mirror that breaks off in the middle of each large layer, and one that has other bytes: the rest,
# or all, comes from the next, for who looks for a libc there and for who sends it on.
start_fake registry.py
part() { # STATUS SAYING DESTINATION [OPTION]
	rm -rf "$KILN_CACHE"
	expect "$1" "$2" "$kiln" build "$work/env.yml" --base "$far" -t "$3" --json "${@:4}"
}
hub 127.0.0.1:9 "$host/hub/copies"
part 0 "" "oci:$work/said" --virtual __glibc=2.36
digest_said=$(field "$work/stdout" digest)
for flag in half others; do
	tests/base/push.sh "${fake#*:}" "$flag/base/debian:bookworm" >/dev/null || exit 1
	hub 127.0.0.1:9 "$fake/$flag" "$host/hub/copies"
	for to in "oci:$work/$flag" "$host/$flag"; do
		part 0 "asking $host/hub/copies/base/debian instead" "$to/looked"
		same "$(field "$work/stdout" digest)" "$digest_far" "the image in $to/looked"
		part 0 "asking $host/hub/copies/base/debian instead" "$to/said" --virtual __glibc=2.36
		same "$(field "$work/stdout" digest)" "$digest_said" "the image in $to/said"
	done
done
hub 127.0.0.1:9 "$fake/half"
part 4 "base image: layer sha256:" "oci:$work/no"
part 4 "base layer: blob sha256:" "oci:$work/no" --virtual __glibc=2.36
hub 127.0.0.1:9 "$fake/others"
part 6 "base image: layer sha256:" "oci:$work/no"
part 6 "base layer: blob sha256:" "$host/env/no:1" --virtual __glibc=2.36
no_leftovers "$KILN_CACHE"
