#!/usr/bin/env bash
# What sources are built with: sources themselves, where there is no wheel; of the index that is
# asked for; named in the lock.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json build/venv/bin/uv
bwrap --ro-bind / / true 2>/dev/null || { echo "no bubblewrap"; exit 77; }
base=oci:$PWD/build/base:bookworm
python3 -B tests/cli/tool_sources.py "$work" || fail "no sources"
start_fake wheels.py "$work/one"
one=$fake
start_fake wheels.py "$work/two"
two=$fake
export PATH=$PWD/build/venv/bin:$PATH

# spec NAME INDEX LINE
spec() {
	printf 'channels: [%s]\ndependencies:\n- python=3.11\n- pip:\n' "$channel" >"$work/$1.yml"
	printf '  - %s\n' "--index-url http://$2/open/simple" "$3" >>"$work/$1.yml"
}
made() { # NAME DISTRIBUTION: how it was built for the lock
	local digest
	digest=$(sed -n "s/.*$2 gives .*#sha256=\([0-9a-f]*\).*/\1/p" "$work/$1.lock")
	"$python" -c 'import sys, zipfile
names = {}
exec(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]), names)
print(names["made"])' "$KILN_CACHE/packages/$digest.whl" "$2.py"
}

# One that is built with one that is built with one.
spec alpha "$one" alpha
expect 0 "" "$kiln" build "$work/alpha.yml" --base "$base" -t "oci:$work/out:one" --json
digest=$(field "$work/stdout" digest)
expect 0 "" "$kiln" lock "$work/alpha.yml" --base "$base" -o "$work/alpha.lock"
same "$(made alpha alpha)" "('1.0', [('1.0', [('1.0', [])]), ('1.0', [])])" "what alpha was built with"
same "$(grep -oE "alpha (with|gives) >*(http://[^ ]*/)?[a-z]*-1.0" "$work/alpha.lock" | sed "s#http://$one/open/files/##")" \
	"alpha with beta-1.0
alpha with >gamma-1.0
alpha with gamma-1.0
alpha gives alpha-1.0" "what the lock says of it"

# A lock needs no uv for that either.
mkdir "$work/plain"
ln -s "$(command -v bwrap)" "$work/plain"
expect 0 "" env PATH="$work/plain:/usr/bin:/bin" "$kiln" build "$work/alpha.yml" --base "$base" --locked "$work/alpha.lock" \
	--cache "$work/cache.two" -t "oci:$work/out2:one" --json
same "$(field "$work/stdout" digest)" "$digest" "the image from the lock"

# Another index has other tools: the wheel of the first is not taken for it.
spec two "$two" alpha
expect 0 "" "$kiln" lock "$work/two.yml" --base "$base" -o "$work/two.lock"
same "$(made two alpha)" "('1.0', [('1.0', [('2.0', [])]), ('2.0', [])])" "with the other index"
expect 0 "" "$kiln" lock "$work/alpha.yml" --base "$base" -o "$work/alpha.lock"
same "$(made alpha alpha)" "('1.0', [('1.0', [('1.0', [])]), ('1.0', [])])" "with the first index again"

# What can never be built.
while read -r name status words; do
	spec bad "$one" "$name"
	expect "$status" "$words" "$kiln" lock "$work/bad.yml" --base "$base"
done <<'END'
snake 3 snake-1.0 is needed to build snake-1.0
selfish 3 selfish-1.0 is needed to build selfish-1.0
deep0 1 deep8-1.0: more than 8 sources that are built with one another
END
no_leftovers "$KILN_CACHE"
[ -z "$(ls "$KILN_CACHE/trees")" ] || fail "left in trees: $(ls "$KILN_CACHE/trees")"
