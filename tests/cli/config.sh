#!/usr/bin/env bash
# kiln.yml: where it is found, what its settings do, what is refused, and kiln config.
. tests/shell.sh
needs build/channel/noarch/repodata.json

top=$PWD
config() { # LINE...: the settings from here on
	printf '%s\n' "$@" >"$work/kiln.yml"
	export KILN_CONFIG=$work/kiln.yml
}
spec() { # LINE...
	printf '%s\n' "$@" >"$work/env.yml"
}
key() { "$kiln" key "$@" "$work/env.yml"; }
bare() { key --base scratch "$@"; }

# What is there counts; what is named must be there; faults have their place.
expect 2 "--config: " "$kiln" config --config "$work/no.yml"
KILN_CONFIG=$work/no.yml expect 2 "\$KILN_CONFIG: " "$kiln" config
config 'chanels: [a]'
expect 2 "$work/kiln.yml:1:1: there is no setting \"chanels\"; did you mean \"channels\"?" "$kiln" config
config 'cache: /x' 'channels: [a, https://user:secret@h.example/c]'
expect 2 "$work/kiln.yml:2:15: a login or token is no setting" "$kiln" config
grep -q secret "$work/stderr" && fail "the password is repeated"
expect 2 "kiln.yml:2:15" "$kiln" lock tests/channel/small.yml
mkdir -p "$work/here"
printf 'cache: store\n' >"$work/here/kiln.yml"
(cd "$work/here" && unset KILN_CONFIG KILN_CACHE && "$kiln" config) >"$work/stdout" || fail "no settings found here"
grep -qx "cache: $work/here/store  # kiln.yml:1" "$work/stdout" || fail "not found here: $(cat "$work/stdout")"

# kiln config: what is in force, from where; it can be read again.
config 'channels: [one, ./two]' 'mirrors:' '  https://h.example/c: [http://m.example/c]' 'timeouts: {idle: 7}'
expect 0 "" "$kiln" config
cp "$work/stdout" "$work/shown.yml"
grep -qx "channels: \[one, $work/two\]  # $work/kiln.yml:1" "$work/stdout" || fail "channels: $(cat "$work/stdout")"
grep -qx "channel_alias: https://conda.anaconda.org  # default" "$work/stdout" || fail "the usual alias is not shown"
grep -qx "cache: $KILN_CACHE  # \$KILN_CACHE" "$work/stdout" || fail "the cache is not shown"
expect 0 "" "$kiln" config --config "$work/shown.yml" --cache "$KILN_CACHE"
sed 's/ *#.*//' "$work/stdout" >"$work/twice"
sed 's/ *#.*//' "$work/shown.yml" | cmp -s - "$work/twice" || fail "settings shown and read again differ"
expect 0 "" "$kiln" config --json
same "$(field "$work/stdout" settings timeouts value idle)" 7 "the idle timeout"
same "$(field "$work/stdout" settings timeouts value connect)" 20 "the usual timeout"
same "$(field "$work/stdout" settings mirrors value https://h.example/c 0)" http://m.example/c "a mirror"
same "$(field "$work/stdout" settings channels from)" "$work/kiln.yml:1" "from"
same "$(field "$work/stdout" settings to value)" None "what is not set"

# Channels: those of the definition, else the configuration's, and what names stand for.
spec 'dependencies: [libzlib]'
config "channels: [$channel]"
expect 0 "" "$kiln" lock "$work/env.yml"
cp "$work/stdout" "$work/lock.yml"
expect 0 "" "$kiln" search libzlib
config "channel_alias: file://$top/build"
expect 0 "" "$kiln" lock -c channel "$work/env.yml"
cmp -s "$work/stdout" "$work/lock.yml" || fail "a name under an alias is another channel than its address"
config "default_channels: [../no/such, $channel]"
expect 1 "/no/such" "$kiln" lock -c defaults "$work/env.yml"
config "default_channels: [$channel]" "channels: [https://h.example/unused]"
expect 0 "" "$kiln" lock -c defaults "$work/env.yml"
cmp -s "$work/stdout" "$work/lock.yml" || fail "defaults is another channel than its member"
expect 0 "" "$kiln" search defaults::libzlib -c defaults
spec 'dependencies: ["defaults::libzlib"]'
expect 0 "" "$kiln" lock -c defaults -o "$work/named.yml" "$work/env.yml"
expect 0 "" "$kiln" lock -c defaults --check "$work/named.yml" "$work/env.yml"
spec 'channels: [defaults]' 'dependencies: ["file:///elsewhere::libzlib"]'
expect 1 "/elsewhere" "$kiln" lock "$work/env.yml"
spec 'dependencies: [libzlib]'
expect 2 "no channel" "$kiln" lock --override-channels "$work/env.yml"
expect 0 "" "$kiln" lock --check "$work/lock.yml" -c defaults "$work/env.yml"

# The key holds addresses: not how they were named, but where they are.
config "channel_alias: https://h.example/c"
one=$(bare -c a)
same "$(KILN_CONFIG=/dev/null bare -c https://h.example/c/a)" "$one" "the key of a name and its address"
[ "$(KILN_CONFIG=/dev/null bare -c a)" != "$one" ] || fail "the key does not tell of the alias"
same "$(KILN_CONFIG=/dev/null bare -c defaults)" "$(KILN_CONFIG=/dev/null bare -c pkgs/main -c pkgs/r)" "the key of defaults"
config "channels: [https://h.example/c/a]"
same "$(bare)" "$one" "the key with settled channels"
spec 'channels: [b]' 'dependencies: [libzlib]'
same "$(bare)" "$(KILN_CONFIG=/dev/null bare)" "the key of a definition that names its channels"
spec 'dependencies: ["b::libzlib"]'
same "$(bare)" "$(KILN_CONFIG=/dev/null bare -c https://h.example/c/a)" "the key of one whose specs name some"

# Compression, the cache, --base by name, the destination.
spec "channels: [$channel]" 'dependencies: [libzlib]'
config "compression: zstd"
same "$(bare)" "$(KILN_CONFIG=/dev/null bare --compression zstd)" "the key with a settled compression"
same "$(bare --compression gzip)" "$(KILN_CONFIG=/dev/null bare)" "the key where the option says otherwise"
config "cache: settled"
(unset KILN_CACHE && "$kiln" lock -q "$work/env.yml" >/dev/null) || fail "no lock with a settled cache"
[ -d "$work/settled/indexes" ] || fail "the settled cache was not used"
expect 1 "mcr.microsoft.com/azureml/" "$kiln" key --base gpu --offline "$work/env.yml"
if [ -e build/base/index.json ]; then
	ln -s "$top/build/base" "$work/base"
	config "bases: {cpu: 'oci:base:bookworm', small: 'oci:./base:bookworm'}" "to: 'oci:out:it'"
	expect 0 "" "$kiln" build "$work/env.yml"
	[ -e "$work/out/index.json" ] || fail "no image at the settled destination"
	same "$(key)" "$(KILN_CONFIG=/dev/null key --base "oci:$top/build/base:bookworm")" "the key with a settled base"
	same "$(key --base small)" "$(key)" "the key with a base by name"
	expect 0 "" "$kiln" plan "$work/env.yml"
	grep -q "has the image" "$work/stdout" || fail "the plan does not look at the settled destination"
	expect 0 "" "$kiln" build "$work/env.yml" -t "oci:$work/other"
	[ -e "$work/other/index.json" ] || fail "-t is not heard"
else
	echo "not tested: bases (there is none)"
fi
