#!/usr/bin/env bash
# What a link script removes of another package is gone: from the image, where the layer below has
# it, and from a folder.
. tests/shell.sh
needs build/base/index.json build/venv/bin/python
command -v umoci >/dev/null || { echo "no umoci"; exit 77; }

PYTHONPATH=tests/channel "$python" -B - "$work/channel" <<'END'
import asyncio
import os
import sys
from pathlib import Path
from rattler.index import index_fs
import archive
out = Path(sys.argv[1])
def package(name, depends, files):
    for path, text in files.items():
        at = out / "stage" / path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(text)
        at.chmod(0o755 if path.startswith("bin/") else 0o644)
    archive.write(out / "stage", dict(name=name, version="1.0", build="0", depends=depends), out)
package("first", [], {"share/kept": "k", "share/gone": "g", "share/folder/x": "x"})
package("second", ["first"], {"bin/.second-post-link.sh": "#!/bin/sh\nset -e\n"
                              "rm -r \"$PREFIX/share/gone\" \"$PREFIX/share/folder\"\n"})
(out / "noarch").mkdir()
asyncio.run(index_fs(out, force=True))
os._exit(0)  # rattler's threads may abort an interpreter that ends
END
printf 'channels: ["file://%s"]\ndependencies: [second]\n' "$work/channel" >"$work/second.yml"

expect 0 "" "$kiln" build "$work/second.yml" --base "oci:$PWD/build/base:bookworm" -t "oci:$work/out:it"
umoci unpack --rootless --image "$work/out:it" "$work/bundle" >"$work/umoci" 2>&1 || fail "umoci: $(tail -n 3 "$work/umoci")"
expect 0 "" "$kiln" lock "$work/second.yml" -o "$work/second.lock"
expect 0 "" "$kiln" install "$work/second.lock" "$work/env"
for env in "$work/bundle/rootfs/opt/env" "$work/env"; do
	[ -e "$env/share/kept" ] || fail "$env: share/kept is not there"
	for path in gone folder .wh.gone .wh.folder; do
		[ -e "$env/share/$path" ] && fail "$env: share/$path is there"
	done
done
"$python" tests/cli/check_layers.py "$work/out" it || fail "the layers are not right"

# ADD unpacks a whiteout as a file of that name: a Dockerfile removes both.
expect 0 "" "$kiln" render "$work/second.yml" -o "$work/rendered" -q
grep -qF '"/opt/env/share/gone","/opt/env/share/.wh.gone"]' "$work/rendered/Dockerfile" ||
	fail "the Dockerfile removes nothing: $(grep RUN "$work/rendered/Dockerfile")"

# That an engine builds it, and nothing of them is left.
DOCKER_HOST=$(tests/base/dockerd.sh start "$work/dockerd" 2>/dev/null) || { echo "not tested: the RUN line (no dockerd here)"; exit; }
export DOCKER_HOST
trap 'tests/base/dockerd.sh stop "$work/dockerd"; finish' EXIT
registry
expect 0 "" "$kiln" render "$work/second.yml" --base "$base" -o "$work/rendered" -q
docker build --network none -q -t removed:it "$work/rendered" >"$work/docker" 2>&1 || fail "docker build: $(tail -n 3 "$work/docker")"
id=$(docker create removed:it true) && docker export "$id" | tar -t >"$work/names"
grep -E '^opt/env/share/(\.wh\.)?(gone|folder)' "$work/names" && fail "left in the image of the Dockerfile"
grep -qx opt/env/share/kept "$work/names" || fail "the image of the Dockerfile has no share/kept"
