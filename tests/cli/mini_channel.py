"""A channel with only some packages of another: mini_channel.py FROM TO NAME...

Archives are linked, repodata is cut down; --bad-sha256 gives every record a wrong one.
"""
import json
import os
import sys
from pathlib import Path


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
    main(words[0], words[1], set(words[2:]), "--bad-sha256" in sys.argv)
