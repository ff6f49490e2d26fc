#!/usr/bin/env bash
# Registered versions that are damaged, or stand under another's name: kiln env list has all the
# others, and tells which they are; who names one gets an error.
. tests/shell.sh
needs build/base/index.json
registry
top=$PWD
cd "$work" || exit 1
finish_at_top() { cd "$top" && finish; }
trap finish_at_top EXIT

# lists STATUS ROWS ARGUMENT...: "NAME:VERSION ..." of the registered ones, in all forms.
lists() {
	expect "$1" "" "$kiln" env list --registered "${@:3}"
	same "$(awk 'NR > 1 { print $1 ":" $2 }' stdout | xargs)" "$2" "rows of ${*:3}"
	expect "$1" "" "$kiln" env list --registered "${@:3}" --json
	same "$("$python" -c 'import json; print(*(r["name"] + ":" + r["version"] for r in json.load(open("stdout"))["environments"]))')" "$2" \
		"the document of ${*:3}"
	expect "$1" "" "$kiln" env list --registered "${@:3}" --html -
	grep -q '</html>' stdout || fail "half a page: $(tail -n 1 stdout)"
}

put() { # NAME PACKAGE...
	for package in "${@:2}"; do
		printf 'name: %s\nchannels: [c]\ndependencies: [%s]\n' "$1" "$package" >spec.yml
		expect 0 "" "$kiln" env register spec.yml
	done
}

# A folder: facts that do not parse, a version that was copied to another name, one without its files.
place=$work/data/kiln/environments
put one a b c
put two a
lists 0 "one:1 one:2 one:3 two:1" --all
echo '{' >"$place/one/2/version.json"
mkdir "$place/three"
cp -r "$place/two/1" "$place/three/1"
rm "$place/one/1/environment.yml"
lists 1 "one:1 one:3 two:1" --all
lists 1 "one:3 two:1"
expect 1 "three:1 of $place: what is there is a version of two" "$kiln" env list --registered --all
same "$(grep -c 'kiln: warning: ' stderr)" 2 "warnings"
grep -q "one:2 of $place: " stderr || fail "which is damaged: $(cat stderr)"
expect 1 "registered versions are damaged" "$kiln" env list -q
same "$(grep -c AzureML- stdout)" 41 "the catalogue"
for version in one:1 one:2 three three:1; do
	for words in "show $version" "save $version saved" "clone $version mine cloned"; do
		expect 1 "${version%:*}:" "$kiln" env $words
	done
done
[ ! -e saved ] && [ ! -e cloned ] || fail "something was made of a damaged one"
expect 0 "" "$kiln" env show one
rm -r "$place/three"
echo '{' >"$place/one/3/version.json"
lists 1 "two:1"

# A repository, in which others keep things too; one that cannot be asked has no list.
export KILN_CONFIG=$work/kiln.yml
echo "environments: $host/team/envs" >kiln.yml
put one a b
copy() { skopeo --insecure-policy copy -q --src-tls-verify=false --dest-tls-verify=false "docker://$1" "docker://$host/team/envs:$2"; }
copy "$base" alien.v3
copy "$host/team/envs:one.v1" bar.v1
lists 1 "one:1 one:2" --all
lists 1 "one:2"
grep -q "the tag alien.v3 is no environment of kiln's" stderr || fail "which is none: $(cat stderr)"
grep -q "bar:1 of $host/team/envs: what is there is a version of one" stderr || fail "which is another's: $(cat stderr)"
expect 1 "could not be looked at: 2 of 2" "$kiln" env outdated
expect 1 "could not be looked at: 2 of 2" "$kiln" env outdated --json
same "$(grep -o '"outdated":null,"error":"' "$work/stdout" | wc -l)" 2 "damaged ones in the document"
expect 1 "the tag alien.v3 is no environment of kiln's" "$kiln" env show alien
echo "environments: 127.0.0.1:9/envs" >kiln.yml
expect 4 "registered environments, 127.0.0.1:9/envs" "$kiln" env list
