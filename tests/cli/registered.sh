#!/usr/bin/env bash
# Registered environments: versions, locks, what is said of them, archives; in a folder and in
# registries, many at once; built by name; and a curated one, pre-baked, cloned and changed.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json
top=$PWD
registry
start_fake registry.py
registry_fake=$fake
cp -rs "$(realpath build/channel)" "$work/channel" # links: the index can go, the archives stay
cd "$work" || exit 1
finish_at_top() { cd "$top" && finish; }
trap finish_at_top EXIT

settings() { # LINE...
	printf '%s\n' "$@" >kiln.yml
	export KILN_CONFIG=$work/kiln.yml
}
spec() { # NAME PACKAGE...: NAME.yml
	printf 'name: %s\nchannels: [file://%s]\ndependencies:\n' "$1" "$work/channel" >"$1.yml"
	printf -- '- %s\n' "${@:2}" >>"$1.yml"
}
said() { same "$(cat stdout)" "$1" "what ${*:2} prints"; }
register() { # WANTED ARGUMENT...
	expect 0 "" "$kiln" env register "${@:2}"
	said "$1" "${@:2}"
}
rows() { # EXPRESSION of rows
	"$python" -c 'import json, sys; rows = json.load(sys.stdin)["environments"]; print(eval(sys.argv[1]))' "$1" <stdout
}

# Versions count up; equal content, however it is written, is the version it is. What is said of
# one may change.
versions() {
	spec one libzlib
	register one:1 one.yml
	spec one libzlib "liblzma"
	register one:2 one.yml --description "Zlib
and more" --tag team=a --tag x=1
	printf '# another comment\nname: one\nchannels:\n- file://%s/channel/\ndependencies:\n- liblzma\n- libzlib\n' "$work" >one.yml
	expect 0 "one:2 has this content already" "$kiln" env register one.yml --tag team=a
	grep -q changed stderr && fail "nothing was changed: $(cat stderr)"
	expect 0 "what is said of it was changed" "$kiln" env register one.yml --tag x= --tag y=2 --json
	same "$(field stdout version) $(field stdout new) $(field stdout changed)" "2 false true" "the document"
	spec one libzlib
	register one:1 one.yml
	register two:1 one.yml --name two
	expect 0 "" "$kiln" env list --registered
	same "$(grep -c . stdout) $(grep '^one ' stdout)" "3 one   2        cpu     -       current  Zlib" "the list"
	expect 0 "" "$kiln" env list --registered --all --json
	same "$(rows '[(r["name"], r["version"], r["kind"], r["state"], len(r["key"])) for r in rows]')" \
		"[('one', '1', 'registered', 'current', 64), ('one', '2', 'registered', 'current', 64), ('two', '1', 'registered', 'current', 64)]" "all rows"
	expect 0 "" "$kiln" env list TEAM=A --json
	same "$(rows '[r["name"] for r in rows]')" "['one']" "what a tag finds"
	expect 0 "" "$kiln" env list --json
	same "$(rows 'len(rows), rows[-1]["name"]')" "(43, 'two')" "the catalogue and the registered ones"
	expect 0 "" "$kiln" env show one --json
	same "$(field stdout version) $(field stdout tags) $(field stdout lock) $(field stdout packages)" '2 ["team=a", "y=2"] none ["libzlib", "liblzma"]' "what is shown"
	expect 0 "" "$kiln" env show one:1 --json
	same "$(field stdout packages)" '["libzlib"]' "what version 1 holds"
	expect 0 "" "$kiln" env show one@latest
	expect 0 "no python among the dependencies" "$kiln" env clone one:1 free --overwrite
	same "$("$kiln" key free --base scratch)" "$("$kiln" key one:1 --base scratch)" "the key of a copy without Python"
	expect 1 "one has no version 3; its latest is 2" "$kiln" env show one:3
	expect 1 "no environment onne is registered in" "$kiln" env show onne
	expect 2 "--tag x: NAME=VALUE is wanted" "$kiln" env register one.yml --tag x

	# Archived ones are found by their number only.
	expect 0 "" "$kiln" env archive one:2
	expect 0 "is archived already" "$kiln" env archive one:2
	expect 0 "" "$kiln" env list --registered --json
	same "$(rows '[(r["name"], r["version"]) for r in rows]')" "[('one', '1'), ('two', '1')]" "the list without the archived one"
	expect 0 "" "$kiln" env list --registered --all --json
	same "$(rows '[r["state"] for r in rows]')" "['current', 'archived', 'current']" "states"
	expect 0 "one:2 is archived" "$kiln" env show one:2
	expect 0 "" "$kiln" env archive one
	expect 1 "all versions of one are archived" "$kiln" env show one
	expect 0 "" "$kiln" env restore one:2
	expect 0 "" "$kiln" env show one --json
	same "$(field stdout version) $(field stdout description)" "2 Zlib
and more" "what came back"
	expect 1 "no environment nobody is registered" "$kiln" env archive nobody
	expect 0 "" "$kiln" env archive one@latest
	expect 0 "one:2 is archived" "$kiln" env show one:2
	expect 0 "" "$kiln" env show two
	expect 2 "one@latest is the latest that is not archived" "$kiln" env restore one@latest
	expect 1 "one:: versions are numbers, from 1" "$kiln" env restore one:
	expect 0 "" "$kiln" env restore one:2

	# A long name, and one that looks like a tag.
	long=$(printf 'n%.0s' $(seq 255))
	register "$long:1" one.yml --name "$long"
	register "${long%n}:1" one.yml --name "${long%n}"
	register "one.v1:1" one.yml --name one.v1
	expect 0 "" "$kiln" key "$long" --base scratch
	expect 2 "at most 255" "$kiln" env register one.yml --name "n$long"
}
versions
same "$(find data -name '*.part' -o -path '*/.aside/*')" "" "what lies aside"
settings "environments: $host/team/envs"
versions
expect 0 "" skopeo --insecure-policy list-tags --tls-verify=false "docker://$host/team/envs"
grep -q '"one.v2-about"' stdout || fail "tags: $(cat stdout)"
settings "environments: $registry_fake/paged/envs"
versions

# Many at once: each content gets a number of its own, equal contents one.
for i in 1 2 3 4 5 6 7 8; do spec "race$i" libzlib "x$i"; done
for place in folder "$host/race/envs" "$registry_fake/race/envs"; do
	[ "$place" = folder ] && place=$work/folder
	settings "environments: $place"
	for i in 1 2 3 4 5 6 7 8; do "$kiln" env register "race$i.yml" --name race -q >"said$i" & done
	for i in 1 2 3 4 5 6 7 8; do "$kiln" env register race1.yml --name equal -q >"equal$i" & done
	wait $(jobs -p)
	same "$(sort -u said? | wc -l) $(sort -u equal?)" "8 equal:1" "what is registered at once in $place"
	for i in 1 2 3 4 5 6 7 8; do
		"$kiln" env show "$(cat "said$i")" --json >stdout
		same "$(field stdout packages 1)" "x$i" "the content of $(cat "said$i") in $place"
		register "$(cat "said$i")" "race$i.yml" --name race
	done
done

# One who was killed half-way leaves nothing that others see.
settings "environments: $work/killed"
for wait in 0.001 0.002 0.004 0.006 0.01; do
	spec killed libzlib "y$wait"
	"$kiln" env register killed.yml -q >/dev/null 2>&1 &
	sleep "$wait"
	kill -KILL $! 2>/dev/null
	wait $! 2>/dev/null
	expect 0 "" "$kiln" env list --registered --all -q --json
done
spec killed libzlib
expect 0 "" "$kiln" env register killed.yml
for version in killed/killed/*/; do
	[ -s "$version/version.json" ] && [ -s "$version/environment.yml" ] || fail "half a version: $(ls "$version")"
done

# Registries that cannot be reached, and repositories that hold other things.
settings "environments: 127.0.0.1:9/envs"
expect 0 "" "$kiln" env list --curated
expect 0 "" "$kiln" env show AzureML-sklearn-1.5
expect 4 "registered environments, 127.0.0.1:9/envs" "$kiln" env list
expect 4 "registered environments, 127.0.0.1:9/envs" "$kiln" env show one
settings "environments: $host/base/debian"
expect 0 "no environment fits" "$kiln" env list --registered
skopeo --insecure-policy copy -q --src-tls-verify=false --dest-tls-verify=false "docker://$base" "docker://$host/base/debian:alien.v3"
expect 1 "the tag alien.v3 is no environment of kiln's" "$kiln" env show alien:3
expect 1 "the tag alien.v3 is no environment of kiln's" "$kiln" env list
expect 0 "" skopeo --insecure-policy copy -q --src-tls-verify=false --dest-tls-verify=false "docker://$host/team/envs:two.v1" "docker://$host/base/debian:bar.v3"
expect 1 "what is there is a version of two" "$kiln" env show bar:3

# Names: those of the catalogue, with and without its prefix, are nobody else's.
unset XDG_DATA_HOME
export HOME=$work/home
settings ""
expect 2 "can not start with the prefix AzureML" "$kiln" env register one.yml --name AzureML-mine
expect 2 "first make a copy" "$kiln" env register one.yml --name Microsoft.x
expect 2 "the catalogue has an environment sklearn-1.5" "$kiln" env register one.yml --name sklearn-1.5
expect 2 'digits, "-" and "_"' "$kiln" env register one.yml --name a.b --strict-names
expect 2 "the definition has no name" "$kiln" env register - <<<"{channels: [c], dependencies: [libzlib]}"
expect 2 "AzureML-sklearn-1.5 is the catalogue's" "$kiln" env archive AzureML-sklearn-1.5
printf 'name: AzureML-own\nimage: b.example/b:1\n' >own.yml
expect 2 "first make a copy" "$kiln" env save own.yml out.yml
expect 0 "" "$kiln" env save AzureML-sklearn-1.5 theirs
expect 2 "first make a copy" "$kiln" env save theirs again
[ ! -e out.yml ] && [ ! -e again ] || fail "something was written"
expect 0 "" env -u HOME "$kiln" env list
expect 2 "there is no place for it" env -u HOME "$kiln" env register AzureML-sklearn-1.5 --name mine
register mine:1 AzureML-sklearn-1.5 --name mine
[ -e home/.local/share/kiln/environments/mine/1/conda_dependencies.yml ] || fail "not in the user's folder"

# What means something on this machine only, and what is secret, is not registered.
refused() { # TEXT DEFINITION
	echo "$2" >refused.yml
	expect 2 "$1" "$kiln" env register refused.yml --name refused
}
refused "it names ./pkg, which is on this machine only" "{channels: [c], dependencies: [python, {pip: [./pkg]}]}"
refused "it names ./wheels, which is on this machine only" "{channels: [c], dependencies: [python, {pip: [--find-links ./wheels, six]}]}"
refused "a login or token stands in https://h.example/c" "{channels: ['https://user:secret@h.example/c'], dependencies: [python]}"
grep -q secret stderr && fail "the secret is told: $(cat stderr)"
refused "a login or token stands in https://h.example" "{channels: [c], dependencies: [python], variables: {PIP_INDEX_URL: 'https://user:secret@h.example'}}"
grep -q secret stderr && fail "the secret is told: $(cat stderr)"
refused "it names ./channel, which is on this machine only" "{channels: [./channel], dependencies: [python]}"
refused "it names ./six.whl, which is on this machine only" "{channels: [c], dependencies: [python, {pip: ['six @ ./six.whl']}]}"
printf 'six\n' >requirements.txt
printf 'name: r\nchannels: [c]\ndependencies: [python, {pip: [-r requirements.txt]}]\n' >r.yml
expect 2 "it cannot stand alone" "$kiln" env register r.yml
mkdir -p context && touch context/Dockerfile
printf 'name: r\nbuild: {path: context}\n' >r.yml
expect 2 "it names context, which is on this machine only" "$kiln" env register r.yml

# A lock is kept with it, and counts as content; a build by name is of that lock.
settings "environments: $host/team/locked" "to: $host/team/images"
spec locked python=3.11 six
register locked:1 locked.yml
expect 0 "" "$kiln" lock locked.yml --base "$base" -o conda-lock.yml
cp conda-lock.yml clean-lock.yml
echo "# made with https://user:secret@h.example/c" >>conda-lock.yml
expect 2 "its lock: a login or token stands in https://h.example/c" "$kiln" env register locked.yml
mv clean-lock.yml conda-lock.yml
register locked:2 locked.yml --tag base=debian
expect 0 "locked:2 has this content" "$kiln" env register locked.yml --lock conda-lock.yml
expect 0 "" "$kiln" env show locked --json
same "$(field stdout lock) $(field stdout python) $(field stdout image)" "kept 3.11.2 not known" "a locked one that nobody has built"
expect 0 "conda-lock.yml is not kept with it: the lock is for another definition" "$kiln" env register one.yml
expect 2 "--lock conda-lock.yml: the lock is for another definition" "$kiln" env register one.yml --lock conda-lock.yml
expect 1 "--lock: nothing.yml" "$kiln" env register one.yml --lock nothing.yml

# Where nobody could find out whether it is its lock, nothing is registered without it; what no
# verb would keep is refused.
expect 1 "/proc/nope" "$kiln" env register locked.yml --cache /proc/nope
mkdir broken osx
cp locked.yml broken
echo 'version: 1' >broken/conda-lock.yml
expect 2 "broken/conda-lock.yml:1:" "$kiln" env register broken/locked.yml
cp locked.yml osx
sed 's/linux-64/osx-64/' conda-lock.yml >osx/conda-lock.yml
expect 0 "osx/conda-lock.yml is not kept with it: it is for no platform that kiln knows" "$kiln" env register osx/locked.yml --name osx
for option in "-c x" --override-channels "--channel-priority strict" "--base $base" "--virtual glibc=3"; do
	expect 2 "kiln env register takes no " "$kiln" env register locked.yml $option
done
expect 2 "kiln env clone takes no --base" "$kiln" env clone locked copied --base "$base"
expect 0 "" "$kiln" env list --registered --all --json
same "$(rows '[(r["name"], r["version"]) for r in rows]')" "[('locked', '1'), ('locked', '2'), ('one', '1'), ('osx', '1')]" "what is registered"

# A registry is not asked offline, and is not taken for an empty one.
for words in "list" "show locked" "register locked.yml" "archive locked"; do
	expect 1 "registered environments, $host/team/locked: not asked for, this is offline" "$kiln" env $words --offline
done
expect 0 "" "$kiln" env list --curated --offline
expect 0 "" "$kiln" env show AzureML-sklearn-1.5 --offline
rm -r channel/*/repodata* channel/*/shards "$KILN_CACHE"
expect 0 "" "$kiln" build locked --no-bytecode --json
same "$(field stdout cached)" false "whether it was built"
cp stdout built.json
expect 0 "" "$kiln" build locked:2 --no-bytecode --json
same "$(field stdout cached) $(field stdout digest)" "true $(field built.json digest)" "whether it is built again"
expect 1 "repodata" "$kiln" build locked --no-bytecode --update --base "$base"
expect 0 "" "$kiln" plan locked -t "$host/team/images" --json
expect 0 "" "$kiln" sbom locked
same "$("$kiln" key locked --no-bytecode)" "$(field built.json key)" "the key of a locked one"
expect 0 "" "$kiln" build locked --json
expect 0 "" "$kiln" env show locked --json
same "$(field stdout image) $(field stdout size)" "$("$kiln" build locked -q) $("$kiln" build locked -q --json | "$python" -c 'import json, sys; print(json.load(sys.stdin)["size"])')" "the image that is shown"
expect 0 "" "$kiln" env show locked
grep -qE '^size +[0-9.]+ MB$' stdout || fail "no size: $(cat stdout)"

# So is a build of its clone, until that is changed.
blobs() { find "$work/registry/data" -path '*/blobs/sha256/*/data' -printf '%h %s\n' | sort; }
expect 0 "" "$kiln" env clone locked copy
expect 0 "" "$kiln" env save locked:2 saved --form v1
expect 0 "" cmp copy/conda-lock.yml conda-lock.yml
expect 0 "" cmp saved/conda-lock.yml conda-lock.yml
expect 0 "the lock kept with it is for another base: it is left out" "$kiln" env save locked saved-on --form v1 --base cpu
[ ! -e saved-on/conda-lock.yml ] || fail "a lock for another base was saved"
grep -q '"version": "2"' <(tr -d '\n' <saved/azureml_environment.json) || fail "a saved one without its version: $(head -3 saved/azureml_environment.json)"
blobs >before
expect 0 "" "$kiln" build copy -t "$host/team/images" --json
same "$(field stdout cached)" true "whether the clone's image is there"
same "$(blobs)" "$(cat before)" "blobs after the clone was built"
# By a machine that has nothing, too: the image says of which lock it is.
expect 0 "" env KILN_CACHE="$work/far" "$kiln" build copy -t "$host/team/images" --json
same "$(field stdout cached) $(find "$work/far" -name '*.conda')" "true " "whether another machine finds the clone's image"
register copy:1 copy
sed -i 's/six/&\n- packaging/' copy/conda_dependencies.yml
expect 1 "the lock kept with the definition (copy/conda-lock.yml) does not fit" "$kiln" build copy --base "$base"
expect 0 "copy/conda-lock.yml is not kept with it" "$kiln" env register copy
said copy:2 "a changed clone"
settings "environments: $host/team/locked" "to: 127.0.0.1:9/images"
expect 0 "its image: " "$kiln" env show locked
grep -q '^image  *not known$' stdout || fail "an image that nobody knows: $(cat stdout)"

# A curated environment is pre-baked as the catalogue has it, from the test channel and index in the
# place of the public ones. No wheels of three of its packages are here: others stand for them.
[ -e "$top/build/venv/bin/uv" ] && bwrap --ro-bind / / true 2>/dev/null || { echo "not tested: a curated one"; exit; }
curated=AzureML-minimal-py311-inference
(cd "$top" && tests/base/push.sh "${host#*:}" hub/azureml/inference-base-2204:latest >/dev/null)
mkdir -p index empty/noarch empty/linux-64
echo '{"packages": {}, "packages.conda": {}}' | tee empty/noarch/repodata.json >empty/linux-64/repodata.json
ln -s "$top"/build/channel-work/wheels/*.whl index
"$python" - azureml_inference_server_http azure_storage_blob azure_identity <<'END'
import sys, zipfile
for name in sys.argv[1:]:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(f"index/{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
END
cd "$top" && start_fake wheels.py "$work/index" && cd "$work" || exit 1
without_uv=$PATH
export PATH=$top/build/venv/bin:$PATH
echo "--index-url http://$fake/open/simple" >index.txt
settings "to: $host/team/baked" "mirrors:" "  https://conda.anaconda.org/conda-forge: [$channel]" \
	"  https://conda.anaconda.org/anaconda: [file://$work/empty]" "  mcr.microsoft.com: [$host/hub]"
# As another would have locked it, who has that index without naming it.
expect 0 "" "$kiln" lock "$curated" -r index.txt -o baked.yml
sed -i -e '/kiln_key/d' -e 's/\\npip-index [^"]*//' baked.yml
expect 0 "" "$kiln" env show "$curated" --json
same "$(field stdout image)" "not known" "the image before it is baked"
expect 0 "no lock of $curated is known" "$kiln" env clone "$curated" early
[ ! -e early/conda-lock.yml ] || fail "a lock that nobody made"
expect 0 "" "$kiln" build "$curated" --locked baked.yml --json
same "$(field stdout cached)" false "whether it was baked"
cp stdout baked.json
expect 0 "" "$kiln" env show "$curated" --json
same "$(field stdout image) $(field stdout size)" "$(field baked.json image) $(field baked.json size)" "the image that is shown"

# It is used as it is, by its clone too, on a machine that has nothing and cannot solve it.
blobs >before
expect 0 "" env PATH="$without_uv" KILN_CACHE="$work/other" "$kiln" build "$curated" --json
same "$(field stdout cached) $(field stdout digest)" "true $(field baked.json digest)" "a curated image that exists"
expect 0 "no lock of $curated is known" env KILN_CACHE="$work/other" "$kiln" env clone "$curated" elsewhere
# Its lock is beside the image with the other documents, for those who have not built it.
expect 0 "" "$kiln" build "$curated" --locked baked.yml --sbom --json
same "$(field stdout digest)" "$(field baked.json digest)" "the image with its documents"
blobs >before
expect 0 "" env KILN_CACHE="$work/other" "$kiln" env clone "$curated" elsewhere --overwrite
expect 0 "" "$kiln" env clone "$curated" mine
expect 0 "" cmp elsewhere/conda-lock.yml mine/conda-lock.yml
[ ! -s stderr ] || fail "what is said of a clone with a lock: $(cat stderr)"
same "$(grep -c '^- name: ' mine/conda-lock.yml)" "$(grep -c '^- name: ' baked.yml)" "packages of the clone's lock"
expect 0 "" "$kiln" lock mine --check mine/conda-lock.yml
expect 0 "" "$kiln" env save "$curated" theirs --overwrite
expect 0 "" cmp theirs/conda-lock.yml mine/conda-lock.yml
expect 0 "" "$kiln" env clone "$curated" offline --offline
expect 0 "" cmp offline/conda-lock.yml mine/conda-lock.yml
expect 0 "" env PATH="$without_uv" KILN_CACHE="$work/other" "$kiln" build mine --json
same "$(field stdout cached) $(field stdout digest)" "true $(field baked.json digest)" "the clone's image"
same "$(blobs)" "$(cat before)" "blobs after that"

# With one package more: its layer, the environment's small one, config and manifest are new.
sed -i 's/^- pip$/&\n- six/' mine/conda_dependencies.yml
expect 0 "the lock kept with the definition (mine/conda-lock.yml) does not fit" "$kiln" build mine -r index.txt --json
same "$(field stdout layers | "$python" -c 'import json, sys
print(sorted(package for layer in json.load(sys.stdin) if not layer["reused"] for package in layer["packages"]))')" \
	"['environment', 'libzlib', 'six']" "packages in new layers (small ones share)"
blobs >after
same "$(comm -13 before after | wc -l)" 4 "blobs that are new"
sent=$(comm -13 before after | awk '{ n += $2 } END { print n }')
[ $((sent * 500)) -lt "$(field stdout size)" ] || fail "$sent bytes are new"
