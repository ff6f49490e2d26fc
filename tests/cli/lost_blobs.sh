#!/usr/bin/env bash
# A registry that loses blobs: what it misses is pushed again, whoever made it.
. tests/shell.sh
needs build/channel/noarch/repodata.json
printf '%s\n' "channels: [$channel]" 'dependencies: [libzlib]' >"$work/small.yml"

# A base of one small layer.
mkdir -p "$work/tree/etc"
echo base >"$work/tree/etc/base"
tar -C "$work/tree" -cf "$work/tree.tar" etc
"$python" tests/base/layout.py "$work/tree.tar" "$work/base" one || exit 1
build() { # DESTINATION [OPTION...]
	local to=$1
	shift
	"$kiln" build "$work/small.yml" --base "oci:$work/base:one" -t "$to" --json "$@"
}

# It forgets config, base layer and ours between their push and the manifest's, and names all of
# them in one answer, or one an answer.
start_fake registry.py
expect 0 "" build "$fake/sound/app:1"
digest=$(field "$work/stdout" digest)
for flags in loses loses.onebyone; do
	expect 0 "" build "$fake/$flags/app:1"
	same "$(field "$work/stdout" digest)" "$digest" "the image at $flags"
	same "$(field "$work/stdout" layers 0 reused)" false "what was sent to $flags"
done
expect 4 "MANIFEST_BLOB_UNKNOWN" build "$fake/loses.always/app:1"

# It has lost a layer of the image that the key names: another tag of it means building again.
registry_alone
expect 0 "" build "$host/env/app:1"
layer=$(field "$work/stdout" layers 0 digest)
same "$(curl -s -o "$work/deleted" -w '%{http_code}' -X DELETE "http://$host/v2/env/app/blobs/$layer")" 202 "deleting"
expect 0 "" build "$host/env/app:2"
same "$(field "$work/stdout" cached)" false "cached without its layer"
same "$(field "$work/stdout" digest)" "$digest" "the image built again"
expect 0 "" skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$host/env/app:2" "oci:$work/read:2"
