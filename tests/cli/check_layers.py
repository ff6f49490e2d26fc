"""Digests and diff_ids of an OCI layout's image, worked out again: check_layers.py DIR TAG

Every layer is decompressed by Python's own gzip; no path may stand twice in a layer, hard links
point backwards.
"""
import gzip
import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

folder, tag = Path(sys.argv[1]), sys.argv[2]
TAG = "org.opencontainers.image.ref.name"


def blob(descriptor):
    data = (folder / "blobs/sha256" / descriptor["digest"].removeprefix("sha256:")).read_bytes()
    assert "sha256:" + hashlib.sha256(data).hexdigest() == descriptor["digest"], descriptor
    assert len(data) == descriptor["size"], descriptor
    return data


index = json.loads((folder / "index.json").read_text())
manifest = json.loads(blob(next(m for m in index["manifests"] if m["annotations"][TAG] == tag)))
config = json.loads(blob(manifest["config"]))
diff_ids = config["rootfs"]["diff_ids"]
assert len(diff_ids) == len(manifest["layers"])
for layer, diff_id in zip(manifest["layers"], diff_ids):
    plain = gzip.decompress(blob(layer))
    assert "sha256:" + hashlib.sha256(plain).hexdigest() == diff_id, layer
    seen = set()
    for member in tarfile.open(fileobj=io.BytesIO(plain)):
        name = member.name.strip("/")
        assert name not in seen, f"{name} stands twice"
        assert not member.islnk() or member.linkname in seen, f"{name} links forward"
        assert ".." not in name.split("/") and not member.name.startswith("/"), name
        seen.add(name)
print(len(diff_ids), "layers are right")
