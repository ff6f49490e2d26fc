#!/usr/bin/env bash
# kiln env outdated: what solving again would change, per environment; nothing is changed.
. tests/shell.sh
top=$PWD
cd "$work" || exit 1

# publish NAME-VERSION-BUILD...: the channel has these packages, and no more.
publish() {
	mkdir -p channel/noarch channel/linux-64 channel/linux-aarch64
	"$python" - "$@" <<'END'
import hashlib, json, sys
records = {}
for stem in sys.argv[1:]:
    name, version, build = stem.rsplit("-", 2)
    records[stem + ".conda"] = {"name": name, "version": version, "build": build, "build_number": int(build[-1]), "depends": [], "subdir": "noarch",
                                "sha256": hashlib.sha256(stem.encode()).hexdigest(), "size": 1000}
json.dump({"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": records}, open("channel/noarch/repodata.json", "w"))
for subdir in ("linux-64", "linux-aarch64"):
    json.dump({"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}}, open(f"channel/{subdir}/repodata.json", "w"))
END
}

mkdir one two
for name in one two; do
	printf 'name: %s\nchannels: [file://%s/channel]\ndependencies: [left, right]\n' $name "$work" >$name/environment.yml
done
publish left-1.0-h_0 right-1.0-h_0
for name in one two; do
	expect 0 "" "$kiln" lock $name/environment.yml -o $name/conda-lock.yml
done
mkdir before
cp -r one two before
expect 0 "" "$kiln" env outdated one/environment.yml --exit-code
same "$(cat stdout)" "one/environment.yml: nothing would change" "what is told"

# A newer version, another build, a package that comes and one that goes; one of two is outdated.
publish left-1.0-h_0 left-1.1-h_0 right-1.0-h_1
sed -i 's/right]/right=1.0=h_1]/' two/environment.yml
expect 0 "" "$kiln" env outdated one/environment.yml two/environment.yml
same "$(tail -n 2 stdout | tr -s ' ')" " conda left 1.0 -> 1.1
 conda right 1.0 h_0 -> 1.0 h_1" "rows"
expect 1 "environments that are outdated: 2 of 2" "$kiln" env outdated one/environment.yml two/environment.yml --exit-code
same "$(wc -l <stdout)" 6 "lines"
printf 'name: one\nchannels: [file://%s/channel]\ndependencies: [left <1.1, new]\n' "$work" >one/changed.yml
publish left-1.0-h_0 left-1.1-h_0 right-1.0-h_0 new-2-h_0
expect 0 "" "$kiln" env outdated one/changed.yml --json
same "$(field stdout environments 0 changes)" '[{"name": "new", "manager": "conda", "from": null, "to": "2"}, {"name": "right", "manager": "conda", "from": "1.0", "to": null}]' "what comes and goes"
same "$(field stdout environments 0 name) $(field stdout environments 0 outdated)" "one true" "the environment"

# Nothing was changed by it.
diff before/one/conda-lock.yml one/conda-lock.yml || fail "the lock was changed"
same "$(find one two -newer before -type f | sort | tr '\n' ' ')" "one/changed.yml two/environment.yml " "files that were written"

# One that cannot be solved, or cannot be reached, does not keep the others from it.
sed 's/left/gone/' before/one/environment.yml >two/gone.yml
expect 3 "could not be looked at: 1 of 2" "$kiln" env outdated two/gone.yml one/environment.yml
grep -q '^one/environment.yml: 1 would change' stdout || fail "the other one: $(cat stdout)"
grep -q 'two/gone.yml: ' stderr || fail "which one it was"
mkdir far
sed "s#file://[^]]*#http://127.0.0.1:1/channel#" one/environment.yml >far/environment.yml
cp one/conda-lock.yml far
expect 4 "far/environment.yml: " "$kiln" env outdated far/environment.yml one/environment.yml --json
same "$(field stdout environments 0 outdated) $(field stdout environments 1 outdated)" "None true" "the document"
field stdout environments 0 error | grep -q 127.0.0.1 || fail "no reason in the document"

# The lock: named, for two platforms, absent.
mkdir bare
cp one/environment.yml bare
expect 1 "it has no lock; --lock names one" "$kiln" env outdated bare/environment.yml
expect 1 "it has no lock" "$kiln" env outdated AzureML-sklearn-1.5
expect 0 "" "$kiln" env outdated bare/environment.yml --lock one/conda-lock.yml
expect 2 "it is the lock of one environment" "$kiln" env outdated one/environment.yml two/environment.yml --lock one/conda-lock.yml
expect 0 "" "$kiln" lock one/environment.yml --platform linux/amd64,linux/arm64 -o bare/conda-lock.yml
publish left-1.2-h_0 right-1.0-h_0
expect 0 "" "$kiln" env outdated bare/environment.yml --json
same "$("$python" -c 'import json; print([c["platform"] for c in json.load(open("stdout"))["environments"][0]["changes"]])')" "['linux/amd64', 'linux/arm64']" "platforms"
expect 0 "" "$kiln" env outdated bare/environment.yml --json --platform linux/arm64
same "$(field stdout environments 0 changes)" '[{"name": "left", "manager": "conda", "from": "1.1", "to": "1.2"}]' "one platform"

# Registered ones, all that have a lock, and by name; a v1 folder.
expect 0 "no registered environment has a lock" "$kiln" env outdated
expect 0 "" "$kiln" env register one/environment.yml
expect 0 "" "$kiln" env register one/changed.yml --name unlocked
expect 0 "" "$kiln" env outdated --json
same "$(field stdout environments 0 name) $(field stdout environments 0 version) $(field stdout environments 0 changes)" \
	'one 1 [{"name": "left", "manager": "conda", "from": "1.0", "to": "1.2"}]' "what is registered"
expect 0 "" "$kiln" env outdated one:1
same "$(head -n 1 stdout)" "one:1: 1 would change" "by name"
expect 1 "unlocked: it has no lock" "$kiln" env outdated unlocked
publish left-1.2-h_0 right-1.0-h_0 python-3.11.0-h_0
sed 's/right/python=3.11/' one/environment.yml >bare/environment.yml
expect 0 "" "$kiln" env save bare/environment.yml folder --form v1
expect 0 "" "$kiln" lock folder -o folder/conda-lock.yml
publish left-1.3-h_0 right-1.0-h_0 python-3.11.0-h_0
expect 0 "" "$kiln" env outdated folder
same "$(head -n 1 stdout)" "folder: 1 would change" "a folder"
expect 4 "no-such-thing" "$kiln" env outdated far/environment.yml no-such-thing
expect 1 "could not be looked at: 1 of 1" "$kiln" env outdated no-such-thing
grep -q 'no-such-thing: no-such-thing' stderr && fail "its name twice: $(cat stderr)"
# What lies beside a folder is another's lock.
rm folder/conda-lock.yml
cp one/conda-lock.yml .
expect 1 "it has no lock; --lock names one" "$kiln" env outdated folder
expect 0 "" "$kiln" env register folder --name alone
expect 0 "" "$kiln" env show alone --json
same "$(field stdout lock)" none "the lock of a folder without one"

# The base is the lock's where the definition names none, and is told when its name means another.
[ -e "$top/build/base/index.json" ] || { echo "not tested: bases (there is none)"; exit; }
cp -r "$top/build/base" base
mkdir based
cp one/environment.yml based
expect 0 "" "$kiln" lock based/environment.yml --base oci:base:bookworm -o based/conda-lock.yml
expect 0 "" "$kiln" env outdated based/environment.yml --exit-code
sed -i 's/kiln_base_digest: sha256:......../kiln_base_digest: sha256:00000000/' based/conda-lock.yml
expect 1 "" "$kiln" env outdated based/environment.yml --exit-code
grep -qE '^  base  oci:base:bookworm  *sha256:00000000.... -> sha256:[0-9a-f]{12}$' stdout || fail "the base: $(cat stdout)"
