#!/usr/bin/env bash
# plan: what a build would do is what build does, and nothing is done.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json
registry
spec=tests/channel/small.yml

# Of nothing: all is to be downloaded; the cache gets no package, the registry no blob.
expect 0 "" "$kiln" plan $spec --base "$base" -t "$host/plan/it:1" --json
cp "$work/stdout" "$work/before.json"
same "$(field "$work/before.json" download packages)" \
	"$("$python" -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["packages"]))' "$work/before.json")" \
	"packages to download"
same "$(field "$work/before.json" layers 0 cache)" unknown "a layer of what is not here"
same "$(field "$work/before.json" layers 0 size)" None "its size"
same "$(field "$work/before.json" destinations 0 image)" None "an image before the build"
[ -z "$(find "$KILN_CACHE" -name '*.conda')" ] || fail "plan has downloaded packages"
[ -z "$(find "$KILN_CACHE/segments" -type f 2>/dev/null)" ] || fail "plan has packed"
expect 0 "" "$kiln" plan $spec --base "$base" -t "$host/plan/it:1"
for word in "virtual packages" "packages: " "layers: " __glibc python; do
	grep -q "$word" "$work/stdout" || fail "plan does not say $word"
done

# The build does what was planned: key, packages, layers and what is in them.
expect 0 "" "$kiln" build $spec --base "$base" -t "$host/plan/it:1" --json
cp "$work/stdout" "$work/built.json"
expect 0 "" "$kiln" plan $spec --base "$base" -t "$host/plan/it:1" -t "oci:$work/out:x" --json
cp "$work/stdout" "$work/after.json"
"$python" - "$work" <<'END' || fail "plan and build differ"
import json, sys
before, built, after = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("before", "built", "after"))
def layers(plan):
    return [sorted(layer["packages"]) for layer in plan["layers"]]
assert before["key"] == built["key"] == after["key"]
assert layers(before) == layers(built) == layers(after), (layers(before), layers(built))
assert [l["digest"] for l in built["layers"]] == [l["digest"] for l in after["layers"]]
assert [l["size"] for l in built["layers"]] == [l["size"] for l in after["layers"]]
assert after["download"] == {"packages": 0, "size": 0, "of_unknown_size": 0}
assert before["download"]["size"] == sum(p["size"] for p in before["packages"]) > 10_000_000
assert all(l["cache"] == "packed" and len(l["at"]) == 1 for l in after["layers"])
there, layout = after["destinations"]
assert there["image"] == built["digest"] and there["base_size_to_send"] == 0
assert layout["image"] is None and layout["base_size_to_send"] == after["base"]["size"] > 0
END
[ ! -e "$work/out" ] || fail "plan has made the layout"

# One more package: its layer is what is left to do.
sed 's/- pytz/- pytz\n  - numpy/' $spec >"$work/more.yml"
sed -i "s#\./build/channel#$PWD/build/channel#" "$work/more.yml"
expect 0 "" "$kiln" plan "$work/more.yml" --base "$base" -t "$host/plan/it:1" --json
same "$("$python" -c 'import json, sys
for layer in json.load(open(sys.argv[1]))["layers"]:
    if layer["to_download"]: print(*layer["packages"][:1])' "$work/stdout" | grep -c numpy)" 1 "numpy is to be downloaded"

# Several platforms: one key, a plan each.
printf '%s\n' "channels: ['$channel']" 'dependencies: [tzdata]' >"$work/data.yml"
both=linux/amd64,linux/arm64
expect 0 "" "$kiln" key "$work/data.yml" --platform $both
key=$(cat "$work/stdout")
expect 0 "" "$kiln" plan "$work/data.yml" --platform $both --json
same "$(field "$work/stdout" key)" "$key" "the key of both"
same "$(field "$work/stdout" platforms 1 platform)" linux/arm64 "the other platform"
same "$(field "$work/stdout" platforms 1 virtual_packages 0 build)" aarch64 "its baseline"
expect 0 "" "$kiln" plan "$work/data.yml" --platform $both
same "$(grep -c '^platform' "$work/stdout")" 2 "plans"
expect 3 "linux/arm64" "$kiln" plan $spec --platform $both

# A base that a Dockerfile makes: it is said what is to be made, and the packages are chosen for none;
# once it is beside the image, it is a base like any other.
mkdir -p "$work/ctx/deep"
printf 'FROM --platform=linux/amd64 %s AS first\nFROM first\nFROM $OTHER\nENV A=b\n' "$base" >"$work/ctx/deep/Dockerfile"
printf '%s\n' 'name: steps' 'build: {path: ctx, dockerfile_path: deep/Dockerfile}' \
	"conda_file: {channels: ['$channel'], dependencies: [libzlib]}" >"$work/steps.yml"
expect 0 "" "$kiln" plan "$work/steps.yml" -t "oci:$work/out:x"
for line in "base      to be made first, by kiln build --engine docker" "          of deep/Dockerfile in ctx" \
	"          FROM $base" "  __glibc      2.28         default" "layers: 2, on the base's"; do
	grep -qxF "$line" "$work/stdout" || fail "plan does not say \"$line\": $(cat "$work/stdout")"
done
same "$(grep -c FROM "$work/stdout")" 1 "images that FROM names"
expect 0 "" "$kiln" plan "$work/steps.yml" -t "$host/env/steps:1" --json
cp "$work/stdout" "$work/unmade.json"
same "$(field "$work/unmade.json" base) $(field "$work/unmade.json" base_steps made)" "None false" "a base that is to be made"
same "$(field "$work/unmade.json" key)" "$("$kiln" key "$work/steps.yml")" "the key of plan and key"
image=$(field "$work/unmade.json" base_steps image)
expect 0 "" "$kiln" plan "$work/steps.yml" -t "$host/env/steps:1"
grep -qxF "          pushed as $image" "$work/stdout" || fail "where the base goes: $(cat "$work/stdout")"
expect 2 "one platform at a time" "$kiln" plan "$work/steps.yml" --platform linux/amd64,linux/arm64
expect 0 "" "$kiln" lock "$work/steps.yml" --virtual __cuda=12.2 -o "$work/steps.lock"
expect 0 "" "$kiln" plan "$work/steps.yml" --locked "$work/steps.lock"
skopeo --insecure-policy copy -q --src-tls-verify=false --dest-tls-verify=false "docker://$base" "docker://$image" || fail "skopeo"
expect 0 "" "$kiln" plan "$work/steps.yml" -t "$host/env/steps:1" --json
same "$(field "$work/stdout" base_steps made) $(field "$work/stdout" key)" "true $(field "$work/unmade.json" key)" "a base that was made"
same "$(field "$work/stdout" base digest)" "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$base")" "its digest"
expect 0 "" "$kiln" plan "$work/steps.yml" -t "$host/env/steps:1"
grep -qF "          of deep/Dockerfile in ctx" "$work/stdout" && grep -q "__glibc .* the base's" "$work/stdout" ||
	fail "a base that was made: $(cat "$work/stdout")"
expect 0 "" "$kiln" plan tests/cases/azureml/v1-09-from-dockerfile -c "$channel" --override-channels
grep -qxF "          of the definition's Dockerfile" "$work/stdout" || fail "a Dockerfile that is a text: $(cat "$work/stdout")"

# A lock instead of solving; a lock of another definition; a definition that is wrong.
expect 0 "" "$kiln" lock $spec --base "$base" -o "$work/lock.yml"
expect 0 "" "$kiln" plan $spec --base "$base" --locked "$work/lock.yml" --json
same "$(field "$work/stdout" layers 1 digest)" "$(field "$work/after.json" layers 1 digest)" "a layer of the locked plan"
expect 0 "" "$kiln" plan $spec --base "$base" --locked "$work/lock.yml" --json --cache "$work/cache2"
same "$(field "$work/stdout" layers 1 packages)" "$(field "$work/after.json" layers 1 packages)" "a layer of the locked plan, with nothing here"
same "$(field "$work/stdout" download)" "$(field "$work/before.json" download)" "what the locked plan would download"
expect 2 "another definition" "$kiln" plan "$work/more.yml" --base "$base" --locked "$work/lock.yml"
expect 2 "no definition" "$kiln" plan
expect 2 "a digest cannot be asked for" "$kiln" plan $spec -t "$host/x@sha256:$(printf '0%.0s' {1..64})"
