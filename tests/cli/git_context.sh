#!/usr/bin/env bash
# A build context in a git repository: what it is known by is the commit's, whoever checks it out, and
# a checkout that has become another is none. No engine is needed for this.
. tests/shell.sh
export GIT_CONFIG_GLOBAL=$work/gitconfig
printf '[user]\nname = a\nemail = a@b\n[init]\ndefaultBranch = main\n' >"$GIT_CONFIG_GLOBAL"
mkdir -p "$work/repo/sub/deep"
(
	cd "$work/repo/sub"
	printf 'FROM scratch\nCOPY . /\n' >Dockerfile
	touch deep/file run && chmod 755 run && ln -s run link
	git init -q .. && git add . && git commit -qm one
) || fail "git"
printf '{"name": "g", "docker": {"buildContext": {"locationType": "git", "location": "file://%s#main:sub", "dockerfilePath": "Dockerfile"}}}' \
	"$work/repo" >"$work/git.json"
key() { "$kiln" key "$work/git.json" "$@"; } # OPTION...

# Modes are git's, which knows only whether a file is a program.
want=$(key) || fail "no key"
for mask in 002 022 077; do
	same "$(umask $mask && key --cache "$work/cache.$mask")" "$want" "the key under umask $mask"
done
chmod 644 "$work/repo/sub/run"
git -C "$work/repo" commit -qam "no program"
[ "$(key)" != "$want" ] || fail "a program that is none any more has the same key"

# Neither files nor what git knows of them are believed when they are no longer those that came.
location="file://$work/repo#$(git -C "$work/repo" rev-parse HEAD):sub"
sed -i "s|file://[^\"]*|$location|" "$work/git.json"
want=$(key)
damage() { # FILE: of every checkout; whether that is seen
	local tree
	for tree in "$KILN_CACHE"/git/*/tree; do echo damaged >"$tree/$1"; done
	mv "$work/repo" "$work/away"
	expect 4 "git: " "$kiln" key "$work/git.json"
	mv "$work/away" "$work/repo"
	same "$(key)" "$want" "the key after $1 was damaged"
	mv "$work/repo" "$work/away"
	same "$(key)" "$want" "the key of what is kept"
	mv "$work/away" "$work/repo"
}
for file in sub/deep/file .git/HEAD .git/packed-refs .git/config .git/refs/tags/v9; do
	damage $file
done
no_leftovers "$KILN_CACHE"
