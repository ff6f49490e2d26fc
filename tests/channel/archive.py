"""Writes a staged folder as a conda archive.

The info/ folder (index, paths, about, link) is made here, from the files as they are; the
archive itself is written by conda-package-handling.
"""

import hashlib
import json
import os
import shutil
import zlib
from pathlib import Path

from conda_package_handling import api

# As long as conda's own (255), so that binaries can hold any shorter prefix.
PLACEHOLDER = ("/opt/kiln/_h_env_" + "placehold_" * 24)[:255]
ZSTD_LEVEL = 3


def write(stage, index, out, forms=(".conda",), link=None, directories=(), about=None):
    """Packs STAGE into OUT/<subdir>/<name>-<version>-<build><form>, one archive a form."""
    index = complete(index)
    info = stage / "info"
    info.mkdir(parents=True, exist_ok=True)
    paths = [describe(stage, name) for name in members(stage)]
    paths += [dict(_path=name, path_type="directory") for name in directories]
    dump(info / "paths.json", {"paths": paths, "paths_version": 1})
    dump(info / "index.json", index)
    dump(info / "about.json", {"summary": f"{index['name']} for kiln's tests", **(about or {})})
    (info / "files").write_text("".join(entry["_path"] + "\n" for entry in paths))
    if link:
        dump(info / "link.json", {"package_metadata_version": 1, **link})
    pack(stage, index, out, forms, directories)


def pack(stage, index, out, forms, directories=()):
    """Only the archive; info/ is already as it shall be."""
    names = members(stage) + list(directories) + info_members(stage)
    for path in [stage / name for name in names]:
        settle(path, index["timestamp"] // 1000)
    folder = out / index["subdir"]
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{index['name']}-{index['version']}-{index['build']}"
    for form in forms:
        api.create(str(stage), names, str(folder / (stem + form)), compression_level=ZSTD_LEVEL)
    shutil.rmtree(stage)


def complete(index):
    """Adds what every index.json has; the timestamp depends on the name and version only."""
    noarch = index.get("noarch")
    spread = zlib.crc32(f"{index['name']}-{index['version']}".encode()) % 10_000_000
    return {
        "arch": None if noarch else "x86_64",
        "platform": None if noarch else "linux",
        "subdir": "noarch" if noarch else "linux-64",
        "build_number": 0,
        "license": "LicenseRef-see-upstream",
        "timestamp": (1_740_000_000 + spread) * 1000,
        **index,
    }


def members(stage):
    """Files and links to pack, without info/, sorted."""
    found = []
    for folder, names, files in os.walk(stage):
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]
        at = os.path.relpath(folder, stage)
        found += [os.path.normpath(os.path.join(at, name)) for name in files + links]
    return sorted(name for name in found if not name.startswith("info/"))


def info_members(stage):
    return sorted(str(p.relative_to(stage)) for p in (stage / "info").rglob("*") if p.is_file())


def describe(stage, name):
    """One entry of paths.json."""
    path = stage / name
    if path.is_symlink():
        data = path.read_bytes() if path.is_file() else b""
        return entry(name, "softlink", data)
    data = path.read_bytes()
    result = entry(name, "hardlink", data)
    if PLACEHOLDER.encode() in data and not name.endswith(".pyc"):
        result["file_mode"] = "binary" if b"\0" in data else "text"
        result["prefix_placeholder"] = PLACEHOLDER
    return result


def entry(name, kind, data):
    return {
        "_path": name,
        "path_type": kind,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_in_bytes": len(data),
    }


def settle(path, seconds):
    """One time for all, except for sources and their bytecode: that records the source's."""
    if path.suffix in (".py", ".pyc") and not path.is_symlink():
        seconds = int(path.lstat().st_mtime)
    os.utime(path, (seconds, seconds), follow_symlinks=False)


def dump(path, value):
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")


def build_string(prefix, *parts):
    """Like conda's: a prefix, 7 digits of a hash of what was used, the build number."""
    return f"{prefix}h{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:7]}_0"
