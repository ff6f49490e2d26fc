#!/usr/bin/env bash
# --locked: a lock of any form is used as it is, or refused with the spec that it does not meet.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json
registry
cat >"$work/spec.yml" <<END
channels: [$channel]
dependencies:
  - tzdata
  - ca-certificates >=20200101
END
build() { "$kiln" build "$@" --json; }
# refused STATUS TEXT ARGUMENTS...: and nothing is made.
refused() {
	expect "$1" "$2" build "${@:3}" -t "oci:$work/refused"
	[ ! -e "$work/refused" ] || fail "a refused lock has made an image"
}
# changed SED: the definition, changed.
changed() { sed "$1" "$work/spec.yml" >"$work/changed.yml"; }

expect 0 "" "$kiln" lock "$work/spec.yml" --base "$base" -o "$work/lock.yml"
expect 0 "" build "$work/spec.yml" --base "$base" -t "oci:$work/out:free"
digest=$(field "$work/stdout" digest)
layers=$(field "$work/stdout" layers)

# The same packages in every form give the same layers.
expect 0 "" "$kiln" lock "$work/spec.yml" -o "$work/alone.yml"
expect 0 "" "$kiln" lock "$work/spec.yml" --explicit -o "$work/list.txt"
grep '^file:' "$work/list.txt" | "$python" -c '
import sys
urls = [line.strip().split("#") for line in sys.stdin]
print("version: 5\nenvironments:\n  w:\n    channels: []\n    packages:\n      linux-64:")
for url, md5 in urls:
    print("      - conda:", url)
print("packages:")
for url, md5 in urls:
    print(f"- kind: conda\n  url: {url}\n  md5: {md5}")' >"$work/pixi.lock"
for lock in lock.yml alone.yml list.txt pixi.lock; do
	environment=()
	[ $lock != pixi.lock ] || environment=(--environment w)
	expect 0 "" build "$work/spec.yml" --base "$base" -t "oci:$work/of-$lock" --locked "$work/$lock" "${environment[@]}"
	same "$(field "$work/stdout" layers | grep -o 'sha256:[0-9a-f]*')" "$(grep -o 'sha256:[0-9a-f]*' <<<"$layers")" "layers of $lock"
done
# What is no matter of packages may differ; --check says so without building.
expect 0 "" "$kiln" lock "$work/spec.yml" --base "$base" --check "$work/lock.yml" --prefix /opt/other
{ cat "$work/spec.yml"; echo "variables: {A: b}"; } >"$work/changed.yml"
expect 0 "" "$kiln" lock "$work/changed.yml" --base "$base" --check "$work/lock.yml"
expect 0 "" "$kiln" lock "$work/spec.yml" --check "$work/list.txt"

# Specs that are not met, each with what the lock has.
changed 's/>=20200101/>=20990101/'
for lock in lock.yml list.txt; do
	refused 2 "ca-certificates >=20990101 (line 4): the lock has ca-certificates 2025" "$work/changed.yml" --base "$base" --locked "$work/$lock"
	expect 2 "ca-certificates >=20990101" "$kiln" lock "$work/changed.yml" --check "$work/$lock"
done
changed 's/tzdata/six/'
refused 2 "six (line 3): the lock has no six" "$work/changed.yml" --base "$base" --locked "$work/list.txt"
changed "s/tzdata/'tzdata[build=other]'/"
refused 2 "the lock has tzdata" "$work/changed.yml" --base "$base" --locked "$work/lock.yml"
changed "s/tzdata/'tzdata[build_number=77]'/"
refused 2 'tzdata[build_number=' "$work/changed.yml" --base "$base" --locked "$work/list.txt"
# Met by chance, or not asked for: the next lock would be another.
changed 's/>=20200101/>=20190101/'
refused 2 "ca-certificates >=20190101: the lock was made without it" "$work/changed.yml" --base "$base" --locked "$work/lock.yml"
changed '/tzdata/d'
refused 2 "made for tzdata, which is not asked for" "$work/changed.yml" --base "$base" --locked "$work/lock.yml"
# A lock that somebody has changed by hand.
sed "s/version: .20250419/version: '20190101/" "$work/lock.yml" >"$work/hand.yml"
refused 2 "the address is of ca-certificates-2025" "$work/spec.yml" --base "$base" --locked "$work/hand.yml"
sed -i "s/ca-certificates-20250419/ca-certificates-20190101/" "$work/hand.yml"
refused 2 "the lock has ca-certificates 2019" "$work/spec.yml" --base "$base" --locked "$work/hand.yml"

# Other channels, another platform.
changed "s|\[.*\]|[https://h.example/c]|"
refused 2 "from the channels $channel, not https://h.example/c" "$work/changed.yml" --base "$base" --locked "$work/lock.yml"
refused 2 "$channel, which is no channel of the definition" "$work/changed.yml" --base "$base" --locked "$work/list.txt"
refused 1 "nothing is locked for linux-aarch64; there is linux-64" "$work/spec.yml" --base "$base" \
	--locked "$work/lock.yml" --platform linux/arm64

# The lock's base, by its digest, whatever its name stands for by now (another: rebase.sh).
skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$work/out:free" "docker://$base" || fail "skopeo"
for named in "--base $base" ""; do
	# shellcheck disable=SC2086
	expect 0 "" build "$work/spec.yml" $named -t "oci:$work/moved" --locked "$work/lock.yml" --update
	same "$(field "$work/stdout" digest)" "$digest" "on the base of the lock"
done
expect 2 "the lock is for the base image $base" "$kiln" lock "$work/spec.yml" --base "oci:$work/out:free" --check "$work/lock.yml"
