"""Two channels of packages that no machine could run, always the same bytes, and a folder of wheels.

    render_channel.py DIR    makes DIR/main, DIR/other and DIR/wheels
"""
import hashlib
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import two_platforms

VARIABLES = {"etc/conda/env_vars.d/activated.json": b'{"ACTIVATED": "by a package", "GDAL_DATA": "/opt/env/share"}'}


def elf(name):
    return b"\x7fELF\2\1\1" + bytes(11) + bytes([62, 0]) + name.encode()


# name, version, build, what it needs, its files
MAIN = [
    ("python", "3.11.5", "h0_0_cpython", ["libzlib >=1.3", "openssl 3.*"],
     {"bin/python3.11": elf("python"), "lib/python3.11/os.py": b"import sys\n"}),
    ("python", "3.10.9", "h0_0_cpython", ["libzlib"], {"bin/python3.10": elf("python")}),
    ("libzlib", "1.3.1", "h1_0", [], {"lib/libz.so.1": elf("zlib")}),
    ("openssl", "3.2.0", "h2_0", [], {"lib/libssl.so.3": elf("ssl")}),
    ("numpy", "1.26.4", "py311_0", ["python 3.11.*", "libblas"], {"lib/python3.11/site-packages/numpy/__init__.py": b""}),
    ("numpy", "1.25.0", "py311_0", ["python 3.11.*", "libblas"], {"lib/python3.11/site-packages/numpy/__init__.py": b"#\n"}),
    ("libblas", "3.9.0", "1_mkl", [], {"lib/libblas.so.3": elf("mkl")}),
    ("libblas", "3.9.0", "0_openblas", [], {"lib/libblas.so.3": elf("openblas")}),
    ("activated", "1.0", "0", [], VARIABLES),
    ("pip", "24.0", "py311_0", ["python 3.11.*"], {"lib/python3.11/site-packages/pip/__init__.py": b""}),
]
OTHER = [("six", "1.16.0", "py311_1", ["python"], {"lib/python3.11/site-packages/six.py": b"# other\n"})]
WHEELS = [("tinywheel", "1.0", []), ("needs_tiny", "2.1", ["tinywheel>=1"])]


def package(folder, row):
    name, version, build, depends, files = row
    index = {"name": name, "version": version, "build": build, "build_number": 0, "depends": depends,
             "subdir": folder.name, "timestamp": 1700000000000, "license": "MIT"}
    paths = [{"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest(),
              "size_in_bytes": len(data)} for path, data in sorted(files.items())]
    file = folder / f"{name}-{version}-{build}.tar.bz2"
    with tarfile.open(file, "w:bz2") as tar:
        two_platforms.add(tar, "info/index.json", json.dumps(index).encode())
        two_platforms.add(tar, "info/paths.json", json.dumps({"paths": paths, "paths_version": 1}).encode())
        two_platforms.add(tar, "info/files", "".join(path + "\n" for path in sorted(files)).encode())
        for path, data in sorted(files.items()):
            two_platforms.add(tar, path, data, 0o755 if path.startswith("bin/") else 0o644)
    whole = file.read_bytes()
    return file.name, {**index, "size": len(whole), "md5": hashlib.md5(whole).hexdigest(),
                       "sha256": hashlib.sha256(whole).hexdigest()}


def channel(folder, rows):
    for subdir, some in (("linux-64", rows), ("noarch", [])):
        place = folder / subdir
        place.mkdir(parents=True)
        records = dict(package(place, row) for row in some)
        (place / "repodata.json").write_text(json.dumps(
            {"info": {"subdir": subdir}, "packages": records, "packages.conda": {}, "repodata_version": 1}))


def wheel(folder, name, version, needs):
    info = f"{name}-{version}.dist-info/"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense-Expression: Apache-2.0\n"
    metadata += "".join(f"Requires-Dist: {need}\n" for need in needs)
    files = {f"{name}.py": "answer = 42\n", info + "METADATA": metadata,
             info + "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    files[info + "RECORD"] = "".join(f"{path},,\n" for path in [*files, info + "RECORD"])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), text)
    (folder / f"{name}-{version}-py3-none-any.whl").write_bytes(out.getvalue())


def main(folder):
    channel(folder / "main", MAIN)
    channel(folder / "other", OTHER)
    (folder / "wheels").mkdir()
    for row in WHEELS:
        wheel(folder / "wheels", *row)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
