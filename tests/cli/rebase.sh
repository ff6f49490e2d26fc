#!/usr/bin/env bash
# A lock on a new base: every package layer is there already; nothing is solved, fetched or packed.
. tests/shell.sh
needs build/channel/noarch/repodata.json
registry_alone
base() { # TAG GLIBC FILE
	"$python" -B tests/cli/fake_base.py "$work/base" "$1" "usr/lib/x86_64-linux-gnu/libc.so.6:$2,etc/$3" PATH=/usr/bin "OF=$3" &&
		skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$work/base:$1" "docker://$host/team/base:$1" || exit 1
}
base old 2.36 old
base new 2.39 new
base ancient 2.5 ancient
cp -r build/channel "$work/channel"
printf '%s\n' "channels: [file://$work/channel]" 'dependencies: [openssl, ca-certificates, kiln-activation, kiln-needs-glibc]' >"$work/spec.yml"
build() { "$kiln" build "$work/spec.yml" -t "$host/env/app:1" --json "$@"; }

expect 0 "" "$kiln" lock "$work/spec.yml" --base "$host/team/base:old" -o "$work/lock.yml"
expect 0 "" build --base "$host/team/base:old" --locked "$work/lock.yml"
cp "$work/stdout" "$work/first.json"
mv "$work/channel" "$work/away" # nothing can be solved or fetched
expect 0 "the lock was made on $host/team/base:old" build --base "$host/team/base:new" --locked "$work/lock.yml" -v
cp "$work/stdout" "$work/second.json"
grep -E 'packing|solving|fetch ' "$work/stderr" && fail "something was made again"
same "$(field "$work/second.json" cached)" false "another image"
"$python" - "$work/first.json" "$work/second.json" <<'EOF' || fail "layers"
import json, sys
first, second = (json.load(open(path)) for path in sys.argv[1:])
assert first["digest"] != second["digest"]
assert [l["digest"] for l in first["layers"]] == [l["digest"] for l in second["layers"]]
assert all(l["reused"] for l in second["layers"]), second["layers"]
EOF
settings=$(skopeo inspect --tls-verify=false --config "docker://$host/env/app:1")
grep -q '"OF=new"' <<<"$settings" || fail "not on the new base: $settings"
grep -q "$host/team/base:new" <<<"$settings" || fail "labels tell of another base"

# A base that the packages cannot run on.
expect 3 "the lock does not fit the base image" build --base "$host/team/base:ancient" --locked "$work/lock.yml"
