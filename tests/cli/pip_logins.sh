#!/usr/bin/env bash
# Logins of pip requirements: in an address or an index, as they stand or as ${VARIABLES}, from
# netrc or a keyring. They serve the fetches of kiln and of uv, and are found nowhere afterwards.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json build/sources/.stamp build/venv/bin/uv
base=oci:$PWD/build/base:bookworm
wheels=$PWD/build/channel-work/wheels
mkdir "$work/index" "$work/bin"
ln -s "$wheels"/tqdm-*.whl "$wheels"/click-*.whl "$wheels"/setuptools-*.whl "$PWD/build/sources/docopt-0.6.2.tar.gz" "$work/index"
ln -s "$PWD/build/channel" "$work/index/channel"
start_fake wheels.py "$work/index"
conda=python=3.11
export WHO=user TOKEN=secret NETRC=$work/no-netrc

# uv, which is looked at as everybody on the machine may: its words, its folder.
cat >"$work/bin/uv" <<END
#!/bin/sh
echo "\$@" >>"$work/seen"
find . -type f -exec cat {} + >>"$work/seen"
exec "$PWD/build/venv/bin/uv" "\$@"
END
chmod +x "$work/bin/uv"
export PATH=$work/bin:$PWD/build/venv/bin:$PATH

# try NAME WHAT FILE: it builds, its lock builds with another cache, and nothing holds the login.
try() {
	expect 0 "" "$kiln" lock "$work/$1.yml" --base "$base" -o "$work/$1.lock" -v
	cat "$work/stderr" >>"$work/told"
	expect 0 "" "$kiln" build "$work/$1.yml" --base "$base" --locked "$work/$1.lock" --cache "$work/cache.$1" \
		-t "oci:$work/out.$1" -v --json
	cat "$work/stderr" "$work/stdout" >>"$work/told"
	"$kiln" key "$work/$1.yml" --base "$base" --explain >>"$work/told" 2>&1
	local places=("$work/$1.lock" "$work/told" "$work/seen" "$work/out.$1" "$work/cache.$1" "$KILN_CACHE") held
	held=$(grep -rlF -e user:secret -e "$(printf user:secret | base64)" -e to-ken "${places[@]}" | head -n 3)
	[ -z "$held" ] || fail "$2: the password or token is in $held"
	grep -q "$3" "$work/$1.lock" || fail "$2: no $3 in the lock"
}

tqdm=closed/files/tqdm-4.67.1-py3-none-any.whl
pip_spec wheel "tqdm @ http://user:secret@$fake/$tqdm"
try wheel "an address" "$tqdm"
pip_spec variables "tqdm @ http://\${WHO}:\${TOKEN}@$fake/$tqdm"
try variables "an address with variables" "$tqdm"
pip_spec index tqdm
sed -i "s#http://$fake/open#http://\${WHO}:\${TOKEN}@$fake/closed#" "$work/index.yml"
try index "an index" "$tqdm"
# It is the index's, not the host's: a channel there is asked for without.
pip_spec token tqdm
sed -i "s#http://$fake/open#http://$fake/t/to-ken/token#; s#$channel#http://$fake/channel#" "$work/token.yml"
try token "a token in an index" "token/files/tqdm"
expect 1 "that has a token in its address is not kept" "$kiln" lock "$work/token.yml" --base "$base" --offline
no_leftovers "$KILN_CACHE"
[ -z "$(ls "$KILN_CACHE/trees")" ] || fail "left in trees: $(ls "$KILN_CACHE/trees")"
same "$(stat -c %a "$KILN_CACHE/uv")" 700 "who may look into uv's own cache"
# Nor is it told by what fails.
sed "s#/t/to-ken/token#/t/to-ken/closed#" "$work/token.yml" >"$work/refused.yml"
expect 5 "(http://$fake/closed/simple)" "$kiln" lock "$work/refused.yml" --base "$base" -v
grep -F to-ken "$work/stdout" "$work/stderr" && fail "a failure tells the token"
pip_spec extra "--extra-index-url http://user:secret@$fake/closed/simple" tqdm
sed -i "s#http://$fake/open#http://$fake/empty#" "$work/extra.yml"
try extra "another index" "$tqdm"
if bwrap --ro-bind / / true 2>/dev/null; then
	pip_spec source "docopt @ http://user:secret@$fake/closed/files/docopt-0.6.2.tar.gz"
	try source "an address of a source" "closed/files/docopt"
fi
printf 'tqdm @ http://user:secret@%s/%s\n' "$fake" "$tqdm" >"$work/limits.txt"
pip_spec limits tqdm "-c limits.txt"
try limits "a constraint" "$tqdm"

# An index's login is for its host: files that are elsewhere are fetched without.
pip_spec away click
sed -i "s#http://$fake/open#http://user:secret@$fake/away#" "$work/away.yml"
try away "files elsewhere" "bare/files/click"

# Without the login, and with another one.
unset TOKEN
expect 5 "" "$kiln" lock "$work/index.yml" --base "$base"
expect 5 "" "$kiln" build "$work/index.yml" --base "$base" --locked "$work/index.lock" --cache "$work/cache.no" -t "oci:$work/no"
printf 'machine 127.0.0.1 login user password secret\n' >"$work/netrc"
NETRC=$work/netrc expect 0 "" "$kiln" install "$work/index.lock" "$work/env" --cache "$work/cache.netrc"

# A keyring, asked as uv asks it.
cat >"$work/bin/keyring" <<'END'
#!/bin/sh
[ "$1" = get ] && [ "$3" = user ] || exit 1
case $2 in *127.0.0.1*) echo secret ;; *) exit 1 ;; esac
END
chmod +x "$work/bin/keyring"
pip_spec keyring tqdm
sed -i "s#http://$fake/open#http://user@$fake/closed#" "$work/keyring.yml"
expect 5 "" "$kiln" lock "$work/keyring.yml" --base "$base"
export UV_KEYRING_PROVIDER=subprocess
try keyring "a keyring" "$tqdm"
