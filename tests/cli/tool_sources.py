"""Source distributions that are built with others which have no wheel: tool_sources.py FOLDER

Below FOLDER/one all of them, below FOLDER/two a newer gamma. What each is built as says in `made` its
version and what it was built with."""

import sys
from pathlib import Path

from bad_sources import PYPROJECT, write

BACKEND = """
import importlib, os, zipfile

def build_wheel(folder, settings=None, metadata=None):
    made = (VERSION, [importlib.import_module(name).made for name in REQUIRES])
    path = f"{NAME}-{VERSION}-py3-none-any.whl"
    info = f"{NAME}-{VERSION}.dist-info"
    with zipfile.ZipFile(os.path.join(folder, path), "w") as wheel:
        wheel.writestr(f"{NAME}.py", f"made = {made!r}")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {NAME}\\nVersion: {VERSION}\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path
"""
# What each is built with.
SOURCES = {
    "alpha": ["beta", "gamma"], "beta": ["gamma"], "gamma": [],
    "snake": ["tail"], "tail": ["snake"], "selfish": ["selfish"],
    **{f"deep{n}": [f"deep{n + 1}"] for n in range(12)}, "deep12": [],
}


def source(folder, name, requires, version):
    top = f"{name}-{version}"
    words = f"NAME, VERSION, REQUIRES = {name!r}, {version!r}, {requires!r}\n"
    write(folder, name, {
        f"{top}/pyproject.toml": PYPROJECT.replace("[]", str(requires), 1),
        f"{top}/backend.py": words + BACKEND,
    }, version)


def main(folder):
    for index in "one", "two":
        (folder / index).mkdir()
        for name, requires in SOURCES.items():
            source(folder / index, name, requires, "1.0")
    source(folder / "two", "gamma", [], "2.0")


main(Path(sys.argv[1]))
