"""A channel as large as the largest there is, indexed and solved: time and peak memory.

    python3 tests/bench/solve.py [RECORDS]

Makes build/bench/channel (1,175,000 records of 20,000 names, half a gigabyte of JSON) unless it
is there, then solves three requests, first without a cache and then with one, and has rattler
solve them too where the tests' virtual environment has it.
"""

import os
import random
import resource
import shutil
import subprocess
import sys
import time

FOLDER = "build/bench"
PROGRAM = "build/plain/solve_bench"
PYTHON = "build/venv/bin/python"
NAMES = 20_000
LIBRARIES = 8_000
PYTHONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]
REQUESTS = [
    ["python 3.11.*", "py11900", "py11000", "py10000", "py9000", "py8000", "lib7000", "lib300"],
    ["python 3.12.*", "py10", "lib300"],
    ["py8000"],
]
RECORD = (
    '"{fn}":{{"build":"{build}","build_number":{number},"constrains":[{constrains}],'
    '"depends":[{depends}],"license":"BSD-3-Clause","md5":"{md5:032x}","name":"{name}",'
    '{noarch}"sha256":"{sha256:064x}","size":{size},"subdir":"{subdir}",'
    '"timestamp":{timestamp},"version":"{version}"}}'
)


class Writer:
    """One repodata.json, a record at a time."""

    def __init__(self, channel, subdir):
        os.makedirs(f"{channel}/{subdir}")
        self.subdir = subdir
        self.file = open(f"{channel}/{subdir}/repodata.json", "w", encoding="ascii")
        self.file.write('{"info":{"subdir":"%s"},"packages":{},"packages.conda":{' % subdir)
        self.count = 0

    def add(self, rng, name, version, build, depends, constrains=(), number=0):
        self.file.write(",\n" if self.count else "\n")
        self.count += 1
        fields = {
            "fn": f"{name}-{version}-{build}.conda",
            "build": build,
            "number": number,
            "constrains": ",".join(f'"{text}"' for text in constrains),
            "depends": ",".join(f'"{text}"' for text in depends),
            "md5": rng.getrandbits(128),
            "name": name,
            "noarch": '"noarch":"python",' if self.subdir == "noarch" else "",
            "sha256": rng.getrandbits(256),
            "size": rng.getrandbits(22),
            "subdir": self.subdir,
            "timestamp": 1500000000000 + self.count * 100_000,
            "version": version,
        }
        self.file.write(RECORD.format(**fields))

    def close(self):
        self.file.write("\n}}\n")
        self.file.close()


def versions(rng, mean):
    """Ascending; few names have many."""
    count = min(400, max(1, int(rng.expovariate(1 / mean))))
    major, minor, patch = rng.randint(0, 3), rng.randint(0, 4), 0
    for _ in range(count):
        step = rng.random()
        if step < 0.01:
            major, minor, patch = major + 1, 0, 0
        elif step < 0.4:
            minor, patch = minor + 1, 0
        else:
            patch += 1
        yield f"{major}.{minor}.{patch}"


class Channel:
    def __init__(self, folder, records):
        self.rng = random.Random(7)
        self.arch = Writer(folder, "linux-64")
        self.noarch = Writer(folder, "noarch")
        self.scale = records / 1_175_000
        self.libraries = {}
        self.modules = {}

    def pin(self, name, i, count):
        """What the i-th of so many versions asks of a library that was as old then."""
        theirs = self.libraries[name]
        version = theirs[-1]
        if i + 1 < count:
            version = theirs[i * len(theirs) // count]
        major, minor, _ = version.split(".")
        if self.rng.random() < 0.97:
            return f"{name} >={version},<{int(major) + 1}.0a0"
        return f"{name} >={version},<{major}.{int(minor) + 1}.0a0"

    def pick(self, pool, prefix, below, count):
        """Names made before, low ones more often: a few are below everything."""
        picked = {f"{prefix}{int(below * self.rng.random() ** 1.3)}" for _ in range(count)}
        return [name for name in sorted(picked) if name in pool]

    def add_python(self):
        for python in PYTHONS:
            for patch in range(14):
                for build in range(3):
                    depends = ["__glibc >=2.17", "lib0", "lib1", "lib2"]
                    tag = f"h{self.rng.getrandbits(28):07x}_{build}_cpython"
                    self.arch.add(
                        self.rng, "python", f"{python}.{patch}", tag, depends, number=build
                    )

    def add_library(self, at):
        rng = self.rng
        name = f"lib{at}"
        mine = list(versions(rng, 11 * self.scale))
        below = self.pick(self.libraries, "lib", at, rng.randint(0, 2))
        former = self.pick(self.libraries, "lib", at, rng.randint(1, 6))
        for i, version in enumerate(mine):
            for build in range(rng.randint(1, 5)):
                depends = ["__glibc >=2.17,<3.0.a0"]
                for other in below + (former if i < 0.7 * len(mine) else []):
                    depends.append(self.pin(other, i, len(mine)))
                constrains = [f"{name}-static {version}"] if rng.random() < 0.1 else []
                self.arch.add(
                    rng, name, version, f"h{rng.getrandbits(28):07x}_{build}", depends,
                    constrains, build,
                )
        self.libraries[name] = mine

    def add_module(self, at):
        rng = self.rng
        name = f"py{at}"
        pure = rng.random() < 0.6
        mine = list(versions(rng, (35 if pure else 20) * self.scale))
        others = self.pick(self.modules, "py", at, rng.randint(0, 2))
        former = self.pick(self.modules, "py", at, rng.randint(2, 9))
        below = [] if pure else self.pick(self.libraries, "lib", LIBRARIES, rng.randint(0, 2))
        for i, version in enumerate(mine):
            depends = [self.need(other) for other in others]
            if i < 0.7 * len(mine):
                depends += [self.need(other) for other in former if rng.random() < 0.5]
            if pure:
                self.noarch.add(
                    rng, name, version, "pyhd8ed1ab_0", ["python >=3.8"] + depends
                )
                continue
            for python in PYTHONS[max(0, i * 3 // len(mine)) :][:4]:
                tag = python.replace(".", "")
                major, minor = python.split(".")
                more = [f"python >={python},<{major}.{int(minor) + 1}.0a0"]
                more.append(f"python_abi {python}.* *_cp{tag}")
                more += [self.pin(other, i, len(mine)) for other in below]
                for build in range(rng.choice([1, 1, 2, 3])):
                    self.arch.add(
                        rng, name, version, f"py{tag}h{rng.getrandbits(28):07x}_{build}",
                        more + depends, number=build,
                    )
        self.modules[name] = mine

    def need(self, other):
        theirs = self.modules[other]
        if self.rng.random() < 0.4:
            return other
        return f"{other} >={theirs[int(len(theirs) * self.rng.random() * 0.8)]}"

    def make(self):
        for at in range(LIBRARIES):
            self.add_library(at)
        self.add_python()
        for python in PYTHONS:
            tag = python.replace(".", "")
            self.noarch.add(self.rng, "python_abi", python, f"8_cp{tag}", [])
        for at in range(NAMES - LIBRARIES):
            self.add_module(at)
        self.arch.close()
        self.noarch.close()
        return self.arch.count + self.noarch.count


def make_channel(folder, records):
    aside = folder + ".part"
    shutil.rmtree(aside, ignore_errors=True)
    count = Channel(aside, records).make()
    os.rename(aside, folder)
    size = sum(
        os.path.getsize(f"{folder}/{subdir}/repodata.json") for subdir in ("linux-64", "noarch")
    )
    print(f"made {count:,} records, {size / 1e6:.0f} MB")


async def rattler_solve(channel, request):
    import rattler

    start = time.monotonic()
    of = rattler.Channel("file://" + os.path.abspath(channel))
    data = [
        rattler.SparseRepoData(of, subdir, f"{channel}/{subdir}/repodata.json")
        for subdir in ("linux-64", "noarch")
    ]
    virtuals = [
        rattler.GenericVirtualPackage(
            rattler.PackageName(name), rattler.Version(version), rattler.package.BuildString("0")
        )
        for name, version in (("__glibc", "2.36"), ("__unix", "0"))
    ]
    found = await rattler.solve_with_sparse_repodata(
        specs=request, sparse_repodata=data, virtual_packages=virtuals
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = time.monotonic() - start
    print(f"{seconds:.2f} s, {len(found)} packages, peak {peak} MB", flush=True)
    os._exit(0)


def run(state, command):
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    if done.returncode == 0 or state != "rattler":
        print(f"  {state}: {(done.stdout or done.stderr).strip()[:400]}")


def main():
    if sys.argv[1:2] == ["--rattler"]:
        import asyncio

        asyncio.new_event_loop().run_until_complete(rattler_solve(sys.argv[2], sys.argv[3:]))
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 1_175_000
    channel = f"{FOLDER}/channel-{records}"
    if not os.path.isdir(channel):
        make_channel(channel, records)
    for request in REQUESTS:
        shutil.rmtree(f"{FOLDER}/cache", ignore_errors=True)
        print(", ".join(request))
        for state in ("cold", "warm", "warm"):
            run(state, [PROGRAM, f"{FOLDER}/cache", f"./{channel}", *request])
        if os.access(PYTHON, os.X_OK):
            run("rattler", [PYTHON, __file__, "--rattler", channel, *request])


if __name__ == "__main__":
    main()
