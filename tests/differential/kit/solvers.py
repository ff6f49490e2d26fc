"""kiln's driver and rattler, each in a process of its own that answers a line with a line.

As a program, `solvers.py` is that process of rattler's."""

import json
import os
import resource
import select
import subprocess
import sys

DRIVER = "build/plain/solve_driver"
MEMORY = 8 << 30  # rattler was seen to run away once in some ten thousand solves


class Peer:
    """Started again when it gives no answer in time."""

    def __init__(self, command, seconds):
        self.command = command
        self.seconds = seconds
        self.process = None
        self.channels = None  # those that a new process must be told first

    def start(self):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(self.command, stdin=pipe, stdout=pipe)

    def tell(self, question):
        fresh = not self.process
        if fresh:
            self.start()
        if "channels" in question:
            self.channels = question["channels"]
        elif fresh:
            question = dict(question, channels=self.channels)
        try:
            self.process.stdin.write(json.dumps(question).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.give_up()

    def hear(self):
        """The answer to what it was told last, or None."""
        if not self.process:
            return None
        ready, _, _ = select.select([self.process.stdout], [], [], self.seconds)
        answer = self.process.stdout.readline() if ready else b""
        return json.loads(answer) if answer else self.give_up()

    def ask(self, question):
        self.tell(question)
        return self.hear()

    def give_up(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait(timeout=60)


def kiln():
    return Peer([DRIVER], 60)


def rattler(seconds=10):
    return Peer([sys.executable, os.path.abspath(__file__)], seconds)


def missing():
    """Why nothing can be compared, or None."""
    if not os.access(DRIVER, os.X_OK):
        return f"there is no {DRIVER}"
    command = [sys.executable, "-c", "import rattler, os; os._exit(0)"]
    if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode:
        return "rattler is not installed"
    return None


def write_channels(channels, folder):
    """The same with paths of files in place of the repodata."""
    out = []
    for channel in channels:
        paths = {}
        for subdir, data in channel["subdirs"].items():
            paths[subdir] = os.path.join(folder, f"{channel['name']}-{subdir}.json")
            # Written aside: the solver may have mapped the old one.
            with open(paths[subdir] + ".new", "w", encoding="utf-8") as file:
                file.write(json.dumps(data))
            os.replace(paths[subdir] + ".new", paths[subdir])
        out.append({"name": channel["name"], "subdirs": paths})
    return out


# ---- rattler ----


def sources_of(channels):
    import rattler as r

    for channel in channels:
        of = r.Channel(f"file:///{channel['name']}")
        for subdir, path in channel["subdirs"].items():
            yield r.SparseRepoData(of, subdir, path)


async def solve(question, sources):
    import rattler as r
    from rattler.exceptions import SolverError

    virtuals = [
        r.GenericVirtualPackage(r.PackageName(n), r.Version(v), r.package.BuildString(b))
        for n, v, b in question["virtuals"]
    ]
    try:
        found = await r.solve_with_sparse_repodata(
            specs=question["specs"],
            sparse_repodata=sources,
            virtual_packages=virtuals,
            channel_priority=getattr(r.ChannelPriority, question["priority"].capitalize()),
        )
    except SolverError as error:
        return {"conflict": str(error)}
    order = r.PackageRecord.sort_topologically(found)
    by_name = {record.name.normalized: record for record in found}
    return {"files": [file_of(by_name[record.name.normalized]) for record in order]}


def file_of(record):
    channel = record.channel.rstrip("/").rsplit("/", 1)[-1]
    return f"{channel}/{record.subdir}/{record.file_name}"


def serve():
    """Never returns: rattler's runtime may abort at the end of the process."""
    import asyncio

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    loop = asyncio.new_event_loop()
    sources = []
    for line in sys.stdin:
        question = json.loads(line)
        if "channels" in question:
            sources = list(sources_of(question["channels"]))
        answer = loop.run_until_complete(solve(question, sources))
        print(json.dumps(answer), flush=True)
    os._exit(0)


if __name__ == "__main__":
    serve()
