#!/usr/bin/env bash
# Virtual packages are the base image's: its libc, its environment; options overrule them.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json
registry
spec=tests/channel/small.yml
bases=$work/bases
libc=usr/lib/x86_64-linux-gnu/libc.so.6

fake() { # TAG LAYER... [NAME=value...]
	"$python" tests/cli/fake_base.py "$bases" "$@"
}
# virtual NAME: its version and origin in the plan that stands in $work/stdout.
virtual() {
	"$python" -c 'import json, sys
for row in json.load(open(sys.argv[1]))["virtual_packages"]:
    if row["name"] == sys.argv[2]:
        print(row["version"], row["from"], sep=", ")' "$work/stdout" "$1"
}
plan() { # STATUS TEXT [OPTION...]
	local status=$1 text=$2
	shift 2
	expect "$status" "$text" "$kiln" plan $spec --json "$@"
}

# Without a base: what --help calls the default.
plan 0 ""
same "$(virtual __glibc)" "2.28, default" "without a base"
"$kiln" lock --help | grep -q "glibc 2.28" || fail "the default is not in --help"

# A real base in a registry: its layer is read, once.
plan 0 "reading the base's layers" --base "$base" -v
same "$(virtual __glibc)" "2.36, the base's libc" "Debian 12"
same "$(virtual __archspec)" "1, platform" "not the building machine's"
same "$(virtual __cuda)" "" "no CUDA"
plan 0 "" --base "$base" -v
grep -q "reading the base's layers" "$work/stderr" && fail "the layers were read twice"
expect 0 "" "$kiln" lock $spec --base "$base"
grep -q '__glibc=2.36=0' "$work/stdout" || fail "the lock does not hold the virtual packages"

# Layers above count, whiteouts too; musl is no glibc.
fake upgraded "$libc:2.31" "etc/motd" "$libc:2.39"
plan 0 "" --base "oci:$bases:upgraded"
same "$(virtual __glibc)" "2.39, the base's libc" "an upgraded libc"
fake emptied "$libc:2.31" "usr/lib/.wh.x86_64-linux-gnu"
plan 0 "no libc was found" --base "oci:$bases:emptied"
same "$(virtual __glibc)" "2.28, default" "a libc that was taken away"
fake musl "lib/ld-musl-x86_64.so.1"
plan 3 "the target has no __glibc" --base "oci:$bases:musl"
printf '%s\n' "channels: ['$channel']" 'dependencies: [tzdata]' >"$work/data.yml"
expect 0 "musl and no glibc" "$kiln" plan "$work/data.yml" --json --base "oci:$bases:musl"
same "$(virtual __glibc)" "None, the base's libc, which is musl" "musl"

# CUDA of the environment.
fake cuda "$libc:2.35" CUDA_VERSION=12.4.1
plan 0 "" --base "oci:$bases:cuda"
same "$(virtual __cuda)" "12.4, the base's CUDA_VERSION" "CUDA_VERSION"
fake require "$libc:2.35" "NVIDIA_REQUIRE_CUDA=cuda>=11.8 brand=tesla,driver>=470,driver<471"
plan 0 "" --base "oci:$bases:require"
same "$(virtual __cuda)" "11.8, the base's NVIDIA_REQUIRE_CUDA" "NVIDIA_REQUIRE_CUDA"

# The user overrules; then no layer is read.
fake unread "$libc:2.30"
CONDA_OVERRIDE_GLIBC=2.17 plan 0 "" --base "oci:$bases:unread" -v --virtual __cuda=
same "$(virtual __glibc)" "2.17, CONDA_OVERRIDE_GLIBC" "the environment overrules"
grep -q "reading the base's layers" "$work/stderr" && fail "layers were read for nothing"
CONDA_OVERRIDE_GLIBC=2.17 plan 0 "" --base "oci:$bases:cuda" --virtual __glibc=2.19 --virtual __cuda=
same "$(virtual __glibc)" "2.19, --virtual" "the option overrules both"
same "$(virtual __cuda)" "None, --virtual" "taken away"

# A damaged layer is named, and nothing is remembered of it.
fake broken "$libc:2.33"
layer=$("$python" - "$bases" <<'END'
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
entry = json.loads((folder / "index.json").read_text())["manifests"][-1]
manifest = json.loads((folder / "blobs/sha256" / entry["digest"][7:]).read_text())
digest = manifest["layers"][0]["digest"][7:]
path = folder / "blobs/sha256" / digest
whole = path.read_bytes()
path.write_bytes(whole[:-20])
print(digest)
END
)
plan 6 "$layer" --base "oci:$bases:broken"
plan 6 "$layer" --base "oci:$bases:broken"

# A lock that needs more than the base has: an explicit list fits any definition.
mkdir -p "$work/needy/noarch" "$work/needy/linux-64"
"$python" - "$work/needy" <<'END'
import hashlib, io, json, pathlib, sys, tarfile
folder = pathlib.Path(sys.argv[1])
index = {"name": "needy", "version": "1.0", "build": "0", "build_number": 0, "subdir": "noarch",
         "noarch": "generic", "depends": ["__glibc >=2.36"], "constrains": ["__cuda >=12"]}
data = io.BytesIO()
with tarfile.open(fileobj=data, mode="w:bz2") as tar:
    for name, text in (("info/index.json", json.dumps(index)), ("info/files", "share/needy\n"),
                       ("info/paths.json", json.dumps({"paths_version": 1, "paths": [
                           {"_path": "share/needy", "path_type": "hardlink", "size_in_bytes": 2,
                            "sha256": hashlib.sha256(b"x\n").hexdigest()}]})), ("share/needy", "x\n")):
        info = tarfile.TarInfo(name)
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text.encode()))
whole = data.getvalue()
(folder / "noarch/needy-1.0-0.tar.bz2").write_bytes(whole)
index.update(sha256=hashlib.sha256(whole).hexdigest(), md5=hashlib.md5(whole).hexdigest(), size=len(whole))
for subdir in ("noarch", "linux-64"):
    packages = {"needy-1.0-0.tar.bz2": index} if subdir == "noarch" else {}
    (folder / subdir / "repodata.json").write_text(json.dumps({"info": {"subdir": subdir}, "packages": packages}))
END
printf '%s\n' "channels: ['file://$work/needy']" 'dependencies: [needy]' >"$work/needy.yml"
expect 0 "" "$kiln" lock "$work/needy.yml" --base "$base" --explicit -o "$work/explicit.txt"
expect 0 "" "$kiln" lock "$work/needy.yml" --base "$base"
sed '/kiln_key/d' "$work/stdout" >"$work/lock.yml"
fake old "$libc:2.35"
locked() { # STATUS TEXT LOCK BASE: of a build
	expect "$1" "$2" "$kiln" build "$work/needy.yml" --base "$4" -t "oci:$work/out:it" --locked "$3"
}
locked 3 "needy 1.0 needs __glibc >=2.36, and the target has 2.35" "$work/lock.yml" "oci:$bases:old"
locked 3 "needy 1.0 needs __glibc >=2.36, and the target has 2.35" "$work/explicit.txt" "oci:$bases:old"
fake cuda11 "$libc:2.36" CUDA_VERSION=11.8
locked 3 "needy 1.0 needs __cuda >=12, and the target has 11.8" "$work/explicit.txt" "oci:$bases:cuda11"
[ ! -e "$work/out" ] || fail "a refused lock has made an image"
locked 0 "" "$work/lock.yml" "$base"
expect 3 "__glibc" "$kiln" build "$work/needy.yml" --base "oci:$bases:old" -t "oci:$work/out:it"

# install says what this machine lacks, and goes on.
expect 0 "needy 1.0 needs __glibc >=2.36, and the target has 2.17" \
	"$kiln" install "$work/explicit.txt" "$work/prefix" --virtual __glibc=2.17
