"""What a build for linux/amd64 and linux/arm64 needs, without a program for either.

    two_platforms.py channel DIR    DIR has linux-64: adds a linux-aarch64 of the same packages,
                                    whose python is nothing that any machine could run
    two_platforms.py base DIR TAG   an OCI layout whose TAG is an index of two images
"""
import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path

import fake_base

TAG = "org.opencontainers.image.ref.name"
INDEX = "application/vnd.oci.image.index.v1+json"
LIBC = {"amd64": "usr/lib/x86_64-linux-gnu/libc.so.6:2.36", "arm64": "usr/lib/aarch64-linux-gnu/libc.so.6:2.31"}


def add(tar, name, data, mode=0o644):
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(data), mode, 1_700_000_000
    tar.addfile(info, io.BytesIO(data))


def python(folder, like):
    """A package of one file; its dependency is met by no amd64 machine."""
    index = {"name": "python", "version": like["version"], "build": "0_cpython", "build_number": 0,
             "depends": ["tzdata", "__archspec 1 aarch64", "__glibc >=2.17,<2.36"],
             "subdir": "linux-aarch64", "timestamp": like["timestamp"]}
    program = "bin/python" + ".".join(like["version"].split(".")[:2])
    data = b"\x7fELF\2\1\1" + bytes(11) + bytes([183, 0]) + b"no program"
    path = {"_path": program, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest(),
            "size_in_bytes": len(data)}
    file = folder / f"python-{like['version']}-0_cpython.tar.bz2"
    with tarfile.open(file, "w:bz2") as tar:
        add(tar, "info/index.json", json.dumps(index).encode())
        add(tar, "info/paths.json", json.dumps({"paths": [path], "paths_version": 1}).encode())
        add(tar, "info/files", (program + "\n").encode())
        add(tar, program, data, 0o755)
    whole = file.read_bytes()
    return file.name, {**index, "size": len(whole), "md5": hashlib.md5(whole).hexdigest(),
                       "sha256": hashlib.sha256(whole).hexdigest()}


def channel(folder):
    source, target = folder / "linux-64", folder / "linux-aarch64"
    target.mkdir()
    data = json.loads((source / "repodata.json").read_text())
    data["info"] = {"subdir": "linux-aarch64"}
    pythons = []
    for kind in ("packages", "packages.conda"):
        for file, record in list(data[kind].items()):
            record["subdir"] = "linux-aarch64"
            if record["name"] == "python":
                pythons.append(data[kind].pop(file))
            else:
                os.symlink((source / file).resolve(), target / file)
    newest = max(pythons, key=lambda r: [int(n) for n in r["version"].split(".")])
    file, record = python(target, newest)
    data["packages"][file] = record
    (target / "repodata.json").write_text(json.dumps(data))


def image(folder, arch):
    one = fake_base.layer(LIBC[arch] + ",etc/" + arch, arch)
    config = {"architecture": arch, "os": "linux", "config": {"Env": ["PATH=/usr/bin"]}, "rootfs": {
        "type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(fake_base.gzip.decompress(one)).hexdigest()]}}
    platform = {"architecture": arch, "os": "linux"}
    if arch == "arm64":
        config["variant"] = platform["variant"] = "v8"
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": fake_base.put(folder, json.dumps(config).encode(), "config.v1+json"),
                "layers": [fake_base.put(folder, one, "layer.v1.tar+gzip")]}
    entry = fake_base.put(folder, json.dumps(manifest).encode(), "manifest.v1+json")
    return {**entry, "platform": platform}


def base(folder, tag):
    (folder / "blobs/sha256").mkdir(parents=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [image(folder, arch) for arch in LIBC]}
    entry = fake_base.put(folder, json.dumps(index).encode(), "index.v1+json")
    entry["annotations"] = {TAG: tag}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))


if __name__ == "__main__":
    if sys.argv[1] == "channel":
        channel(Path(sys.argv[2]))
    else:
        base(Path(sys.argv[2]), sys.argv[3])
