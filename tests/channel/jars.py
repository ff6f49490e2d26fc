"""Turns a CPython that comes in a jar into a package: further versions for the solver."""

import re
import shutil
import sys

import archive
import debs
import others

INSIDE = "org/bytedeco/cpython/linux-x86_64"
# These lack sqlite3: nobody shall get one who did not ask for it.
FEATURES = {"3.11.3": "python_bytedeco"}
TRIMMED = ["idlelib", "tkinter", "turtledemo", "test", "site-packages"]


def found(work):
    return sorted(path.name for path in (work / "jars").glob("*.*.*") if path.is_dir())


def package(work, version, stage, out):
    source = work / "jars" / version / INSIDE
    short = version.rpartition(".")[0]
    for name in ("bin", "lib", "include"):
        shutil.copytree(source / name, stage / name)
    for library in (f"libpython{short}.so.1.0", "libffi.so.6"):
        shutil.copy2(source / library, stage / "lib")
    trim(stage, stage / "lib" / f"python{short}")
    programs(stage, short)
    relocatable(stage)
    debs.relative_run_paths(stage)
    if sys.version.startswith(short + "."):
        others.compile_library(stage / "lib" / f"python{short}", stage)
    archive.write(stage, index(version, short), out)


def index(version, short):
    abi = "cp" + short.replace(".", "")
    features = {"track_features": FEATURES[version]} if version in FEATURES else {}
    return dict(
        name="python",
        version=version,
        build=archive.build_string("", version) + "_cpython",
        depends=["tzdata", "__glibc >=2.17,<3.0.a0"],
        constrains=[f"python_abi {short}.* *_{abi}"],
        python_site_packages_path=f"lib/python{short}/site-packages",
        **features,
    )


def trim(stage, library):
    for name in TRIMMED:
        shutil.rmtree(library / name, ignore_errors=True)
    for folder in list(stage.rglob("__pycache__")):
        shutil.rmtree(folder)
    for pattern in (
        "bin/pip*",
        "bin/idle*",
        "bin/c_rehash",
        "lib/pkgconfig/*ssl*",
        "lib/pkgconfig/libcrypto*",
    ):
        for path in stage.glob(pattern):
            path.unlink()


def programs(stage, short):
    """A jar has no symlinks and no modes: both are made again."""
    for path in (stage / "bin").iterdir():
        path.chmod(0o755)
    for path in [*stage.glob("lib/*.so*"), *stage.glob("lib/python*/lib-dynload/*.so")]:
        path.chmod(0o755)
    for name in ("python3", "python"):
        (stage / "bin" / name).unlink(missing_ok=True)
        (stage / "bin" / name).symlink_to(f"python{short}")
    (stage / f"lib/libpython{short}.so").symlink_to(f"libpython{short}.so.1.0")


def relocatable(stage):
    """The prefix that the jar's maker built for, wherever a text names it, becomes ours."""
    makefile = next(stage.glob("lib/python*/config-*/Makefile")).read_text()
    prefix = re.search(r"^prefix=\s*(\S+)", makefile, re.MULTILINE).group(1).encode()
    for path in stage.rglob("*"):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            if prefix in data and b"\0" not in data:
                path.write_bytes(data.replace(prefix, archive.PLACEHOLDER.encode()))
