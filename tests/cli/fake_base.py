"""Base images that nobody could run: fake_base.py DIR TAG LAYER... [NAME=value...]

Each LAYER is a comma-separated list of files, the lowest layer first: PATH (an empty file, as a
whiteout is), PATH:VERSION (a libc.so that says it is that glibc). NAME=value goes to the
environment of the image. DIR becomes an OCI layout.
"""
import hashlib
import gzip
import io
import json
import sys
import tarfile
from pathlib import Path


MACHINES = {"amd64": 62, "arm64": 183}


def libc(version, arch):
    head = b"\x7fELF\2\1\1" + bytes(11) + bytes([MACHINES[arch], 0])
    return head + bytes(3000) + f"GNU C Library (a test) stable release version {version}.\n".encode()


def layer(text, arch="amd64"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for item in filter(None, text.split(",")):
            path, _, version = item.partition(":")
            info = tarfile.TarInfo(path)
            data = libc(version, arch) if version else b""
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def put(folder, data, kind):
    digest = hashlib.sha256(data).hexdigest()
    (folder / "blobs/sha256" / digest).write_bytes(data)
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}


def main(folder, tag, words):
    (folder / "blobs/sha256").mkdir(parents=True, exist_ok=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    env = [w for w in words if "=" in w]
    layers = [layer(w) for w in words if "=" not in w]
    config = {"architecture": "amd64", "os": "linux", "config": {"Env": env}, "rootfs": {
        "type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(gzip.decompress(one)).hexdigest() for one in layers]},
        "history": [{"created_by": "fake_base.py"} for _ in layers]}  # Podman 4.3 wants one
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": put(folder, json.dumps(config).encode(), "config.v1+json"),
                "layers": [put(folder, one, "layer.v1.tar+gzip") for one in layers]}
    entry = put(folder, json.dumps(manifest).encode(), "manifest.v1+json")
    entry["annotations"] = {"org.opencontainers.image.ref.name": tag}
    index = folder / "index.json"
    known = json.loads(index.read_text())["manifests"] if index.exists() else []
    index.write_text(json.dumps({"schemaVersion": 2, "manifests": known + [entry]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
