"""The forms of a channel's index: from shards, repodata.json.zst and repodata.json kiln gives the
same packages, and those that py-rattler gives. The index is made by py-rattler, of the archives of
the channel that the tests use, and served over HTTP. Up to a date kiln's own are compared: for
py-rattler a record is as new as its place in the index (`indexed_timestamp`), so all of these are of
today."""

import asyncio
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

try:
    import rattler
    from rattler.exceptions import SolverError
    from rattler.index import index_fs
except ImportError as missing:
    print(missing)
    sys.exit(77)

TOP = Path(__file__).resolve().parents[2]
CHANNEL = TOP / "build/channel"
KILN = os.environ.get("KILN", str(TOP / "build/plain/kiln"))
LIST = "repodata_shards.msgpack.zst"
FORMS = {"shards": (), "zst": (LIST,), "json": (LIST, "repodata.json.zst")}
REQUESTS = [
    ["python 3.11.*"],
    ["python 3.10.*"],
    ["numpy <2", "python 3.11.*"],
    ["python 3.11.*", "scipy", "pandas", "scikit-learn"],
    ["kiln-featured", "kiln-clobber-a"],
    ["kiln-old-style", "kiln-links", "kiln-folders"],
    ["bzip2", "sqlite", "openssl"],
    ["kiln-conflict"],
    ["no-such-name"],
]
VIRTUALS = {"__glibc": "2.36", "__linux": "5.10", "__unix": "0"}


class Handler(SimpleHTTPRequestHandler):
    """Some files are not there; all requests are counted."""

    hidden, counts = (), Counter()

    def log_message(self, *args):
        pass

    def do_GET(self):
        name = self.path.rsplit("/", 1)[-1]
        self.counts["shard" if re.fullmatch(r"[0-9a-f]{64}\.msgpack\.zst", name) else name] += 1
        if name in self.hidden:
            return self.send_error(404)
        super().do_GET()


def lock(folder, channel, form, specs, *options):
    file = folder / "environment.yml"
    file.write_text(json.dumps({"channels": [channel], "dependencies": specs}))
    virtuals = [f"--virtual={name}={version}" for name, version in VIRTUALS.items()]
    done = subprocess.run(
        [KILN, "lock", "-q", "--explicit", "--cache", folder / form, *virtuals, *options, file],
        capture_output=True, text=True, timeout=300)
    if done.returncode not in (0, 3):
        sys.exit(f"kiln lock from {form}: {done.stderr}")
    return sorted(re.findall(r"[^/\n]+(?:\.conda|\.tar\.bz2)", done.stdout)) if done.returncode == 0 else None


async def theirs(folder, channel, specs):
    """From repodata.json: asked again for shards that did not change, py-rattler 0.28 fails."""
    gateway = rattler.Gateway(folder / "rattler", rattler.SourceConfig(sharded_enabled=False))
    virtuals = [
        rattler.GenericVirtualPackage(rattler.PackageName(n), rattler.Version(v),
                                      rattler.package.BuildString("0"))
        for n, v in VIRTUALS.items()
    ]
    try:
        found = await rattler.solve([channel], specs, gateway, platforms=["linux-64", "noarch"],
                                    virtual_packages=virtuals)
    except SolverError:
        return None
    return sorted(r.file_name for r in found)


def moments(channel):
    """Between the records: some are newer, some are not."""
    times = set()
    for file in channel.glob("*/repodata.json"):
        data = json.loads(file.read_text())
        for bucket in ("packages", "packages.conda"):
            times |= {r["timestamp"] for r in data[bucket].values() if r.get("timestamp")}
    seconds = sorted({t // 1000 if t > 253402300799 else t for t in times})
    return [None] + [seconds[len(seconds) * i // 4] for i in (1, 2, 3)]


def compare(folder, channel, near):
    failures = 0
    for seconds in moments(near):
        before = seconds and datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
        options = ["--exclude-newer", before.strftime("%Y-%m-%dT%H:%M:%SZ")] if before else []
        for specs in REQUESTS:
            answers = {}
            for form, hidden in FORMS.items():
                Handler.hidden = hidden
                answers[form] = lock(folder, channel, form, specs, *options)
            Handler.hidden = ()
            if not before:
                answers["rattler"] = asyncio.run(theirs(folder, channel, specs))
            if any(a != answers["json"] for a in answers.values()):
                failures += 1
                print("FAILS", specs, before, json.dumps(answers, indent=1))
    return failures


def main():
    if not CHANNEL.exists():
        print("no build/channel: make channel")
        sys.exit(77)
    folder = Path(tempfile.mkdtemp(prefix="kiln-shards-"))
    try:
        near = folder / "channel"
        for subdir in ("linux-64", "noarch"):
            (near / subdir).mkdir(parents=True)
            for file in (CHANNEL / subdir).iterdir():
                if file.name.endswith((".conda", ".tar.bz2")):
                    shutil.copy(file, near / subdir)
        asyncio.run(index_fs(near, write_zst=True, write_shards=True))
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=near))
        Thread(target=server.serve_forever, daemon=True).start()
        failures = compare(folder, f"http://127.0.0.1:{server.server_address[1]}", near)
    finally:
        shutil.rmtree(folder)
    print(f"{len(REQUESTS)} requests, {failures} differ; {Handler.counts['shard']} shards fetched")
    sys.exit(1 if failures or not Handler.counts["shard"] else 0)


if __name__ == "__main__":
    main()
