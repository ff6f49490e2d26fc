#!/usr/bin/env bash
# The base of a definition that names none: the CPU base of the table, unless the settings say
# otherwise; and where none is taken.
. tests/shell.sh
needs build/channel/noarch/repodata.json
registry_alone
cpu=mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1
"$python" -B tests/cli/fake_base.py "$work/base" it usr/lib/x86_64-linux-gnu/libc.so.6:2.35 PATH=/usr/bin OF=cpu
skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$work/base:it" "docker://$host/${cpu#*/}" || exit 1
mirrored() { # [LINE]: settings by which the table's bases come from here
	printf 'mirrors: {mcr.microsoft.com: ["%s"]}\n%s\n' "$host" "${1:-}" >"$work/kiln.yml"
}
export KILN_CONFIG=$work/kiln.yml
said="no base image is named: $cpu is taken; --base names another"
printf 'channels: [%s]\ndependencies: [libzlib]\n' "$channel" >"$work/env.yml"
mkdir "$work/managed"
printf '{"name": "m", "python": {"userManagedDependencies": true}}' >"$work/managed/azureml_environment.json"

mirrored
expect 0 "$said" "$kiln" build "$work/env.yml" -t "oci:$work/out:1"
skopeo inspect --config "oci:$work/out:1" | grep -q '"OF=cpu"' || fail "the image is not on the CPU base"
expect 0 "$said" "$kiln" key "$work/env.yml"
key=$(cat "$work/stdout")
same "$("$kiln" key "$work/env.yml" --base cpu -q)" "$key" "the key with --base cpu"
for command in plan check "render -o $work/rendered"; do
	# shellcheck disable=SC2086
	expect 0 "$said" "$kiln" $command "$work/env.yml"
done
grep -q "^FROM $cpu@sha256:" "$work/rendered/Dockerfile" || fail "the Dockerfile begins otherwise"
expect 0 "" "$kiln" build "$work/env.yml" -t "oci:$work/out:1" -q
same "$(cat "$work/stderr")" "" "what -q lets through"

# A lock is for folders too: it is for the usual glibc where no base is named, and builds on the default.
expect 0 "" "$kiln" lock "$work/env.yml" -o "$work/lock.yml"
grep -q openmpi "$work/stderr" "$work/lock.yml" && fail "a lock takes the default"
expect 0 "$said" "$kiln" build "$work/env.yml" -t "oci:$work/out:2" --locked "$work/lock.yml"

# Others: the settings', a definition's own, none at all; what has to name one.
mirrored "bases: {cpu: \"oci:$work/base:it\"}"
expect 0 "oci:$work/base:it is taken" "$kiln" build "$work/env.yml" -t "oci:$work/out:3"
mirrored "bases: {cpu: nothing.example/none}"
expect 0 "" "$kiln" build "$work/env.yml" -t "oci:$work/out:4" --base scratch
same "$(skopeo inspect --format '{{len .Layers}}' "oci:$work/out:4")" 2 "layers of an image without a base"
mirrored
printf 'name: x\nimage: oci:%s:it\nconda_file: env.yml\n' "$work/base" >"$work/own.yml"
expect 0 "" "$kiln" key "$work/own.yml"
same "$(cat "$work/stderr")" "" "what is said of a base that is named"
expect 2 "the environment is nothing but its base" "$kiln" build "$work/managed" -t "oci:$work/out:5"
expect 0 "nobody knows the base" "$kiln" key AzureML-Minimal
grep -q "is taken" "$work/stderr" && fail "a base is guessed"
expect 2 "no base image" "$kiln" build AzureML-Minimal -t "oci:$work/out:5" -q
https_proxy=http://127.0.0.1:9 expect 4 "$cpu" "$kiln" key "$work/env.yml" --config /dev/null
