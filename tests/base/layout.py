"""Makes an OCI image layout with one gzip layer: layout.py ROOT.tar FOLDER TAG"""

import gzip
import hashlib
import json
import os
import sys
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MEDIA = "application/vnd.oci.image."
CREATED = "2023-11-14T22:13:20Z"


def main(tar, folder, tag):
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)
    layer, diff_id = compress(tar, blobs)
    config = document(
        blobs,
        "config.v1+json",
        {
            "architecture": "amd64",
            "os": "linux",
            "created": CREATED,
            "config": {"Env": ["PATH=" + PATH], "Cmd": ["bash"]},
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
            "history": [{"created": CREATED, "created_by": "mmdebstrap bookworm"}],
        },
    )
    manifest = document(
        blobs,
        "manifest.v1+json",
        {
            "schemaVersion": 2,
            "mediaType": MEDIA + "manifest.v1+json",
            "config": config,
            "layers": [layer],
        },
    )
    manifest["annotations"] = {"org.opencontainers.image.ref.name": tag}
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}\n')
    index = {"schemaVersion": 2, "mediaType": MEDIA + "index.v1+json", "manifests": [manifest]}
    (folder / "index.json").write_text(json.dumps(index) + "\n")


def compress(tar, blobs):
    """Stores the tar as a gzip blob; returns its descriptor and the digest of the plain tar."""
    plain, part = hashlib.sha256(), blobs / "part"
    with tar.open("rb") as source, part.open("wb") as file:
        with gzip.GzipFile("", "wb", 5, file, mtime=0) as packed:
            while data := source.read(1 << 20):
                plain.update(data)
                packed.write(data)
    return store(blobs, part, "layer.v1.tar+gzip"), "sha256:" + plain.hexdigest()


def document(blobs, kind, value):
    part = blobs / "part"
    part.write_text(json.dumps(value))
    return store(blobs, part, kind)


def store(blobs, part, kind):
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    os.replace(part, blobs / digest)
    return {
        "mediaType": MEDIA + kind,
        "digest": "sha256:" + digest,
        "size": (blobs / digest).stat().st_size,
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
