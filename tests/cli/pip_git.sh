#!/usr/bin/env bash
# pip requirements from git: what a login or a token is sent to, what a far repository may name, and that a
# commit is fetched once.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json build/venv/bin/uv
bwrap --ro-bind / / true 2>/dev/null || { echo "no bubblewrap"; exit 77; }
base=oci:$PWD/build/base:bookworm
export PATH=$PWD/build/venv/bin:$PATH
export GIT_CONFIG_GLOBAL=$work/gitconfig
printf '[user]\nname = a\nemail = a@b\n[init]\ndefaultBranch = main\n' >"$GIT_CONFIG_GLOBAL"

# A backend of its own, whose wheel says of which commit it is, and what git says of its files.
mkdir -p "$work/git/pkg"
cat >"$work/git/pkg/backend.py" <<'END'
import os, shutil, subprocess, zipfile

def described():
    if not shutil.which("git"):
        return "v1"
    git = ["git", "-c", "safe.directory=*", "describe", "--dirty"]
    return subprocess.run(git, capture_output=True, text=True).stdout.strip()

def build_wheel(folder, settings=None, metadata=None):
    head = open(".git/HEAD").read().strip()
    text = open("text").read().strip()
    files = " ".join(sorted(os.listdir(".")))
    with zipfile.ZipFile(os.path.join(folder, "pkg-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("pkg.py", f"{head = }\n{text = }\n{files = }\ndescribed = {described()!r}\n")
        wheel.writestr("pkg-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n")
        wheel.writestr("pkg-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("pkg-1.0.dist-info/RECORD", "")
    return "pkg-1.0-py3-none-any.whl"
END
(
	cd "$work/git/pkg"
	touch .DS_Store model.pyc # a tree's own, as they are tracked
	printf '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n' >pyproject.toml
	echo one >text
	git init -q . && git add . && git commit -qm one && git tag -am v1 v1
	git commit -qm "the same files" --allow-empty && git rev-parse v1^{} HEAD >"$work/commits"
) || fail "git"
one=$(head -n 1 "$work/commits") two=$(tail -n 1 "$work/commits")
start_fake git.py "$work/git"

asked() { # what was asked since the last time
	"$python" -c 'import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).read().decode(), end="")' "http://$fake/log"
}

# spec NAME ADDRESS [CONDA]
spec() {
	printf 'channels: [%s]\ndependencies:\n- python=%s\n- pip:\n  - %s\n' "$channel" "${3:-3.11}" "$2" >"$work/$1.yml"
}
lock() { # STATUS TEXT NAME OPTION...
	local status=$1 text=$2 name=$3
	shift 3
	expect "$status" "$text" "$kiln" lock "$work/$name.yml" --base "$base" -o "$work/$name.lock" "$@"
}
of_package() { # NAME VARIABLE: of pkg, as it was built for the lock
	local digest
	digest=$(sed -n 's/.*pkg gives .*#sha256=\([0-9a-f]*\).*/\1/p' "$work/$1.lock")
	"$python" -c 'import sys, zipfile
names = {}
exec(zipfile.ZipFile(sys.argv[1]).read("pkg.py"), names)
print(names[sys.argv[2]])' "$KILN_CACHE/packages/$digest.whl" "$2"
}

# Two commits of one version with the same files: each has its own wheel.
spec v1 "pkg @ git+http://$fake/open/pkg@v1"
lock 0 "" v1
same "$(of_package v1 head)" "$one" "the tag's commit"
same "$(of_package v1 files)" ".DS_Store .git backend.py model.pyc pyproject.toml text" "the tag's files"
same "$(of_package v1 described)" v1 "git describe --dirty"
spec two "pkg @ git+http://$fake/open/pkg@$two"
lock 0 "" two
same "$(of_package two head)" "$two" "another commit of the same files"

# What was fetched once stays: a tag is asked for, a commit is not; another Python's wheel is built
# of the same checkout, offline too.
fetches() { asked | grep -c "POST"; }
fetches >/dev/null
lock 0 "" v1
[ "$(fetches)" -le 1 ] || fail "a known commit is fetched again for its tag"
lock 0 "" two
same "$(fetches)" 0 "requests for a known commit"
spec other "pkg @ git+http://$fake/open/pkg@$two" 3.10
lock 0 "" other
rm -r "$KILN_CACHE/built"
lock 0 "" other --offline
same "$(fetches)" 0 "requests for another Python"
# A checkout that is damaged is not believed.
for tree in "$KILN_CACHE"/git/*/tree; do echo damaged >"$tree/text"; done
rm -r "$KILN_CACHE/built"
lock 1 "git repositories are not asked when offline" other --offline
lock 0 "" other
same "$(of_package other text)" one "a file of a checkout that was damaged"
lock 1 "git repositories are not asked when offline" v1 --offline
spec short "pkg @ git+http://$fake/open/pkg@${two:0:12}"
lock 0 "" short
grep -q "git+http://$fake/open/pkg@$two" "$work/short.lock" || fail "the lock does not name the commit"
spec branch "pkg @ git+http://$fake/open/pkg"
lock 0 "" branch
grep -q "git+http://$fake/open/pkg@$two" "$work/branch.lock" || fail "the default branch is not its commit"
git -C "$work/git/pkg" commit -q --allow-empty -m three
lock 0 "" branch
grep -q "git+http://$fake/open/pkg@$(git -C "$work/git/pkg" rev-parse HEAD)" "$work/branch.lock" ||
	fail "the branch's new commit is not seen"
same "$(find "$KILN_CACHE/git" -mindepth 1 -maxdepth 1 | wc -l)" 3 "commits that are kept"

# A login goes to its host only, and is told nowhere.
asked >/dev/null
spec closed "pkg @ git+http://user:secret@$fake/closed/pkg@v1"
lock 0 "" closed -v
grep -qF secret "$work/closed.lock" "$work/stderr" && fail "the login is told"
asked | grep -q "GET /closed/pkg/info/refs $fake user:secret" || fail "the login was not sent"
expect 0 "" "$kiln" build "$work/closed.yml" --base "$base" --locked "$work/closed.lock" --cache "$work/cache.closed" \
	-t "oci:$work/out"
grep -rlF user:secret "$KILN_CACHE" "$work/cache.closed" "$work/out" && fail "the login is kept"
spec refused "pkg @ git+http://user:wrong@$fake/closed/pkg@v1"
lock 5 "git: http://$fake/closed/pkg" refused
asked >/dev/null
spec moved "pkg @ git+http://user:secret@$fake/moved/pkg@v1"
lock 4 "git: http://$fake/moved/pkg" moved
asked | grep "localhost" && fail "followed with a login"
spec moved "pkg @ git+http://$fake/moved/pkg@v1"
lock 0 "" moved
same "$(of_package moved text)" one "what another host has, without a login"

# A token in the address goes to that repository, and shows nowhere: not to who looks at the
# processes either.
mkdir "$work/bin"
printf '#!/bin/sh\nGIT_TRACE=%s/words exec %s "$@"\n' "$work" "$(command -v git)" >"$work/bin/git"
chmod +x "$work/bin/git"
token() { # NAME LOGIN REST: of the address
	spec "$1" "pkg @ git+http://$2/$3@v1"
	PATH=$work/bin:$PATH lock 0 "" "$1" -v
	cat "$work/stderr" >>"$work/told"
	PATH=$work/bin:$PATH expect 0 "" "$kiln" build "$work/$1.yml" --base "$base" --locked "$work/$1.lock" \
		--cache "$work/cache.$1" -t "oci:$work/out.$1" -v --json
	cat "$work/stderr" "$work/stdout" >>"$work/told"
	"$kiln" key "$work/$1.yml" --base "$base" --explain >>"$work/told" 2>&1
	grep -q "git+http://$fake/$3@$one" "$work/$1.lock" || fail "$1: the lock does not name the commit"
	grep -rlF -e to-ken -e user:secret "$work/told" "$work/words" "$work/$1.lock" "$work/cache.$1" "$work/out.$1" \
		"$KILN_CACHE" && fail "$1: the token is kept"
}
export TOKEN=to-ken
token token "$fake/t/\${TOKEN}" token/pkg
token both "user:secret@$fake/t/to-ken" both/pkg
grep -q "remote-http kiln" "$work/words" || fail "the words of git's commands are not looked at"
spec missing "pkg @ git+http://$fake/t/to-ken/token/no"
lock 4 "git: http://$fake/token/no: fatal: repository 'http://$fake/token/no/' not found" missing
expect 4 "git: http://$fake/token/pkg: " "$kiln" install "$work/token.lock" "$work/env" --cache "$work/cache.none"
spec old "pkg @ git+http://$fake/t/to-ken/old/pkg"
PATH=$work/bin:$PATH lock 1 "version 2 of git's protocol" old
grep -F to-ken "$work/words" "$work/stderr" && fail "a failure tells the token"

# A far repository's submodule must not be a folder of this machine; one beside it may be.
(
	cd "$work/git" && git init -q sub && git -C sub commit -q --allow-empty -m sub && git -C sub config uploadpack.allowAnySHA1InWant true
	for name in far near; do cp -r pkg $name; done
	git -C far -c protocol.file.allow=always submodule --quiet add "file://$work/git/sub" sub
	git -C near -c protocol.file.allow=always submodule --quiet add "http://$fake/open/sub" sub
	for name in far near; do git -C $name commit -qm sub; done
) || fail "git submodules"
spec far "pkg @ git+http://$fake/open/far"
lock 1 "transport 'file' not allowed" far
spec near "pkg @ git+http://$fake/open/near"
lock 0 "" near
no_leftovers "$KILN_CACHE"
[ -z "$(ls "$KILN_CACHE/trees")" ] || fail "left in trees: $(ls "$KILN_CACHE/trees")"
