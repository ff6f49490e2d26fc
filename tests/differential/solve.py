"""Random channels, solved by kiln, by rattler and, for whether there is a solution, by libsolv.

KILN_CASES=N compares N channels (default 1000), KILN_SEED=N begins elsewhere. Fails when one of
the three finds a solution where another finds none, when an answer of kiln breaks a spec, or
when fewer than 98 in 100 answers are the very set (and link order) that rattler gives.
"""

import json
import os
import random
import resource
import select
import shutil
import subprocess
import sys
import tempfile

DRIVER = "build/plain/solve_driver"
CASES = int(os.environ.get("KILN_CASES", "1000"))
SEED = int(os.environ.get("KILN_SEED", "1"))
EQUAL_SETS = 0.98
ANSWER_S = 10  # rattler was seen to run away once in some ten thousand solves
MEMORY = 8 << 30
PYTHONS = ["3.9", "3.10", "3.11", "3.12"]
VIRTUALS = [["__glibc", "2.36", "0"], ["__unix", "0", "0"], ["__linux", "6.1", "0"]]
REAL_REQUESTS = [
    ["python"],
    ["python 3.11.*", "scipy", "pandas", "matplotlib", "scikit-learn", "pyarrow"],
    ["python 3.10.*"],
    ["python 3.10.*", "numpy"],
    ["numpy <2", "scipy", "requests", "jinja2"],
    ["kiln-constrains", "scikit-learn"],
    ["kiln-conflict"],
    ["kiln-featured", "kiln-clobber-a", "kiln-clobber-b", "kiln-commands"],
    ["kiln-needs-cuda"],
    ["kiln-needs-glibc", "pip", "tqdm", "pyyaml"],
    ["kiln-links", "kiln-folders", "kiln-old-style", "kiln-post-link", "kiln-pre-link"],
    ["sqlite", "pillow", "contourpy", "fonttools", "urllib3 <2"],
]


# ---- random channels ----


class Maker:
    """One channel: names that depend mostly on later names, so that cycles are few."""

    def __init__(self, rng):
        self.rng = rng
        self.count = rng.randint(5, 40)
        self.names = [f"p{i}" for i in range(self.count)]
        self.versions = {name: self.some_versions() for name in self.names}
        self.versions["python"] = PYTHONS
        self.tight = rng.random() < 0.35

    def some_versions(self):
        rng = self.rng
        found = {f"{rng.randint(0, 3)}.{rng.randint(0, 4)}" for _ in range(rng.randint(1, 8))}
        return sorted(found)

    def spec(self, name):
        """A match spec on the name that something of it mostly satisfies."""
        rng = self.rng
        version = rng.choice(self.versions[name])
        major, minor = version.split(".")
        above = f"{int(major) + 1}.0a0"
        forms = [
            name,
            f"{name} >={version}",
            f"{name} <{version}",
            f"{name} >={version},<{above}",
            f"{name} {major}.*",
            f"{name} <={version}",
        ]
        tight = [f"{name} {version}.*", f"{name} =={version}", f"{name} !={version}"]
        tight.append(f"{name} =={version}|=={rng.choice(self.versions[name])}")
        return rng.choice(forms + tight if self.tight else forms)

    def dependencies(self, at):
        rng = self.rng
        depends = []
        for _ in range(rng.choice([0, 0, 1, 1, 2, 2, 3, 4])):
            if rng.random() < 0.05:
                to = rng.randrange(self.count)
            elif at + 1 < self.count:
                to = rng.randrange(at + 1, min(self.count, at + 12))
            else:
                continue
            if to != at:
                depends.append(self.spec(self.names[to]))
        if rng.random() < 0.08:
            depends.append(rng.choice(["__glibc >=2.17", "__glibc >=2.40", "__cuda >=11"]))
        return depends

    def record(self, name, version, build, **more):
        rng = self.rng
        record = {"name": name, "version": version, "build": build, "build_number": 0}
        record.update(depends=[], constrains=[], **more)
        if rng.random() < 0.3:
            record["build_number"] = rng.randint(1, 3)
        if rng.random() < 0.8:
            record["timestamp"] = 1500000000000 + rng.randint(0, 10**11)
        if rng.random() < 0.04:
            record["track_features"] = "feature"
        return record

    def builds(self, at, version):
        rng = self.rng
        name = self.names[at]
        depends = self.dependencies(at)
        kind = self.kinds[at]
        if kind == "python":
            for python in rng.sample(PYTHONS, rng.randint(1, 4)):
                tag = "py" + python.replace(".", "")
                record = self.record(name, version, f"{tag}_0", subdir="linux-64")
                record["depends"] = depends + [f"python {python}.*"]
                yield record
        elif kind == "variant":
            other = rng.choice(self.names)
            for i, pin in enumerate(rng.sample(self.versions[other], 1) + [None]):
                record = self.record(name, version, f"v{i}", subdir="linux-64")
                record["depends"] = depends + ([f"{other} {pin}.*"] if pin else [])
                yield record
        else:
            noarch = kind == "noarch"
            subdir = "noarch" if noarch else "linux-64"
            record = self.record(name, version, "0", subdir=subdir)
            record["depends"] = depends + (["python >=3.10"] if noarch else [])
            if noarch:
                record["noarch"] = "generic"
            yield record

    def records(self):
        rng = self.rng
        kinds = ["plain", "plain", "python", "noarch", "variant"]
        self.kinds = [rng.choice(kinds) for _ in self.names]
        for python in PYTHONS:
            yield self.record("python", python, "0", subdir="linux-64")
        for at, name in enumerate(self.names):
            for version in self.versions[name]:
                for record in self.builds(at, version):
                    if rng.random() < 0.12:
                        record["constrains"].append(self.spec(rng.choice(self.names)))
                    yield record

    def request(self):
        rng = self.rng
        names = rng.sample(self.names, rng.randint(1, min(5, self.count)))
        specs = [self.spec(name) if rng.random() < 0.35 else name for name in names]
        if rng.random() < 0.3:
            specs.insert(0, f"python {rng.choice(PYTHONS)}.*")
        return specs


def repodata(records, subdir, rng):
    """As a channel's index is written: sorted by file name."""
    out = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}}
    for record in records:
        if record["subdir"] != subdir:
            continue
        stem = "{name}-{version}-{build}".format(**record)
        if rng.random() < 0.1:
            out["packages"][stem + ".tar.bz2"] = record
        if rng.random() < 0.9 or stem + ".tar.bz2" not in out["packages"]:
            out["packages.conda"][stem + ".conda"] = record
    for bucket in ("packages", "packages.conda"):
        out[bucket] = dict(sorted(out[bucket].items()))
    return out


def split(records, rng):
    """Names on two channels, some on both."""
    sides = {}
    for record in records:
        side = sides.setdefault(record["name"], rng.choice([(0,), (1,), (0, 1)]))
        yield rng.choice(side), record


def make_case(seed):
    rng = random.Random(seed)
    maker = Maker(rng)
    records = list(maker.records())
    placed = [(0, record) for record in records]
    if rng.random() < 0.15:
        placed = list(split(records, rng))
    channels = []
    for i, name in enumerate(["first", "second"]):
        mine = [record for side, record in placed if side == i]
        if mine:
            subdirs = {s: repodata(mine, s, rng) for s in ("linux-64", "noarch")}
            channels.append({"name": name, "subdirs": subdirs})
    specs = maker.request()
    if len(channels) > 1 and rng.random() < 0.5:
        specs[0] = f"file:///{rng.choice(channels)['name']}::{specs[0]}"
    return {"channels": channels, "specs": specs, "virtuals": VIRTUALS, "strict": True}


def real_cases():
    """Requests to the channel that the tests make, where it is there."""
    subdirs = {}
    for subdir in ("linux-64", "noarch"):
        path = f"build/channel/{subdir}/repodata.json"
        if not os.access(path, os.R_OK):
            return
        with open(path, encoding="utf-8") as data:
            subdirs[subdir] = json.load(data)
    channels = [{"name": "real", "subdirs": subdirs}]
    for specs in REAL_REQUESTS:
        yield {"channels": channels, "specs": specs, "virtuals": VIRTUALS, "strict": True}


# ---- rattler, in a process of its own ----


def rattler_sources(case, folder):
    import rattler

    for channel in case["channels"]:
        of = rattler.Channel(f"file:///{channel['name']}")
        for subdir, data in channel["subdirs"].items():
            path = os.path.join(folder, f"{channel['name']}-{subdir}.json")
            with open(path, "w", encoding="utf-8") as out:
                json.dump(data, out)
            yield rattler.SparseRepoData(of, subdir, path)


async def rattler_solve(case, folder):
    import rattler
    from rattler.exceptions import SolverError

    virtuals = [
        rattler.GenericVirtualPackage(
            rattler.PackageName(n), rattler.Version(v), rattler.package.BuildString(b)
        )
        for n, v, b in case["virtuals"]
    ]
    priority = rattler.ChannelPriority.Strict if case["strict"] else rattler.ChannelPriority.Flexible
    try:
        found = await rattler.solve_with_sparse_repodata(
            specs=case["specs"],
            channel_priority=priority,
            sparse_repodata=list(rattler_sources(case, folder)),
            virtual_packages=virtuals,
        )
    except SolverError as error:
        return {"conflict": str(error)}
    order = rattler.PackageRecord.sort_topologically(found)
    by_name = {record.name.normalized: record for record in found}
    names = [record.name.normalized for record in order]
    return {"files": [file_of(by_name[name]) for name in names]}


def file_of(record):
    channel = record.channel.rstrip("/").rsplit("/", 1)[-1]
    return f"{channel}/{record.subdir}/{record.file_name}"


def reference():
    """Cases on stdin, answers on stdout; never returns (its runtime may abort at the end)."""
    import asyncio

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    folder = sys.argv[2]
    loop = asyncio.new_event_loop()
    for line in sys.stdin:
        answer = loop.run_until_complete(rattler_solve(json.loads(line), folder))
        print(json.dumps(answer), flush=True)
    os._exit(0)


class Peer:
    """A process that answers a line with a line, started again when it does not."""

    def __init__(self, command, seconds):
        self.command = command
        self.seconds = seconds
        self.process = None

    def start(self):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(self.command, stdin=pipe, stdout=pipe)

    def ask(self, line):
        if not self.process:
            self.start()
        try:
            self.process.stdin.write(line)
            self.process.stdin.flush()
        except BrokenPipeError:
            return self.give_up()
        ready, _, _ = select.select([self.process.stdout], [], [], self.seconds)
        answer = self.process.stdout.readline() if ready else b""
        return json.loads(answer) if answer else self.give_up()

    def give_up(self):
        self.process.kill()
        self.process.wait()
        self.process = None
        return None

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait(timeout=60)


# ---- comparing ----


class Tally:
    def __init__(self):
        self.solved = self.unsolvable = self.other_set = self.other_order = self.lost = 0
        self.bad = []
        self.clauses = []

    def add_real(self, specs, kiln, rattler):
        """No ties there: all must be the same."""
        if kiln is None or rattler is None or kiln.get("files") != rattler.get("files"):
            self.bad.append((specs, f"kiln {kiln}, rattler {rattler}"))

    def add(self, seed, kiln, rattler):
        if kiln is None:
            self.bad.append((seed, "kiln gave no answer"))
            return
        solved = "files" in kiln
        self.solved += solved
        self.unsolvable += not solved
        if not solved:
            lines = kiln["conflict"].split("\nto solve it")[0].count("\n")
            self.clauses.append(lines)
            if lines < 1:
                self.bad.append((seed, kiln["conflict"]))
        if kiln["libsolv"] != solved:
            self.bad.append((seed, f"kiln: {solved}, libsolv: {kiln['libsolv']}"))
        if kiln.get("wrong"):
            self.bad.append((seed, f"broken: {kiln['wrong']}"))
        if rattler is None:
            self.lost += 1
        elif ("files" in rattler) != solved:
            self.bad.append((seed, f"kiln: {solved}, rattler: {not solved}"))
        elif solved and sorted(kiln["files"]) != sorted(rattler["files"]):
            self.other_set += 1
            self.note(seed, "set", kiln, rattler)
        elif solved and kiln["files"] != rattler["files"]:
            self.other_order += 1
            self.note(seed, "order", kiln, rattler)

    @staticmethod
    def note(seed, what, kiln, rattler):
        if os.environ.get("KILN_SHOW"):
            mine, theirs = set(kiln["files"]), set(rattler["files"])
            print(seed, what, sorted(mine - theirs), sorted(theirs - mine))
            if what == "order":
                print("  kiln   ", *kiln["files"], "\n  rattler", *rattler["files"])

    def percentile(self, part):
        found = sorted(self.clauses) or [0]
        return found[len(found) * part // 100]

    def verdict(self):
        for seed, text in self.bad:
            print(f"KILN_SEED={seed} KILN_CASES=1: {text}"[:2000])
        equal = 1 - self.other_set / max(1, self.solved)
        ordered = 1 - self.other_order / max(1, self.solved)
        print(
            f"{self.solved} solved, {self.unsolvable} unsolvable, equal sets {equal:.2%}, "
            f"equal orders {ordered:.2%}, no answer from rattler {self.lost}, lines of a "
            f"conflict: median {self.percentile(50)}, 90 % {self.percentile(90)}"
        )
        few = CASES < 100
        good = few or (min(equal, ordered) >= EQUAL_SETS and self.unsolvable > 0)
        return 0 if good and not self.bad and self.lost <= CASES // 100 else 1


def lacking():
    """What the comparison cannot do without, if this machine lacks it."""
    if not os.access(DRIVER, os.X_OK):
        return f"there is no {DRIVER}"
    command = [sys.executable, "-c", "import rattler, os; os._exit(0)"]
    if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode != 0:
        return "rattler is not installed"
    return None


def main():
    if reason := lacking():
        print(reason)
        return 77
    folder = tempfile.mkdtemp()
    kiln = Peer([DRIVER], 60)
    rattler = Peer([sys.executable, __file__, "--reference", folder], ANSWER_S)
    tally = Tally()
    for case in real_cases():
        line = json.dumps(case).encode() + b"\n"
        tally.add_real(case["specs"], kiln.ask(line), rattler.ask(line))
    for seed in range(SEED, SEED + CASES):
        line = json.dumps(make_case(seed)).encode() + b"\n"
        tally.add(seed, kiln.ask(line), rattler.ask(line))
    kiln.close()
    rattler.close()
    shutil.rmtree(folder)
    return tally.verdict()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--reference"]:
        reference()
    sys.exit(main())
