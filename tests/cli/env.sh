#!/usr/bin/env bash
# Definitions in all forms on the command line; kiln env; settings of images; bases by name.
. tests/shell.sh
needs build/channel/noarch/repodata.json
cases=tests/cases/azureml

# The table of bases.
expect 0 "" "$kiln" env bases
grep -q '^cpu  *mcr.microsoft.com/azureml/.* supported$' "$work/stdout" || fail "no cpu base"
expect 0 "" "$kiln" env bases --json
same "$(field "$work/stdout" bases 0 glibc)" 2.35 "glibc of the first base"
# As azureml-core has them; a tag that moves would be another image some day.
images=$(ls build/clients/lib/python3*/site-packages/azureml/_project/azureml_base_images.json 2>/dev/null)
"$python" - "$work/stdout" "$images" <<'END' || fail "bases by name"
import json, re, sys
named = {b["name"]: b["image"] for b in json.load(open(sys.argv[1]))["bases"] if b["name"]}
assert set(named) == {"cpu", "gpu"} and all(re.search(r":[0-9]{8}\.v[0-9]+$", image) for image in named.values()), named
tags = json.load(open(sys.argv[2])) if sys.argv[2] else {}
assert not tags or named == {n: f"{i}:{tags[i]}" for n, i in ((n, i.rpartition(":")[0]) for n, i in named.items())}, named
END
expect 2 "archive, restore, outdated or bases" "$kiln" env
expect 2 "kiln env show NAME" "$kiln" env show

# One environment in three forms, and on standard input: one key.
mkdir -p "$work/v1"
printf 'name: inner\nchannels: [%s]\ndependencies: [libzlib]\n' "$channel" >"$work/conda.yml"
cp "$work/conda.yml" "$work/v1/conda_dependencies.yml"
printf '{"name": "x", "docker": {"enabled": true}}' >"$work/v1/azureml_environment.json"
printf 'name: x\nimage: b.example/b:1\nconda_file: conda.yml\n' >"$work/v2.yml"
: >"$work/keys"
for definition in conda.yml v1 v1/azureml_environment.json v2.yml -; do
	path=$work/$definition
	[ $definition = - ] && path=-
	"$kiln" key "$path" --base "oci:$PWD/build/base:bookworm" -q >>"$work/keys" <"$work/conda.yml" || fail "key $definition"
done
[ -e build/base/index.json ] && same "$(sort -u "$work/keys" | wc -l)" 1 "keys of one environment in five forms"
expect 1 "and not one of a v1 environment" "$kiln" key "$work"

# Shown, and saved in other forms.
expect 0 "" "$kiln" env show "$cases/v1-12-full" --json -q
same "$(field "$work/stdout" form) $(field "$work/stdout" name) $(field "$work/stdout" version)" "v1 full 7" "what is shown"
printf 'image: a\n' | "$kiln" env show - >"$work/stdout"
grep -q '^version  *da3811154d59c4267077ddd8bb768fa9b06399c486e1fc00485116b57c9872f5$' "$work/stdout" || fail "no anonymous version"
expect 0 "" "$kiln" env save "$cases/v1-12-full" "$work/saved" -q
diff -r "$cases/v1-12-full" "$work/saved" || fail "a saved folder is another"
expect 2 "is there already" "$kiln" env save "$cases/v1-12-full" "$work/saved" -q
expect 1 "" "$kiln" env save "$work/nope" "$work/saved"
grep -q 'nope: [^ ]*nope' "$work/stderr" && fail "its name twice: $(cat "$work/stderr")"
expect 2 "no python among the dependencies" "$kiln" env save "$work/v2.yml" "$work/saved" --form v1 --overwrite
# As azureml-core's: a copy needs no Python, and has the key of what it is a copy of.
for definition in conda.yml v1 v2.yml; do
	expect 0 "no python among the dependencies" "$kiln" env clone "$work/$definition" mine "$work/mine" --overwrite
	same "$("$kiln" key "$work/mine" --base scratch)" "$("$kiln" key "$work/$definition" --base scratch)" "the key of a copy of $definition"
done
printf 'name: x\nimage: b.example/b:1\n' >"$work/bare.yml"
expect 0 "" "$kiln" env clone "$work/bare.yml" mine "$work/mine" --overwrite
[ ! -s "$work/stderr" ] || fail "what is said of a copy without packages: $(cat "$work/stderr")"
printf 'name: x\nimage: b.example/b:1\nconda_file: {dependencies: [python]}\n' >"$work/python.yml"
expect 0 "" "$kiln" env save "$work/python.yml" "$work/saved" --form v1 --overwrite
expect 0 "" "$kiln" env save "$work/saved" "$work/again.yml" --form v2
grep -q '^image: b.example/b:1$' "$work/again.yml" || fail "the base is lost on the way"
expect 2 "a v1 environment has a name" "$kiln" env save - "$work/no" --form v1 <<<"image: a"

# On another base, named as builds name it; in another form: what that has no place for is told.
printf 'bases: {ours: h.example/ours:3, cpu: scratch}\n' >"$work/kiln.yml"
for row in gpu=mcr.microsoft.com/azureml/openmpi5.0-cuda ours=h.example/ours:3 debian:12=debian:12; do
	KILN_CONFIG=$work/kiln.yml expect 0 "" "$kiln" env save "$work/python.yml" - --base "${row%%=*}"
	grep -q "^image: ${row#*=}" "$work/stdout" || fail "--base ${row%%=*}: $(cat "$work/stdout")"
done
expect 0 "" "$kiln" env save "$cases/v1-11-from-build-context" "$work/git.yml" --form v2
grep -q '^  path: https://github.com/org/repo.git#branch:dir$' "$work/git.yml" || fail "no git context: $(cat "$work/git.yml")"
expect 0 "" "$kiln" env save "$cases/v1-11-from-build-context" "$work/based.yml" --form v2 --base a
same "$(cat "$work/based.yml")" "name: bc
image: a" "a context that a base has replaced"
expect 0 "" "$kiln" env save "$cases/v1-11-from-build-context" "$work/based" --base a
same "$("$kiln" env show "$work/based" --json -q | "$python" -c 'import json, sys; print(json.load(sys.stdin))')" \
	"{'form': 'v1', 'name': 'bc', 'base': 'a'}" "a v1 environment on another base"
expect 2 "no place for a base image" "$kiln" env save "$work/conda.yml" - --base a
expect 2 "must be lower case" "$kiln" env save "$work/v2.yml" - --base 'A B'
expect 2 "the v2 form cannot say this: $cases/v1-12-full/azureml_environment.json" "$kiln" env save "$cases/v1-12-full" - --form v2 -q
printf 'name: x\nimage: a\ndescription: d\ntags: {a: b}\n' >"$work/told.yml"
expect 0 'told.yml:4:1: the v1 form has no place for "tags": it is left out' "$kiln" env save "$work/told.yml" "$work/told" --form v1
expect 0 'told.yml:3:1: the v1 form has no place for "description"' "$kiln" env clone "$work/told.yml" mine "$work/told.mine"

# A context in a git repository, whose checkout is behind a link longer than its path.
(
	mkdir "$work/repo" && cd "$work/repo" && git init -qb main . && git config user.email a@b && git config user.name a &&
		mkdir sub && echo FROM b | tee Dockerfile >sub/Dockerfile && ln -s /etc/hostname sub/out && git add . && git commit -qm one
) || fail "git"
mkdir "$work/c"
ln -s c "$work/$(printf 'l%.0s' $(seq 200))"
for row in "main/Dockerfile/" "main:sub/Dockerfile/" "main:sub/out/: out leads out of the repository" "main:sub/none/: the repository has no none"; do
	IFS=/ read -r at file text <<<"$row"
	printf '{"name": "g", "docker": {"buildContext": {"locationType": "git", "location": "file://%s/repo#%s", "dockerfilePath": "%s"}}}' \
		"$work" "$at" "$file" >"$work/git.json"
	KILN_CACHE=$(echo "$work"/lll*) expect "$([ -n "$text" ] && echo 2 || echo 0)" "$text" "$kiln" key "$work/git.json"
done

# The platform that it is for.
printf '{"name": "x", "docker": {"platform": {"architecture": "arm64"}}, "python": {}}' >"$work/arm.json"
expect 0 "" "$kiln" key "$work/arm.json" --explain
grep -qx 'platform linux/arm64' "$work/stdout" || fail "its platform: $(cat "$work/stdout")"
expect 2 "is for linux/arm64 (docker.platform), not for linux/amd64: --platform linux/arm64" \
	"$kiln" key "$work/arm.json" --platform linux/amd64
expect 0 "" "$kiln" key "$work/arm.json" --platform linux/arm64

# What is refused before anything is asked or built.
expect 2 "a password in a definition" "$kiln" build "$cases/v1-12-full" -t "oci:$work/out" -q
expect 2 "needs kiln build --engine docker" "$kiln" build "$cases/v1-09-from-dockerfile" -t "oci:$work/out" -q
printf 'image: a\nbuild: {path: .}\n' >"$work/both.yml"
expect 2 "both.yml:2:8: both \"image\" and \"build\"" "$kiln" key "$work/both.yml"
expect 2 "--env 1: NAME=VALUE is wanted" "$kiln" key "$work/conda.yml" --env 1
expect 2 "--workdir a: no absolute path" "$kiln" key "$work/conda.yml" --workdir a
expect 2 "needs kiln build --engine docker" "$kiln" render "$cases/v1-09-from-dockerfile" -o "$work/out" -q
expect 0 "" "$kiln" plan "$cases/v1-09-from-dockerfile" -q
grep -q '^base  *to be made first' "$work/stdout" || fail "the plan of a base that is made: $(cat "$work/stdout")"
[ -e "$work/out" ] && fail "something was built"

# Images: settings of the definition and of the command line; a base that is used as it is.
[ -e build/base/index.json ] || { echo "not tested: images (there is no base)"; exit; }
config() { # the image's configuration
	"$python" - "$work/out" "$@" <<'END'
import json, sys
root = sys.argv[1]
blob = lambda d: json.load(open(f"{root}/blobs/sha256/{d['digest'][7:]}"))
manifest = blob(json.load(open(f"{root}/index.json"))["manifests"][-1])
config = blob(manifest["config"])
env = dict(e.split("=", 1) for e in config["config"]["Env"])
print(eval(sys.argv[2], {"c": config["config"], "env": env, "layers": len(manifest["layers"])}))
END
}
base=oci:$PWD/build/base:bookworm
printf '{"name": "x", "environmentVariables": {"A.B": "1", "C": "2"}, "python": {}}' >"$work/v1/azureml_environment.json"
expect 0 "" "$kiln" build "$work/v1" --base "$base" -t "oci:$work/out:1" -e C=3 -e D=4 --label a=b --user 1000:1 --workdir /src -q
same "$(config '[env["A.B"], env["C"], env["D"], c["User"], c["WorkingDir"], c["Labels"]["a"]]')" \
	"['1', '3', '4', '1000:1', '/src', 'b']" "settings of the image"
same "$(config '[env["AZUREML_CONDA_ENVIRONMENT_PATH"], env["AZUREML_ENVIRONMENT_IMAGE"], env["CONDA_PREFIX"], "LD_LIBRARY_PATH" in env]')" \
	"['/opt/env', 'True', '/opt/env', False]" "known names"
same "$(config 'env["PATH"].split(":")[0]')" /opt/env/bin "first of PATH"
layers=$("$python" -c 'import json,sys; d=json.load(open("build/base/index.json"))["manifests"][0]["digest"][7:]; print(len(json.load(open("build/base/blobs/sha256/"+d))["layers"]))')
printf '{"name": "x", "environmentVariables": {"C": "2"}, "python": {"userManagedDependencies": true}}' >"$work/v1/azureml_environment.json"
rm -r "$work/out"
expect 0 "" "$kiln" build "$work/v1" --base "$base" -t "oci:$work/out:2" -q
same "$(config '[layers, env["C"], "CONDA_PREFIX" in env, "/opt/env" in env["PATH"]]')" "[$layers, '2', False, False]" "a base as it is"
printf '{"name": "x", "docker": {}, "python": {"userManagedDependencies": true, "interpreterPath": "/opt/py/bin/python"}}' \
	>"$work/v1/azureml_environment.json"
rm -r "$work/out"
expect 0 "" "$kiln" build "$work/v1" --base "$base" -t "oci:$work/out:3" -q
same "$(config 'env["PATH"].split(":")[0]')" /opt/py/bin "first of PATH, with a Python of the user's"
expect 0 "" "$kiln" plan "$work/v1" --base "$base"
expect 0 "" "$kiln" check "$work/v1" --base "$base"
