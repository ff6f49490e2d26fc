#!/usr/bin/env bash
# pip requirements: on top of what conda installs, from an index of real wheels, into an image.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json build/channel-work/wheels build/venv/bin/uv
registry
wheels_index
conda="python=3.11 numpy=2.2"

# The wheels that a lock names.
wheels() {
	"$python" -c 'import sys, yaml
for package in yaml.safe_load(open(sys.argv[1]))["package"]:
    if package["manager"] == "pip":
        print(package["name"], package["version"])' "$1"
}

pip_spec one "scikit-learn==1.6.1" "tqdm ; python_version > '3.8'" "click ; sys_platform == 'win32'"
expect 0 "" "$kiln" lock "$work/one.yml" --base "$base" -o "$work/one.lock"
same "$(wheels "$work/one.lock")" "joblib 1.5.2
scikit-learn 1.6.1
scipy 1.15.3
threadpoolctl 3.6.0
tqdm 4.67.1" "wheels: conda's numpy is not among them"
expect 0 "" "$kiln" build "$work/one.yml" --base "$base" -t "$host/env/one:1" --json
cp "$work/stdout" "$work/one.json"
image=$(field "$work/one.json" image)
KILN_RUNTIMES="${KILN_RUNTIMES:-crun bwrap}" tests/base/run.sh "$image" python -c '
import importlib.metadata, sklearn.linear_model, numpy
print(sklearn.linear_model.LinearRegression().fit([[0], [1]], [0, 2]).coef_)
print(numpy.__version__, sorted(d.name for d in importlib.metadata.distributions() if "tqdm" in d.name))' \
	>"$work/ran" 2>"$work/ran.err" || fail "Python in the image: $(tail -n 5 "$work/ran.err")"
same "$(cat "$work/ran")" "[2.]
2.2.6 ['tqdm']" "what the wheels do in the image"

# The lock makes the same image, and needs no resolver.
PATH=/usr/bin:/bin expect 0 "" "$kiln" build "$work/one.yml" --base "$base" --locked "$work/one.lock" \
	--cache "$work/other.cache" -t "oci:$work/out:one" --json
same "$(field "$work/stdout" digest)" "$(field "$work/one.json" digest)" "the image from the lock, with an empty cache"
PATH=/usr/bin:/bin expect 1 "pip install uv" "$kiln" lock "$work/one.yml" --base "$base"

# The list of addresses and a lock of other requirements: that one is refused.
expect 0 "" "$kiln" lock "$work/one.yml" --base "$base" --explicit -o "$work/one.txt"
grep -q '^# pip tqdm @ http.*#sha256=' "$work/one.txt" || fail "the list has no wheels as conda-lock writes them"
expect 0 "" "$kiln" build "$work/one.yml" --base "$base" --locked "$work/one.txt" -t "oci:$work/out:list"
pip_spec changed "scikit-learn==1.6.1" "tqdm<4" "click ; sys_platform == 'win32'"
for lock in lock txt; do
	expect 2 "pip's tqdm<4: the lock has tqdm 4.67.1" "$kiln" build "$work/changed.yml" --base "$base" \
		--locked "$work/one.$lock" -t "oci:$work/out:no"
done
pip_spec changed "scikit-learn==1.6.1" "tqdm>4" "click ; sys_platform == 'win32'"
expect 2 "pip tqdm>4: the lock was made without it" "$kiln" lock "$work/changed.yml" --base "$base" --check "$work/one.lock"

# Another version of one wheel: its layer is new, and the small ones.
pip_spec two "scikit-learn==1.6.1" "joblib==1.4.2" "tqdm"
expect 0 "" "$kiln" build "$work/two.yml" --base "$base" -t "$host/env/one:2" --json
same "$(field "$work/stdout" layers | "$python" -c 'import json, sys
new = [l["packages"] for l in json.load(sys.stdin) if not l["reused"]]
print(sum("joblib" in p for p in new), any("scipy" in p or "scikit-learn" in p or "numpy" in p for p in new))')" \
	"1 False" "new layers"

# A file of requirements counts as the list does; its options too.
printf -- '--index-url http://%s/open/simple\ntqdm==4.67.1 \\\n  --hash=sha256:%s\n' "$fake" \
	"$(sha256sum build/channel-work/wheels/tqdm-4.67.1-py3-none-any.whl | cut -d' ' -f1)" >"$work/more.txt"
printf 'channels: [%s]\ndependencies: [python=3.11]\n' "$channel" >"$work/bare.yml"
expect 0 "" "$kiln" lock "$work/bare.yml" -r "$work/more.txt" --base "$base" -o "$work/bare.lock"
same "$(wheels "$work/bare.lock")" "tqdm 4.67.1" "the file's wheel"

# A hash that is not the wheel's, or that others lack; a glibc that uv has no platform for.
printf -- '--index-url http://%s/open/simple\ntqdm --hash=sha256:%064d\n' "$fake" 0 >"$work/hash.txt"
expect 6 "none of its --hash is that" "$kiln" lock "$work/bare.yml" -r "$work/hash.txt" --base "$base"
printf 'six\n' >>"$work/more.txt"
expect 2 "six 1.17.0 has no --hash" "$kiln" lock "$work/bare.yml" -r "$work/more.txt" --base "$base"
for glibc in 2.27 2.41; do
	expect 0 "" "$kiln" lock "$work/one.yml" --base "$base" --virtual __glibc=$glibc -o "$work/glibc.lock"
	wheels "$work/glibc.lock" | grep -q numpy && fail "glibc $glibc: conda's numpy is among the wheels"
done

# What contradicts conda's, is not there, or is not as the index says.
pip_spec bad "numpy<2"
expect 3 "is conda's (package numpy)" "$kiln" lock "$work/bad.yml" --base "$base"
pip_spec bad "no-such-distribution"
expect 3 "no-such-distribution" "$kiln" lock "$work/bad.yml" --base "$base"
pip_spec bad "tqdm=="
expect 2 "bad.yml:7:5: " "$kiln" lock "$work/bad.yml" --base "$base"
pip_spec bad "--index-url http://$fake/wrong/simple" "tqdm"
expect 6 "tqdm" "$kiln" build "$work/bad.yml" --base "$base" -t "oci:$work/out:bad"
pip_spec bad "--index-url http://$fake/gone/simple" "tqdm"
expect 4 "tqdm" "$kiln" build "$work/bad.yml" --base "$base" -t "oci:$work/out:bad"
printf 'channels: [%s]\ndependencies:\n- zlib\n- pip: [tqdm]\n' "$channel" >"$work/bad.yml"
expect 3 "" "$kiln" lock "$work/bad.yml" --base "$base"

# A folder of wheels, named from here.
pip_spec near "--no-index" "--find-links $(realpath --relative-to=. build/channel-work/wheels)" "tqdm"
expect 0 "" "$kiln" lock "$work/near.yml" --base "$base" -o "$work/near.lock"
same "$(wheels "$work/near.lock")" "tqdm 4.67.1" "the folder's wheel"

# A private index: the login comes from outside and stays there.
pip_spec private "--index-url http://$fake/closed/simple" "tqdm"
expect 5 "" "$kiln" lock "$work/private.yml" --base "$base"
printf 'machine 127.0.0.1 login user password secret\n' >"$work/netrc"
export NETRC=$work/netrc
expect 0 "" "$kiln" build "$work/private.yml" --base "$base" -t "oci:$work/out:private" -v
grep -rlqF secret "$work/out" "$work/stderr" "$work/stdout" && fail "the password is in what was made"
no_leftovers "$KILN_CACHE"
