"""The names in all layers of an OCI layout's image, a line each: image_names.py DIR TAG"""
import json
import sys
import tarfile
from pathlib import Path

folder, tag = Path(sys.argv[1]), sys.argv[2]


def blob(descriptor):
    return folder / "blobs/sha256" / descriptor["digest"].removeprefix("sha256:")


index = json.loads((folder / "index.json").read_text())
entry = next(m for m in index["manifests"] if m.get("annotations", {}).get("org.opencontainers.image.ref.name") == tag)
for layer in json.loads(blob(entry).read_text())["layers"]:
    for member in tarfile.open(blob(layer)):
        print(member.name)
