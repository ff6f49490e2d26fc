#!/usr/bin/env bash
# From a file to an image that runs; a second build does nothing; equal input, equal digest.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json
registry
spec=tests/channel/small.yml

expect 0 "" "$kiln" build $spec --base "$base" -t "$host/env/small:1" --json --jobs 1
cp "$work/stdout" "$work/first.json"
image=$(field "$work/first.json" image)
digest=$(field "$work/first.json" digest)
key=$(field "$work/first.json" key)
same "$image" "$host/env/small@$digest" "the image's name"
same "$(field "$work/first.json" cached)" false "cached"

# Other tools read it, and see what kiln says.
inspect() { skopeo --insecure-policy inspect --tls-verify=false "$@"; }
same "$(inspect --format '{{.Digest}}' "docker://$host/env/small:1")" "$digest" "skopeo: the user's tag"
same "$(inspect --format '{{.Digest}}' "docker://$host/env/small:${key:0:32}")" "$digest" "the key's tag"
KILN_RUNTIMES="${KILN_RUNTIMES:-crun bwrap}" tests/base/run.sh "$image" \
	python -c 'import os, ssl, sqlite3, six, pytz; print(os.environ["KILN_SMALL"], six.__file__)' \
	>"$work/ran" 2>"$work/ran.err" || fail "Python in the image: $(tail -n 5 "$work/ran.err")"
grep -q '^yes /opt/env/lib/python3.11/site-packages/six.py' "$work/ran" || fail "in the image: $(cat "$work/ran")"

# Again: nothing is done; another tag of it is only a tag.
expect 0 "" "$kiln" build $spec --base "$base" -t "$host/env/small:1" --json
same "$(field "$work/stdout" cached)" true "cached the second time"
same "$(field "$work/stdout" digest)" "$digest" "the second time"
same "$(field "$work/stdout" layers)" "$(sed 's/"reused": *false/"reused": true/g; s/"new": *true/"new": false/g' <(field "$work/first.json" layers))" "layers"
expect 0 "" "$kiln" build $spec --base "$base" -t "$host/env/small:2"
same "$(cat "$work/stdout")" "$image" "the image under another tag"
same "$(inspect --format '{{.Digest}}' "docker://$host/env/small:2")" "$digest" "the other tag"

# Another machine: no cache, more threads, packages in another order, another destination.
"$python" - $spec "$work/turned.yml" <<'END'
import sys
head, tail = open(sys.argv[1]).read().split("dependencies:\n")
lines = tail.splitlines()
packages = [l for l in lines if l.startswith("  - ")]
rest = [l for l in lines if not l.startswith("  - ")]
text = "name: other\n" + head.split("\n", 2)[2] + "dependencies:\n" + "\n".join(packages[::-1] + packages[:1] + rest) + "\n"
open(sys.argv[2], "w").write(text)
END
expect 0 "" "$kiln" build "$work/turned.yml" --base "$base" -t "oci:$work/out:it" \
	--cache "$work/cache2" --jobs 7 --json
same "$(field "$work/stdout" digest)" "$digest" "with an empty cache, seven threads, another order and a spec twice"
umoci unpack --rootless --image "$work/out:it" "$work/bundle" >"$work/umoci" 2>&1 || fail "umoci: $(tail -n 3 "$work/umoci")"
[ -x "$work/bundle/rootfs/opt/env/bin/python3.11" ] || fail "no python in what umoci unpacked"
"$python" tests/cli/check_layers.py "$work/out" it || fail "digests of the layers"

# A cache folder named from here: programs that run elsewhere find its parts.
expect 0 "" "$kiln" build $spec --base "$base" -t "oci:$work/near:it" \
	--cache "$(realpath -m --relative-to=. "$work/near.cache")" --json
same "$(field "$work/stdout" digest)" "$digest" "with a relative cache folder"

# A byte of a packed package that the disk has changed: it is packed again.
largest=$(find "$work/cache2/segments" -type f -printf '%s %p\n' | sort -rn | head -n 1 | cut -d' ' -f2)
printf '\377\377\377\377' | dd of="$largest" bs=1 seek=100000 conv=notrunc status=none
expect 0 "" "$kiln" build $spec --base "$base" -t "oci:$work/out2:it" --cache "$work/cache2" --json
same "$(field "$work/stdout" digest)" "$digest" "with a damaged cache"
"$python" tests/cli/check_layers.py "$work/out2" it || fail "digests of the layers after damage"

# What is remembered of two layers, exchanged: each is looked at again.
records=("$work/cache2/layers"/*)
cp "${records[0]}" "$work/record"
cp "${records[1]}" "${records[0]}"
cp "$work/record" "${records[1]}"
expect 0 "" "$kiln" build $spec --base "$base" -t "oci:$work/out3:it" --cache "$work/cache2" --json
same "$(field "$work/stdout" digest)" "$digest" "with records that are exchanged"
"$python" tests/cli/check_layers.py "$work/out3" it || fail "digests of the layers of wrong records"

# A lock pins the build; a lock of another definition is refused.
expect 0 "" "$kiln" lock $spec --base "$base"
cp "$work/stdout" "$work/lock.yml"
expect 0 "" "$kiln" build $spec --base "$base" -t "oci:$work/out:locked" --locked "$work/lock.yml" --json
same "$(field "$work/stdout" digest)" "$digest" "the locked build"
sed 's/pytz/pip/' $spec >"$work/another.yml"
expect 2 "another definition" "$kiln" build "$work/another.yml" --base "$base" \
	-t "oci:$work/out:no" --locked "$work/lock.yml"
