"""One environment of the test channel, installed by kiln and by rattler.

The same records, linked for the same prefix: every file, its bytes and mode, every link, and
what conda-meta says of paths and digests must be equal. Left out: kiln-folders and
kiln-old-style, which rattler refuses to link (path_type directory; quoted has_prefix modes), and
packages with link scripts, which rattler does not run. Bytecode is off: rattler makes none.
"""

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

KILN = os.environ.get("KILN", "build/plain/kiln")
CHANNEL = Path("build/channel").resolve()
SPECS = """
python=3.11.2 numpy pandas scipy scikit-learn matplotlib pyarrow requests tqdm jinja2 pyyaml pip
setuptools wheel brotli sqlite ca-certificates kiln-activation kiln-clobber-a kiln-clobber-b
kiln-commands kiln-links kiln-placeholders kiln-shebangs
""".split()
VIRTUALS = [("__glibc", "2.36"), ("__linux", "6.1"), ("__unix", "0")]

# Runs apart: py-rattler may abort when the interpreter ends.
RATTLER = """
import asyncio, json, os, sys
import rattler
from rattler.package import BuildString

channel, prefix, cache, out, specs, virtuals = json.loads(sys.argv[1])

async def main():
    packages = [rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version),
                                              BuildString("0")) for name, version in virtuals]
    records = await rattler.solve([channel], specs, platforms=["linux-64", "noarch"],
                                  virtual_packages=packages)
    lines = ["@EXPLICIT"] + [f"{r.url}#sha256:{r.sha256.hex()}" for r in records]
    with open(out, "w") as file:
        file.write("\\n".join(lines) + "\\n")
    await rattler.install(records, target_prefix=prefix, cache_dir=cache, show_progress=False)

asyncio.run(main())
sys.stdout.flush()
os._exit(0)
"""


def scan(root):
    """What stands below the folder: kind, then mode and digest or the link's text."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = Path(folder, name)
            info = path.lstat()
            if stat.S_ISLNK(info.st_mode):
                what = ("link", os.readlink(path))
            elif stat.S_ISDIR(info.st_mode):
                what = ("folder",)
            else:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                what = ("file", oct(stat.S_IMODE(info.st_mode)), digest)
            found[str(path.relative_to(root))] = what
    return found


def records(root):
    """Paths of every conda-meta record, and its files."""
    found = {}
    for path in sorted(Path(root, "conda-meta").glob("*.json")):
        document = json.loads(path.read_text())
        for entry in document["paths_data"]["paths"]:
            if not entry["_path"].startswith("__clobbers__/"):
                found[path.name, entry["_path"]] = entry
        files = [name for name in document["files"] if not name.startswith("__clobbers__/")]
        found[path.name, ""] = sorted(files)
    return found


def ours_to_decide(path):
    """Rattler keeps what lost a path, and marks the prefix; conda-meta is compared by value."""
    return path == "CACHEDIR.TAG" or path.split("/")[0] in ("__clobbers__", "conda-meta")


def compare(what, theirs, ours):
    different = [key for key in sorted(set(theirs) | set(ours)) if theirs.get(key) != ours.get(key)]
    for key in different[:20]:
        print(f"{what} {key}: rattler {theirs.get(key)}, kiln {ours.get(key)}")
    print(f"{what}: {len(ours)} compared, {len(different)} differ")
    return len(different)


def run(work):
    prefix, folder, lock = (os.path.join(work, name) for name in ("env", "kiln", "explicit.txt"))
    request = [CHANNEL.as_uri(), prefix, os.path.join(work, "pkgs"), lock, SPECS, VIRTUALS]
    subprocess.run([sys.executable, "-c", RATTLER, json.dumps(request)], check=True, timeout=300)
    command = [KILN, "install", "--no-bytecode", "--prefix", prefix, "--cache",
               os.path.join(work, "cache"), lock, folder]
    subprocess.run(command, check=True, timeout=300)
    theirs, ours = scan(prefix), scan(folder)
    for found in (theirs, ours):
        for path in [path for path in found if ours_to_decide(path)]:
            del found[path]
    bad = compare("path", theirs, ours)
    return bad + compare("conda-meta", records(prefix), records(folder))


def main():
    if not (CHANNEL / "noarch/repodata.json").exists():
        print("no build/channel: make channel")
        return 77
    work = tempfile.mkdtemp(prefix="kiln-install-")
    try:
        return 1 if run(work) else 0
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
