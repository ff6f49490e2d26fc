#!/usr/bin/env bash
# pip requirements that are no names: addresses of wheels, wheels on this machine.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json build/channel-work/wheels build/venv/bin/uv
base=oci:$PWD/build/base:bookworm
wheels_index
conda=python=3.11

# Direct addresses: in the lock without credentials, in the environment with direct_url.json.
cp build/channel-work/wheels/click-8.1.8-py3-none-any.whl "$work/"
pip_spec direct "tqdm @ http://user:secret@$fake/open/files/tqdm-4.67.1-py3-none-any.whl" ./click-8.1.8-py3-none-any.whl
expect 0 "" "$kiln" lock "$work/direct.yml" --base "$base" -o "$work/direct.lock"
grep -q secret "$work/direct.lock" && fail "the lock holds a password"
expect 0 "" "$kiln" install "$work/direct.lock" "$work/one"
packages=$work/one/lib/python3.11/site-packages
same "$(field "$packages/tqdm-4.67.1.dist-info/direct_url.json" url)" \
	"http://$fake/open/files/tqdm-4.67.1-py3-none-any.whl" "direct_url.json"
[ -e "$packages/click-8.1.8.dist-info/direct_url.json" ] && fail "a folder of this machine is named in the environment"
"$work/one/bin/python" -c 'import click, tqdm' || fail "the wheels do not import"
no_leftovers "$KILN_CACHE"
