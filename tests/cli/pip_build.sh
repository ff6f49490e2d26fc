#!/usr/bin/env bash
# pip requirements that are sources: of an index, folders, git repositories; built in the sandbox.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json build/sources/.stamp build/venv/bin/uv
bwrap --ro-bind / / true 2>/dev/null || { echo "no bubblewrap"; exit 77; }
base=oci:$PWD/build/base:bookworm
index=$work/index
mkdir "$index" "$work/bin"
ln -s "$PWD"/build/sources/* "$index"
start_fake wheels.py "$index"
"$python" tests/cli/bad_sources.py "$index" "${fake#*:}"
export PATH=$PWD/build/venv/bin:$PATH SECRET=1

# spec NAME LINES: an environment whose pip list is these lines.
spec() {
	local name=$1
	shift
	printf 'channels: [%s]\ndependencies:\n- python=3.11\n- pip:\n' "$channel" >"$work/$name.yml"
	printf '  - %s\n' "--index-url http://$fake/open/simple" "$@" >>"$work/$name.yml"
}

# Of an index: one that a wheel needs, one with C code, one of each backend. Two caches give one image.
spec all "num2words" "--no-binary MarkupSafe" "markupsafe" "idna" "iniconfig" "tomlkit" "wget"
expect 0 "" "$kiln" build "$work/all.yml" --base "$base" -t "oci:$work/out:one" --json
cp "$work/stdout" "$work/one.json"
expect 0 "" "$kiln" lock "$work/all.yml" --base "$base" -o "$work/all.lock"
expect 0 "" "$kiln" build "$work/all.yml" --base "$base" --cache "$work/cache.two" -t "oci:$work/out2:one" --json
same "$(field "$work/stdout" digest)" "$(field "$work/one.json" digest)" "the image from another cache"
for name in docopt markupsafe idna iniconfig tomlkit wget; do
	grep -q "$name gives $name-" "$work/all.lock" || fail "the lock does not say what comes of $name"
done
grep -q "docopt with http://$fake/.*setuptools-80.9.0.*#sha256=" "$work/all.lock" || fail "no pins in the lock"

# A lock needs no uv, and gives the same; a plan of it knows what is there.
mkdir "$work/plain"
ln -s "$(command -v bwrap)" "$(command -v git)" "$work/plain"
expect 0 "" env PATH="$work/plain:/usr/bin:/bin" "$kiln" build "$work/all.yml" --base "$base" --locked "$work/all.lock" \
	--cache "$work/cache.three" -t "oci:$work/out3:one" --json
same "$(field "$work/stdout" digest)" "$(field "$work/one.json" digest)" "the image from the lock"
expect 0 "" "$kiln" plan "$work/all.yml" --base "$base" --locked "$work/all.lock" --json
same "$(field "$work/stdout" downloads count 2>/dev/null || echo 0)" 0 "what is still to be fetched"

# What runs is what was built; the wheels are those that uv builds.
expect 0 "" "$kiln" install "$work/all.lock" "$work/env"
"$work/env/bin/python" -c 'import docopt, idna, iniconfig, markupsafe._speedups, num2words, tomlkit, wget' ||
	fail "what was built does not import"
for source in build/sources/*.tar.gz build/sources/*.zip; do
	uv build -q --wheel -o "$work/wheels" "$source" -p "$work/env/bin/python" --no-config \
		--default-index "http://$fake/open/simple" >"$work/uv.log" 2>&1 || fail "uv: $(tail -n 3 "$work/uv.log")"
done
"$python" - "$work/wheels" "$KILN_CACHE/packages" "$work/all.lock" <<'END' || fail "wheels differ from uv's"
import re, sys, zipfile
from pathlib import Path

wheels, packages, lock = map(Path, sys.argv[1:])
bad = 0
for name, digest in re.findall(r"gives ([^#]*)#sha256=(\w*)", lock.read_text()):
    theirs, ours = (zipfile.ZipFile(p) for p in (wheels / name, packages / f"{digest}.whl"))
    if sorted(theirs.namelist()) != sorted(ours.namelist()):
        print(name, set(theirs.namelist()) ^ set(ours.namelist()))
        bad += 1
        continue
    for member in ours.namelist():
        compiled = member.endswith((".so", "RECORD"))
        if not compiled and theirs.read(member) != ours.read(member):
            print(name, member)
            bad += 1
sys.exit(bad)
END

# A folder, editable or not: known by its files.
mkdir -p "$work/mine/mine"
printf '[build-system]\nrequires = ["setuptools"]\n[project]\nname = "Mine"\nversion = "1"\ndependencies = ["idna"]\n' \
	>"$work/mine/pyproject.toml"
echo 'x = 1' >"$work/mine/mine/__init__.py"
spec mine "-e ./mine"
"$kiln" key "$work/mine.yml" --base "$base" >"$work/key1"
expect 0 "is installed as a copy" "$kiln" lock "$work/mine.yml" --base "$base" -o "$work/mine.lock"
expect 0 "" "$kiln" install "$work/mine.lock" "$work/mine.env"
same "$("$work/mine.env/bin/python" -c 'import idna, mine; print(mine.x)')" 1 "the folder's package"

# The lock, the definition and the folder are moved together; the image is the same to the byte.
expect 0 "" "$kiln" build "$work/mine.yml" --base "$base" --locked "$work/mine.lock" -t "oci:$work/out:mine" --json
moved=$(field "$work/stdout" digest)
grep -q "url: file:./mine$" "$work/mine.lock" || fail "the lock names a folder of this machine"
mkdir "$work/moved"
cp -r "$work/mine" "$work/mine.yml" "$work/mine.lock" "$work/moved"
mv "$work/mine" "$work/away"
expect 0 "" "$kiln" build "$work/moved/mine.yml" --base "$base" --locked "$work/moved/mine.lock" \
	--cache "$work/cache.moved" -t "oci:$work/moved/out:mine" --json
same "$(field "$work/stdout" digest)" "$moved" "the image of what was moved"
mv "$work/away" "$work/mine"
echo 'x = 2' >"$work/mine/mine/__init__.py"
"$kiln" key "$work/mine.yml" --base "$base" >"$work/key2"
cmp -s "$work/key1" "$work/key2" && fail "the key does not know the folder's files"
expect 6 "\`kiln lock\` takes them as they are now" "$kiln" build "$work/mine.yml" --base "$base" --locked "$work/mine.lock" \
	--cache "$work/cache.four" -t "oci:$work/out:mine"

# A git repository: its tag becomes a commit.
(
	cd "$work/mine" && git init -q . && git config user.email a@b && git config user.name a
	git add . && git commit -qm one && git tag v1 && git rev-parse HEAD >"$work/commit"
	echo 'x = 3' >mine/__init__.py && git commit -qam two
) || fail "git"
spec git "mine @ git+file://$work/mine@v1"
expect 0 "" "$kiln" lock "$work/git.yml" --base "$base" -o "$work/git.lock"
grep -q "git+file:./mine@$(cat "$work/commit")" "$work/git.lock" || fail "the lock does not name the commit"
grep -q "mine revision v1" "$work/git.lock" || fail "the lock does not name the tag"
expect 0 "" "$kiln" install "$work/git.lock" "$work/git.env"
same "$("$work/git.env/bin/python" -c 'import mine; print(mine.x)')" 2 "the commit's package"

# An archive's address, with a login that stays out.
spec direct "http://user:hidden@$fake/open/files/idna-3.10.tar.gz"
expect 0 "" "$kiln" lock "$work/direct.yml" --base "$base" -o "$work/direct.lock" -v
grep -qF hidden "$work/direct.lock" "$work/stderr" && fail "the login is told"
expect 0 "" "$kiln" install "$work/direct.lock" "$work/direct.env"
same "$(field "$work"/direct.env/lib/python3.11/site-packages/idna-3.10.dist-info/direct_url.json archive_info hash)" \
	"sha256=$(sha256sum build/sources/idna-3.10.tar.gz | cut -d' ' -f1)" "direct_url.json"
spec direct "http://$fake/open/files/idna-3.10.tar.gz --hash=sha256:$(printf %064d 0)"
expect 6 "idna" "$kiln" lock "$work/direct.yml" --base "$base"

spec direct "http://$fake/open/files/idna-3.10.tar.gz --hash=sha256:$(sha256sum build/sources/idna-3.10.tar.gz | cut -d' ' -f1)"
expect 0 "" "$kiln" lock "$work/direct.yml" --base "$base" -o "$work/direct.lock"

# What the sandbox keeps apart.
spec curious "curious"
expect 0 "" "$kiln" lock "$work/curious.yml" --base "$base"

# What it does not: the variables that conda's compilers are found by, and the like.
spec activated "activated"
expect 1 "KeyError: 'KILN_ACTIVATED'" "$kiln" lock "$work/activated.yml" --base "$base"
sed -i 's/^- python=3.11/&\n- kiln-activation/' "$work/activated.yml"
expect 0 "" "$kiln" lock "$work/activated.yml" --base "$base"

# What must not be built, or cannot.
expect 3 "which --no-build forbids" "$kiln" lock "$work/mine.yml" --base "$base" --no-build
spec no "docopt" "'--only-binary :all:'"
expect 3 "docopt would have to be built from its source, which --only-binary forbids" "$kiln" lock "$work/no.yml" --base "$base"
expect 3 "which --no-build forbids to build" "$kiln" build "$work/all.yml" --base "$base" --locked "$work/all.lock" \
	--no-build -t "oci:$work/out4:no"
ln -s "$(command -v uv)" "$work/bin"
ln -s /usr/bin/python3 "$work/bin"
spec no "fails"
expect 1 "install the package bubblewrap" env PATH="$work/bin" "$kiln" lock "$work/no.yml" --base "$base"

# Sources that are not as they should be.
while IFS='|' read -r name status words; do
	spec bad "$name"
	expect "$status" "$words" "$kiln" lock "$work/bad.yml" --base "$base"
	grep -q "$name" "$work/stderr" || fail "$name is not named: $(cat "$work/stderr")"
done <<'END'
up|1|is no name below a prefix
absolute|1|is no name below a prefix
away|1|a link that leads out
empty|1|neither pyproject.toml nor setup.py
broken|2|pyproject.toml:1
unmet|3|no-such-thing
fails|1|  ?[31mtwo
long|1|  the reason
nothing|1|made 0 wheels
two|1|made 2 wheels
other-name|1|the wheel that came of it is another 1.0
other-version|1|other-version 2.0
other-python|1|cp27-cp27m-win32
no-wheel|1|not a wheel
link|1|made 0 wheels
END
no_leftovers "$KILN_CACHE"
[ -z "$(ls "$KILN_CACHE/trees")" ] || fail "left in trees: $(ls "$KILN_CACHE/trees")"
