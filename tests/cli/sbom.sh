#!/usr/bin/env bash
# What an environment is made of: valid SPDX, the same from a definition and its lock; beside the
# image as a referrer, with a statement of how it was made.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json
"$python" -c 'import spdx_tools' 2>/dev/null || { echo "no spdx-tools: make setup-tests"; exit 77; }
registry
spec=tests/channel/small.yml

expect 0 "" "$kiln" lock $spec --base "$base" -o "$work/lock.yml"
expect 0 "" "$kiln" sbom $spec --base "$base" -o "$work/sbom.json"
"$python" -B tests/cli/check_sbom.py "$work/sbom.json" "$work/lock.yml" || fail "the SBOM"
expect 0 "" "$kiln" sbom "$work/lock.yml" --cache "$work/cache2"
cmp "$work/stdout" "$work/sbom.json" || fail "the SBOM of the lock is another one"
expect 2 "one platform at a time" "$kiln" sbom $spec --platform linux/amd64,linux/arm64

# Beside the image.
expect 0 "" "$kiln" build $spec --base "$base" -t "$host/env/small:1" --sbom --json
digest=$(field "$work/stdout" digest)
fetch() { referrer env/small "$digest" "$1"; }
fetch application/spdx+json >"$work/pushed.json" || fail "no SBOM in the registry"
cmp "$work/pushed.json" "$work/sbom.json" || fail "the SBOM in the registry"
fetch application/vnd.in-toto+json >"$work/statement.json" || fail "no statement in the registry"
"$python" -B tests/cli/check_sbom.py statement "$work/statement.json" "$digest" || fail "the statement"
grep -qF "$work" "$work/statement.json" "$work/sbom.json" && fail "folders of this machine are told"
fetch application/vnd.kiln.lock.v1+yaml 2>/dev/null && fail "a lock that names folders of this machine"
expect 0 "" "$kiln" build $spec --base "$base" -t "$host/env/small:1" --sbom --json
same "$(field "$work/stdout" cached)" true "cached, with all its documents"
expect 0 "" "$kiln" build $spec --base "$base" -t "oci:$work/out:1"
expect 0 "" "$kiln" build $spec --base "$base" -t "oci:$work/out:1" --sbom --json
same "$(field "$work/stdout" cached) $(field "$work/stdout" digest)" "false $digest" "an image that had no SBOM"
same "$(skopeo inspect --format '{{.Digest}}' "oci:$work/out:1")" "$digest" "skopeo: the image beside its documents"
expect 2 "it holds an image alone" "$kiln" build $spec --base "$base" -t "oci-archive:$work/a.tar" --sbom
