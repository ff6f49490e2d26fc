#!/usr/bin/env bash
# The main job, start to end, on this machine alone: a real channel and a base image made here, a
# real registry, kiln build, Python in the container; then the same build again.
set -eu
cd "$(dirname "$0")/.."
kiln=build/plain/kiln
work=build/demo
rm -rf "$work"
mkdir -p "$work"
# A cache and a registry of its own: the first build must start from nothing.
export XDG_CACHE_HOME=$PWD/$work/cache

tests/base/registry.sh start "$work/registry"
trap 'tests/base/registry.sh stop "$work/registry" || true' EXIT
port=$(cat "$work/registry/port")
host=127.0.0.1:$port
base=$(tests/base/push.sh "$port")

build() {
	$kiln build tests/channel/environment.yml -c "file://$PWD/build/channel" --override-channels \
		--base "$base" -t "$host/demo/science:1" --json "$@"
}
show() { # FILE: the parts of the JSON that a person asks for
	build/venv/bin/python - "$1" <<'EOF'
import json, sys
r = json.load(open(sys.argv[1]))
packages = sum(len(l["packages"]) for l in r["layers"])
print(f"  image    {r['image']}")
print(f"  key      {r['key']}")
print(f"  packages {packages} in {len(r['layers'])} layers, {r['size'] / 1e6:.0f} MB with the base")
print(f"  cached   {r['cached']}")
print("  seconds  " + ", ".join(f"{k} {v:.3f}" for k, v in r["seconds"].items()))
EOF
}

echo "== kiln build, nothing cached"
build >"$work/first.json"
show "$work/first.json"

image=$(build/venv/bin/python -c 'import json,sys; print(json.load(open(sys.argv[1]))["image"])' "$work/first.json")
echo "== Python in the container"
tests/base/run.sh "$image" python -c '
import sys, ssl, sqlite3, numpy, pandas, scipy.linalg
print("  Python", sys.version.split()[0], "at", sys.executable)
print("  numpy", numpy.__version__, "pandas", pandas.__version__, "scipy", scipy.__version__)
print("  ", ssl.OPENSSL_VERSION, "and SQLite", sqlite3.sqlite_version)
frame = pandas.DataFrame({"x": numpy.arange(6) % 3, "y": numpy.arange(6.0)})
print("  means by x:", frame.groupby("x").y.mean().to_dict())
print("  determinant:", round(scipy.linalg.det(numpy.eye(3) * 2), 6))'

echo "== kiln build again: nothing to do"
build >"$work/second.json"
show "$work/second.json"
build/venv/bin/python - "$work/first.json" "$work/second.json" <<'EOF'
import json, sys
first, second = (json.load(open(p)) for p in sys.argv[1:])
assert second["cached"] and second["digest"] == first["digest"], "the second build was not the first's image"
EOF
echo "demo: done"
