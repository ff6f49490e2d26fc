"""A channel with only some packages of another: mini_channel.py FROM TO NAME...

Archives are linked, repodata is cut down; --bad-sha256 gives every record a wrong one, --needed
adds what the packages depend on.
"""
import json
import os
import sys
from pathlib import Path


def needed(source, names):
    """The names, and those of all that any of their packages may depend on."""
    depends = {}
    for subdir in ("linux-64", "noarch"):
        data = json.loads(Path(source, subdir, "repodata.json").read_text())
        for kind in ("packages", "packages.conda"):
            for record in data.get(kind, {}).values():
                depends.setdefault(record["name"], set()).update(d.split()[0] for d in record["depends"])
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += depends.get(name, ())
    return found


def main(source, target, names, wrong):
    for subdir in ("linux-64", "noarch"):
        folder = Path(target, subdir)
        folder.mkdir(parents=True)
        data = json.loads(Path(source, subdir, "repodata.json").read_text())
        for kind in ("packages", "packages.conda"):
            data[kind] = {f: r for f, r in data.get(kind, {}).items() if r["name"] in names}
            for file, record in data[kind].items():
                os.symlink(Path(source, subdir, file).resolve(), folder / file)
                if wrong:
                    record["sha256"] = "0" * 64
        (folder / "repodata.json").write_text(json.dumps(data))


if __name__ == "__main__":
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    names = set(words[2:])
    if "--needed" in sys.argv:
        names = needed(words[0], names)
    main(words[0], words[1], names, "--bad-sha256" in sys.argv)
