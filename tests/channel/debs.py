"""Turns Debian's packages of libraries into conda packages."""

import os
import shutil
import subprocess
from pathlib import Path

import archive

# Where a .deb's folders go; what is not named here (documentation, translations) is left out.
PLACES = [
    ("usr/lib/x86_64-linux-gnu", "lib"),
    ("lib/x86_64-linux-gnu", "lib"),
    ("lib/terminfo", "share/terminfo"),
    ("usr/bin", "bin"),
    ("bin", "bin"),
    ("etc/ssl/openssl.cnf", "ssl/openssl.cnf"),
]
DROPPED = ["lib/gconv", "bin/c_rehash"]


def package(name, row, folder, stage, out):
    unpacked = stage.with_name(stage.name + ".deb")
    for deb in row["debs"]:
        unpack(find(folder, deb), unpacked)
    arrange(unpacked, stage)
    shutil.rmtree(unpacked)
    relative_run_paths(stage)
    main = find(folder, row["debs"][0])
    index = dict(name=name, version=version(main), depends=row.get("depends", []))
    index["build"] = archive.build_string("", *row["debs"], main.name)
    if "constrains" in row:
        index["constrains"] = row["constrains"]
    archive.write(stage, index, out, row.get("forms", [".conda"]))


def find(folder, deb):
    return next(folder.glob(deb + "_*.deb"))


def version(deb):
    """Debian's upstream version: 1:1.2.13.dfsg-1+deb12u1 is 1.2.13."""
    text = field(deb, "Version").split(":")[-1]
    return text.rsplit("-", 1)[0].split("+")[0].replace(".dfsg", "")


def field(deb, name):
    run = subprocess.run(["dpkg-deb", "-f", deb, name], check=True, capture_output=True, text=True)
    return run.stdout.strip()


def unpack(deb, target):
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["dpkg-deb", "-x", deb, target], check=True)


def arrange(unpacked, stage):
    for source, target in PLACES:
        if (unpacked / source).is_dir():
            shutil.copytree(unpacked / source, stage / target, symlinks=True, dirs_exist_ok=True)
        elif (unpacked / source).is_file():
            (stage / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(unpacked / source, stage / target)
    for name in DROPPED:
        path = stage / name
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def relative_run_paths(stage):
    """As conda's: every object finds its libraries from where it lies itself."""
    for path in stage.rglob("*"):
        if path.is_symlink() or not path.is_file() or not is_elf(path):
            continue
        to_lib = os.path.relpath(stage / "lib", path.parent)
        mode = path.stat().st_mode
        path.chmod(mode | 0o200)
        subprocess.run(
            ["patchelf", "--force-rpath", "--set-rpath", f"$ORIGIN/{to_lib}", path], check=True
        )
        path.chmod(mode)


def is_elf(path):
    """A program or a shared object: object files (type 1) have no run path."""
    with path.open("rb") as file:
        head = file.read(18)
    return head[:4] == b"\x7fELF" and head[16] in (2, 3)


def wanted(table):
    return sorted(
        {deb for row in table["debian"].values() for deb in row["debs"]}
        | {"tzdata", "ca-certificates"}
    )
