#!/usr/bin/env bash
# Package indexes as they are met: HTML and JSON, yanked, slow, failing, broken off; requirements
# files that name others, with variables.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json build/channel-work/wheels build/venv/bin/uv
base=oci:$PWD/build/base:bookworm
mkdir "$work/index"
ln -s "$PWD"/build/channel-work/wheels/{six,joblib,tqdm}-*.whl "$work/index"
start_fake wheels.py "$work/index"
export PATH=$PWD/build/venv/bin:$PATH
conda=python=3.11

# lock STATUS TEXT REALM LINE...
lock() {
	local status=$1 text=$2 realm=$3
	shift 3
	pip_spec it "$@"
	sed -i "s#$fake/open/#$fake/$realm/#" "$work/it.yml"
	expect "$status" "$text" "$kiln" lock "$work/it.yml" --base "$base" -o "$work/it.lock"
}
chosen() {
	sed -n "s#.*url: http.*/\(.*\)-py.*-none-any.whl#\1#p" "$work/it.lock" | paste -sd' '
}
make() { # STATUS: of a build from the lock, with nothing in the cache
	expect "$1" "$2" "$kiln" build "$work/it.yml" --base "$base" --locked "$work/it.lock" --cache "$work/cache.it" -t "oci:$work/out"
	rm -r "$work/cache.it"
}

# joblib's page is HTML, six's is JSON.
lock 0 "" open joblib six
same "$(chosen)" "joblib-1.5.2 six-1.17.0" "the newest"
lock 0 "" yanked joblib six
same "$(chosen)" "joblib-1.4.2 six-1.16.0" "the newest that is not yanked"
lock 0 "it was bad" yanked joblib==1.5.2 six
same "$(chosen)" "joblib-1.5.2 six-1.16.0" "a yanked one that is asked for"

lock 0 "" slow joblib six
make 0 ""
lock 0 "" flaky joblib six
make 0 ""
lock 4 "http://$fake/broken/simple/" broken joblib
# An index that hangs is given up as any other address is, by the same settings.
printf 'timeouts: {idle: 1}\n' >"$work/kiln.yml"
SECONDS=0
KILN_CONFIG=$work/kiln.yml UV_HTTP_RETRIES=0 lock 4 "http://$fake/hanging/simple/" hanging joblib
UV_HTTP_TIMEOUT=1 UV_HTTP_RETRIES=0 lock 4 "http://$fake/hanging/simple/" hanging joblib
[ $SECONDS -lt 100 ] || fail "an index that hangs is waited for too long" # 60 each, but for the settings
lock 3 "joblib" garbage joblib
lock 4 "http://$fake/garbage/simple/six/" garbage six
# uv reads the same wheels, so only kiln is to find this one broken off.
lock 0 "" open six
sed -i "s#$fake/open/#$fake/short/#" "$work/it.yml" "$work/it.lock"
make 4 "six-1.17.0"

# A lock's wheel that is for another Python or system, or for a newer glibc than the base's.
while read -r tags status words; do
	lock 0 "" open six==1.17.0
	sed -i "s/py2.py3-none-any/$tags/" "$work/it.lock"
	expect "$status" "$words" "$kiln" build "$work/it.yml" --base "$base" --locked "$work/it.lock" -t "oci:$work/out"
done <<'END'
cp27-cp27m-win32 3 six 1.17.0 is a wheel for cp27-cp27m-win32, not for Python 3.11.2 on linux/amd64 with glibc 2.36
cp311-cp311-manylinux_2_39_x86_64 3 six 1.17.0 is a wheel for cp311-cp311-manylinux_2_39_x86_64, not for Python
END
expect 4 "six" "$kiln" install "$work/it.lock" "$work/no"
sed -i "s/cp311-cp311-manylinux_2_39_x86_64/cp27-cp27m-win32/" "$work/it.lock"
expect 3 "not for Python 3.11.2 on linux/amd64" "$kiln" install "$work/it.lock" "$work/no"

# Files that name files, each relative to itself; a variable; a circle.
mkdir "$work/sub"
echo "-r deeper.txt" >"$work/sub/more.txt"
printf 'six==${SIX_VERSION}\n-c limits.txt\njoblib\n' >"$work/sub/deeper.txt"
echo "joblib<1.5" >"$work/sub/limits.txt"
SIX_VERSION=1.16.0 lock 0 "" open "-r sub/more.txt"
same "$(chosen)" "joblib-1.4.2 six-1.16.0" "what nested files ask for"
echo "-r more.txt" >"$work/sub/deeper.txt"
lock 2 "names itself" open "-r sub/more.txt"

# No Python on this machine: the environment's own answers uv, in the sandbox.
mkdir "$work/bare" "$work/home"
ln -s "$PWD/build/venv/bin/uv" "$work/bare"
pip_spec it six
bare() { env -i PATH="$work/bare" HOME="$work/home" KILN_CONFIG=/dev/null "$kiln" "$@" --cache "$work/cache.bare"; }
expect 1 "install the package bubblewrap" bare lock "$work/it.yml" --base "$base"
if bwrap --ro-bind / / true 2>/dev/null; then
	ln -s "$(command -v bwrap)" "$work/bare"
	expect 0 "" bare lock "$work/it.yml" --base "$base" -o "$work/it.lock"
	same "$(chosen)" "six-1.17.0" "with the environment's Python"
fi
no_leftovers "$KILN_CACHE"
