"""Turns a wheel into a conda package."""

import compileall
import configparser
import email
import os
import stat
import time
import zipfile
from pathlib import Path

from packaging.requirements import Requirement

import archive

ARCH_SITE = "lib/python3.11/site-packages"
ENVIRONMENT = {"python_version": "3.11", "python_full_version": "3.11.2", "extra": ""}
CONDA_NAMES = {"tzdata": "python-tzdata"}
SCRIPT = """#!{prefix}/bin/python3.11
# -*- coding: utf-8 -*-
import re
import sys
from {module} import {first}
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit({function}())
"""


def package(wheel, row, version, stage, out):
    """WHEEL (a file) with its ROW of packages.toml, as a package in OUT."""
    noarch = row.get("noarch", False)
    with zipfile.ZipFile(wheel) as opened:
        info = unpack(chosen(opened, row), opened, stage, noarch)
    metadata = email.message_from_string((info / "METADATA").read_text())
    (info / "INSTALLER").write_text("conda\n")
    entries = console_scripts(info)
    index = dict(
        name=row["name"], version=version, license=metadata["License-Expression"] or "see METADATA"
    )
    index["depends"] = python_depends(metadata, noarch) + depends(metadata, row)
    if "constrains" in row:
        index["constrains"] = row["constrains"]
    link = None
    if noarch:
        index.update(noarch="python", build="pyhd8ed1ab_0")
        link = {
            "noarch": {"type": "python", "entry_points": [f"{c} = {m}:{f}" for c, m, f in entries]}
        }
    else:
        index["build"] = archive.build_string("py311", wheel.name)
        write_scripts(stage / "bin", entries)
        compileall.compile_dir(stage, quiet=2, stripdir=str(stage), workers=1)
    about = {"home": metadata["Home-page"] or "", "summary": metadata["Summary"] or ""}
    archive.write(stage, index, out, row.get("forms", [".conda"]), link, about=about)


def chosen(wheel, row):
    """The members to pack: as conda's, large packages come without their tests."""
    tests = "/tests/" if row.get("without_tests") else "//"
    return [
        member
        for member in wheel.infolist()
        if not member.is_dir() and tests not in member.filename
    ]


def unpack(members, wheel, stage, noarch):
    """Places every member where its folder of the wheel says; returns the .dist-info folder."""
    info = None
    for member in members:
        path = stage / place(member.filename, noarch)
        path.parent.mkdir(parents=True, exist_ok=True)
        data = wheel.read(member)
        if path.parent.name in ("bin", "python-scripts"):
            data = data.replace(b"#!python", f"#!{archive.PLACEHOLDER}/bin/python3.11".encode(), 1)
        path.write_bytes(data)
        executable = member.external_attr >> 16 & stat.S_IXUSR or path.parent.name in (
            "bin",
            "python-scripts",
        )
        path.chmod(0o755 if executable else 0o644)
        when = time.mktime(max(member.date_time, (1985, 1, 1, 0, 0, 0)) + (0, 0, 0))
        os.utime(path, (when, when))
        if path.name == "METADATA" and path.parent.suffix == ".dist-info":
            info = path.parent
    return info


def place(name, noarch):
    site = "site-packages" if noarch else ARCH_SITE
    first, _, rest = name.partition("/")
    if not first.endswith(".data"):
        return f"{site}/{name}"
    kind, _, rest = rest.partition("/")
    roots = {
        "data": "",
        "scripts": "python-scripts" if noarch else "bin",
        "headers": "include",
        "purelib": site,
        "platlib": site,
    }
    return os.path.normpath(f"{roots[kind]}/{rest}".lstrip("/"))


def console_scripts(info):
    parser = configparser.ConfigParser(delimiters="=", strict=False)
    parser.optionxform = str
    parser.read([info / "entry_points.txt"])
    if not parser.has_section("console_scripts"):
        return []
    rows = []
    for command, target in parser["console_scripts"].items():
        module, _, function = target.split("[")[0].strip().partition(":")
        rows.append((command, module, function))
    return rows


def write_scripts(folder, entries):
    for command, module, function in entries:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / command
        path.write_text(
            SCRIPT.format(
                prefix=archive.PLACEHOLDER,
                module=module,
                first=function.split(".")[0],
                function=function,
            )
        )
        path.chmod(0o755)


def python_depends(metadata, noarch):
    if noarch:
        return ["python " + (metadata["Requires-Python"] or ">=3.9").replace(" ", "")]
    return [
        "python >=3.11,<3.12.0a0",
        "python_abi 3.11.* *_cp311",
        "libgcc >=12",
        "libstdcxx >=12",
        "__glibc >=2.17,<3.0.a0",
    ]


def depends(metadata, row):
    """The wheel's requirements in conda's words; the row's take their place name by name."""
    own = row.get("depends", [])
    names = {text.split()[0] for text in own}
    result = list(own)
    for text in metadata.get_all("Requires-Dist", []):
        need = Requirement(text)
        if need.marker and not need.marker.evaluate(ENVIRONMENT):
            continue
        name = CONDA_NAMES.get(need.name.lower(), need.name.lower().replace("_", "-"))
        if name not in names:
            result.append(f"{name} {need.specifier}".strip())
    return sorted(result)
