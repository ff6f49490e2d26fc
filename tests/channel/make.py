"""Packs everything of packages.toml, in parallel, and indexes the channel.

make.py WORK OUT    WORK holds cpython/stage, debs/ and wheels/ as make.sh fetched them
"""

import asyncio
import os
import re
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rattler.index import index_fs

import archive
import debs
import jars
import others
import wheels

HERE = Path(__file__).parent


def main(work, out):
    table = tomllib.loads((HERE / "packages.toml").read_text())
    for subdir in ("linux-64", "noarch"):
        (out / subdir).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(*job) for job in plan(table, work, out)]
        for job in jobs:
            job.result()
    asyncio.run(index_fs(out, write_zst=True, write_shards=True, force=True))


def plan(table, work, out):
    """Largest first, so that no process is left alone with one at the end."""
    stages = work / "stages"
    yield other, others.cpython, stages / "python", work, out, table["python"]
    for version in jars.found(work):
        yield jars.package, work, version, stages / f"python-{version}", out
    for row in table["wheel"]:
        for version in row["versions"]:
            stage = stages / f"{row['name']}-{version}"
            yield wheels.package, find_wheel(
                work / "wheels", row, version
            ), row, version, stage, out
    for name, row in table["debian"].items():
        yield debs.package, name, row, work / "debs", stages / name, out
    for at in range(len(others.OTHERS)):
        yield odd, at, stages / f"other-{at}", work, out


def odd(at, stage, work, out):
    """By number: the closures of others.py do not travel between processes."""
    other(others.OTHERS[at], stage, work, out, None)


def other(fill, stage, work, out, row):
    index, options = fill(stage, work, row)
    if options.pop("old", False):
        index = archive.complete(index)
        archive.dump(stage / "info/index.json", index)
        archive.pack(stage, index, out, options["forms"])
    else:
        archive.write(stage, index, out, **options)


def find_wheel(folder, row, version):
    name = re.sub(r"[-_.]+", "_", row.get("pypi", row["name"])).lower()
    for path in folder.glob(f"*-{version}-*.whl"):
        if path.name.split("-")[0].lower().replace(".", "_") == name:
            return path
    raise SystemExit(f"no wheel of {name} {version} in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
    # py-rattler's threads may still hold Python while it ends, and then abort it: end at once.
    os._exit(0)
