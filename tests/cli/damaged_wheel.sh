#!/usr/bin/env bash
# Wheels that were built here, and what the cache knows of them, damaged as a disk does it: they are
# built again, and nothing wrong comes into a lock or an image.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/sources/.stamp build/venv/bin/uv
bwrap --ro-bind / / true 2>/dev/null || { echo "no bubblewrap"; exit 77; }
index=$work/index
mkdir "$index"
ln -s "$PWD"/build/sources/* "$index"
start_fake wheels.py "$index"
export PATH=$PWD/build/venv/bin:$PATH
printf '%s\n' "channels: [$channel]" 'dependencies:' '- python=3.11' '- pip:' \
	"  - --index-url http://$fake/open/simple" '  - --no-binary MarkupSafe' '  - markupsafe' >"$work/a.yml"

built() { # the digest
	rm -rf "$work/out" "$KILN_CACHE"/segments "$KILN_CACHE"/layers
	expect 0 "" "$kiln" build "$work/a.yml" --base scratch -t "oci:$work/out:it" -q --update "$@"
	sed 's/.*@//' "$work/stdout"
}

want=$(built)
expect 0 "" "$kiln" lock "$work/a.yml" --base scratch -o "$work/a.lock"
cp -a "$KILN_CACHE/built" "$work/built"
wheel=$KILN_CACHE/packages/$(sed -n '1s/.*sha256=//p' "$(find "$work/built" -type f | head -1)").whl
[ -s "$wheel" ] || fail "no wheel: $wheel"

for at in 20 500 990; do
	for kept in "$KILN_CACHE"/built/*; do flip "$kept" $at; done
	same "$(built)" "$want" "an image with records of wheels damaged at $at/1000"
	diff -r "$work/built" "$KILN_CACHE/built" | grep -v '^Only in' && fail "records differ"
	flip "$wheel" $at
	same "$(built --locked "$work/a.lock")" "$want" "an image with a built wheel damaged at $at/1000"
	same "$(sha256sum <"$wheel" | cut -d' ' -f1).whl" "${wheel##*/}" "the wheel that was built again"
	for archive in "$KILN_CACHE"/packages/*.whl "$KILN_CACHE"/packages/*.archive; do
		[ "$archive" = "$wheel" ] || [ ! -f "$archive" ] || flip "$archive" $at
	done
	rm -r "$KILN_CACHE/built"
	same "$(built --locked "$work/a.lock")" "$want" "a wheel built of archives damaged at $at/1000"
done
for kept in "$KILN_CACHE"/built/*; do truncate -s 100 "$kept"; done
same "$(built)" "$want" "an image with half a record of a wheel"

# What they are built in, as a power cut leaves it.
environment=$(dirname "$(ls -d "$KILN_CACHE"/interpreters/*/include)")
for damaged in bin/python3.11 lib/libpython3.11.so.1.0 lib/python3.11/subprocess.py .; do
	rm -r "$KILN_CACHE/built"
	rm -r "${environment:?}/$damaged" 2>/dev/null || rm -r "$environment"
	[ "$damaged" = . ] && mkdir "$environment" || : >"$environment/$damaged"
	same "$(built)" "$want" "an image with a wheel built where $damaged was damaged"
	[ -s "$environment/lib/python3.11/subprocess.py" ] || fail "$damaged: not made anew"
done
no_leftovers "$KILN_CACHE"
