"""Wheels as pip installs them: the real ones of the test channel, and odd ones made here.

One environment of the channel gets the wheels by kiln, from a lock, and by pip (the wheel of pip
among them): every file, its bytes and its mode must be equal, RECORD too but for its line ends.
Not compared: INSTALLER, REQUESTED and direct_url.json (pip notes where a file on disk came from),
times, and bytecode, which is off. RULES are the differences that are meant."""

import base64
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

KILN = os.environ.get("KILN", "build/plain/kiln")
CHANNEL = Path("build/channel").resolve()
WHEELS = [Path(folder).resolve() for folder in
          ("build/channel-work/wheels", "build/sources", "build/sources/installed")]
RULES = {
    "bin/odd-python": "scripts can be run, as uv has it, whatever their mode in the zip",
    "bin/odd-sh": "scripts can be run, as uv has it, whatever their mode in the zip",
    "lib/python3.11/site-packages/odd_record-1.0.dist-info/RECORD": "files without a row get one",
    "lib/python3.11/site-packages/selenium-4.1.0.dist-info/RECORD": "the same",
    "lib/python3.11/site-packages/google/_upb/": "x bits count, as uv has it, where the zip tells no kind of file",
    "lib/python3.11/site-packages/google/protobuf/": "the same",
    "lib/python3.11/site-packages/protobuf-5.29.3.dist-info/": "the same",
}
OURS = {"INSTALLER", "REQUESTED", "direct_url.json"}
SCRIPT = b"#!python -E\nprint('script')\n"


def record_row(name, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    quoted = '"' + name.replace('"', '""') + '"' if set(name) & set(',"') else name
    return f"{quoted},sha256={digest},{len(data)}\n"


def make_wheel(folder, name, files, tag="py3-none-any", version="1.0", record=True, entry_points=None,
               metadata=""):
    """files: path -> bytes, or (bytes, mode)."""
    info = f"{name}-{version}.dist-info"
    members = dict(files)
    members[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}".encode()
    members[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    if entry_points:
        members[f"{info}/entry_points.txt"] = entry_points.encode()
    rows = ""
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            data, mode = data if isinstance(data, tuple) else (data, 0o644)
            entry = zipfile.ZipInfo(member)
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, data)
            rows += record_row(member, data)
        archive.writestr(f"{info}/RECORD", (rows if record else "") + f"{info}/RECORD,,\n")
    return path


def odd_wheels(folder):
    data = "odd_data-1.0.data"
    yield make_wheel(folder, "odd_data", {
        f"{data}/data/etc/odd/file.conf": b"a = 1\n", f"{data}/data/share/odd/tool": (b"#!python\n", 0o755),
        f"{data}/scripts/odd-python": SCRIPT, f"{data}/scripts/odd-sh": (b"#!/bin/sh\necho\n", 0o644),
        f"{data}/scripts/odd-binary": (b"\x7fELF\0", 0o755), f"{data}/headers/odd.h": b"#define ODD\n",
        f"{data}/purelib/odd_pure.py": b"x = 1\n", f"{data}/platlib/odd_plat.py": b"y = 1\n"})
    yield make_wheel(folder, "odd_modes", {
        "odd_modes/a.py": (b"", 0o600), "odd_modes/b": (b"#!/bin/sh\n", 0o700), "odd_modes/c": (b"c", 0o4755),
        "odd_modes/d": (b"d", 0o444)})
    yield make_wheel(folder, "odd_names", {
        "odd_names/caf\u00e9.py": b"# e\n", "odd_names/a,b.txt": b"comma", 'odd_names/q"q.txt': b"quote",
        "odd_names/blank name.txt": b"blank", "odd_names/\u65e5\u672c.txt": b"j"})
    yield make_wheel(folder, "odd_space_one", {"odd_space/one.py": b"1\n", "odd_space/sub/x.py": b""})
    yield make_wheel(folder, "odd_space_two", {"odd_space/two.py": b"2\n"})
    yield make_wheel(folder, "odd_commands", {"odd_commands.py": b"def main(): pass\nclass A:\n  b = main\n"},
                     entry_points="# c\n[other]\nx = nothing\n[console_scripts]\nodd-one = odd_commands:main\n"
                     "odd.two=odd_commands:A.b [extra]\nOdd_Three = odd_commands:main\n\n"
                     "[gui_scripts]\nodd-gui = odd_commands:main\n")
    yield make_wheel(folder, "odd_record", {"odd_record.py": b"r = 1\n"}, record=False)
    yield make_wheel(folder, "odd_pth", {"odd_pth.pth": b"import sys\n", "odd_pth-nspkg.pth": b"import os\n"})
    yield make_wheel(folder, "Odd.Case", {"odd_case.py": b""})


def rule_of(key):
    """Its rule: one of a folder ends in a slash."""
    return next((rule for rule in RULES if key == rule or rule.endswith("/") and key.startswith(rule)), None)


def installed(root):
    found = {}
    for folder, _, files in os.walk(root):
        for name in files:
            path = Path(folder, name)
            if name in OURS and ".dist-info" in folder or "conda-meta" in folder:
                continue
            if path.is_symlink():
                found[str(path.relative_to(root))] = ("link", os.readlink(path))
                continue
            data = path.read_bytes()
            if name == "RECORD":
                rows = data.decode().replace("\r\n", "\n").splitlines()
                data = "\n".join(r for r in rows if not any(f"/{o}," in r for o in OURS)).encode()
            found[str(path.relative_to(root))] = (oct(stat.S_IMODE(path.stat().st_mode)), hashlib.sha256(data).hexdigest())
    return found


def lock_entry(path):
    name, version = path.name.split("-")[:2]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return (f"- name: {name}\n  version: '{version}'\n  manager: pip\n  platform: linux-64\n  dependencies: {{}}\n"
            f"  url: {path.as_uri()}\n  hash:\n    sha256: {digest}\n  category: main\n  optional: false\n")


def run(work):
    made = work / "odd"
    made.mkdir()
    wheels = {path.name.split("-")[0].lower(): path for folder in WHEELS for path in sorted(folder.glob("*.whl"))}
    chosen = [*wheels.values(), *odd_wheels(made)]
    pip = wheels["pip"]
    (work / "py.yml").write_text(f"channels: [{CHANNEL.as_uri()}]\ndependencies: [python=3.11]\n")
    shared = ["--cache", str(work / "cache"), "-q"]
    subprocess.run([KILN, "lock", work / "py.yml", "-o", work / "py.lock", *shared], check=True, timeout=300)
    text = (work / "py.lock").read_text()
    (work / "all.lock").write_text(text + "".join(map(lock_entry, chosen)))
    prefix, mine = work / "env", work / "kiln"
    subprocess.run([KILN, "install", work / "py.lock", prefix, "--no-bytecode", *shared], check=True,
                   timeout=300, stdout=subprocess.DEVNULL)
    subprocess.run([KILN, "install", work / "all.lock", mine, "--prefix", prefix, "--no-bytecode", *shared],
                   check=True, timeout=300, stdout=subprocess.DEVNULL)
    subprocess.run([prefix / "bin/python", "-B", f"{pip}/pip", "--isolated", "install", "--no-deps",
                    "--no-compile", "--no-index", "--disable-pip-version-check", "--root-user-action", "ignore", "-q",
                    *chosen], check=True, timeout=600, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    theirs, ours = installed(prefix), installed(mine)
    theirs = {k: v for k, v in theirs.items() if "__pycache__" not in k}
    ours = {k: v for k, v in ours.items() if "__pycache__" not in k}
    different = [key for key in sorted(set(theirs) | set(ours)) if theirs.get(key) != ours.get(key)]
    for key in sorted(RULES):
        print(f"  by the rule: {key}: {RULES[key]}")
    held = set(map(rule_of, different))
    if not set(RULES) <= held or ours["bin/odd-sh"][0] != "0o755":
        print(f"a rule does not hold any more: {sorted(set(RULES) - held)}")
        return 1
    different = [key for key in different if not rule_of(key)]
    for key in different[:20]:
        print(f"DIFFERS {key}: pip {theirs.get(key)}, kiln {ours.get(key)}")
    print(f"{len(chosen)} wheels, {len(ours)} files compared, {len(different)} differ")
    return 1 if different else 0


def main():
    if not (CHANNEL / "noarch/repodata.json").exists() or not all(folder.exists() for folder in WHEELS):
        print("no build/channel or build/sources: make channel sources")
        return 77
    work = Path(tempfile.mkdtemp(prefix="kiln-wheels-"))
    try:
        return run(work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
