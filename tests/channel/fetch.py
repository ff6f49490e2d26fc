"""Fetches the wheels and .deb files of packages.toml: fetch.py WORK"""

import getpass
import subprocess
import sys
import tomllib
from itertools import zip_longest
from pathlib import Path

import debs

HERE = Path(__file__).parent


def main(work):
    table = tomllib.loads((HERE / "packages.toml").read_text())
    for name in ("wheels", "debs"):
        (work / name).mkdir(parents=True, exist_ok=True)
    running = [subprocess.Popen(command, cwd=work / folder) for folder, command in commands(table)]
    if any([process.wait() for process in running]):
        raise SystemExit("fetching failed")


def commands(table):
    """pip takes one version of a name at a time, so: all the first ones, all the second ones."""
    pins = [
        [f"{row.get('pypi', row['name'])}=={version}" for version in row["versions"]]
        for row in table["wheel"]
    ]
    for batch in zip_longest(*pins):
        yield "wheels", [
            "timeout",
            "600",
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--disable-pip-version-check",
            "--only-binary=:all:",
            *filter(None, batch),
        ]
    yield "debs", [
        "timeout",
        "300",
        "apt-get",
        "-qq",
        "-o",
        f"APT::Sandbox::User={getpass.getuser()}",
        "download",
        *debs.wanted(table),
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
