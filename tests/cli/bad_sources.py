"""Source distributions that are not as they should be: bad_sources.py FOLDER

Each has a backend of its own, so that it is built with nothing else."""

import io
import sys
import tarfile
from pathlib import Path

PYPROJECT = """[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """
import os, zipfile

def write(folder, name, version="1.0", file=None):
    info = f"{name}-{version}.dist-info"
    path = file or f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, path), "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path

def build_wheel(folder, settings=None, metadata=None):
"""
# What each backend does.
BUILDS = {
    "fails": "print('one'); print('\\033[31mtwo'); raise SystemExit(3)",
    "long": """
    for n in range(200000):
        print(n, "of a log that nobody reads" * 2)
    raise SystemExit("the reason")""",
    "nothing": "return 'nothing-1.0-py3-none-any.whl'",
    "two": "write(folder, 'two'); return write(folder, 'two', '2.0')",
    "other_name": "return write(folder, 'another')",
    "other_version": "return write(folder, 'other_version', '2.0')",
    "other_python": "return write(folder, 'other_python', file='other_python-1.0-cp27-cp27m-win32.whl')",
    "no_wheel": "open(folder + '/no_wheel-1.0-py3-none-any.whl', 'w').write('x')",
    "link": "os.symlink('/etc/passwd', folder + '/link-1.0-py3-none-any.whl')",
    # it sees no network, no files and no variables of the machine
    "curious": """
    import socket
    assert not [n for n in os.environ if "SECRET" in n], os.environ
    assert not os.path.exists(WORK)
    assert sorted(os.listdir("/")) == sorted(set(os.listdir("/")) & {
        "bin", "build", "dev", "lib", "lib32", "lib64", "libx32", "opt", "proc", "sbin", "tmp", "usr", "etc"})
    try:
        socket.create_connection(("127.0.0.1", PORT), 1)
    except OSError:
        return write(folder, "curious")
    raise SystemExit("there is a network")""",
    # it sees what activation of conda's packages sets
    "activated": """
    assert os.environ["KILN_ACTIVATED"] == os.environ["CONDA_PREFIX"] + "/share", os.environ
    assert os.environ["KILN_VARIABLE"] == "from a package", os.environ
    return write(folder, "activated")""",
}


def write(folder, name, files, version="1.0"):
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as tar:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            if path.endswith(" ->"):
                entry.name, entry.type, entry.linkname = path[:-3], tarfile.SYMTYPE, text
                tar.addfile(entry)
                continue
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))


def main(folder, port):
    for name, body in BUILDS.items():
        body = body.replace("WORK", repr(str(folder))).replace("PORT", port)
        top = f"{name}-1.0"
        write(folder, name, {f"{top}/pyproject.toml": PYPROJECT, f"{top}/backend.py": f"{BACKEND}    {body}\n"})
    write(folder, "up", {"up-1.0/../../x": ""})
    write(folder, "absolute", {"/x": ""})
    write(folder, "away", {"away-1.0/x ->": "../../../x"})
    write(folder, "empty", {"empty-1.0/README": ""})
    write(folder, "broken", {"broken-1.0/pyproject.toml": "[build-system"})
    write(folder, "unmet", {"unmet-1.0/pyproject.toml": PYPROJECT.replace("[]", '["no-such-thing"]', 1)})


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
