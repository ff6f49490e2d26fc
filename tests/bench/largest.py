"""A channel with the size and the shape of the largest public one, the same every time.

    python3 tests/bench/largest.py FOLDER [RECORDS]

1,175,000 records of 20,000 names in half a gigabyte of JSON: a few names are below nearly all
others, Python modules with compiled code are built once per Python, the rest once for all; what
is old is .tar.bz2 and depends on far more than what is new.
"""

import os
import random
import shutil
import sys

RECORDS = 1_175_000
NAMES = 20_000
LIBRARIES = 8_000
PYTHONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]
OLD = 0.7  # of a name's versions: those that depend on more
BZ2 = 0.3  # and those that are .tar.bz2
RECORD = (
    '"{fn}":{{"build":"{build}","build_number":{number},"constrains":[{constrains}],'
    '"depends":[{depends}],"license":"{license}","md5":"{md5:032x}",'
    '"name":"{name}",{noarch}"sha256":"{sha256:064x}","size":{size},"subdir":"{subdir}",'
    '"timestamp":{timestamp},"version":"{version}"}}'
)
LICENSES = ["BSD-3-Clause", "MIT", "Apache-2.0", "GPL-3.0-or-later"]


class Writer:
    """One repodata.json, a record at a time."""

    def __init__(self, rng, channel, subdir):
        os.makedirs(f"{channel}/{subdir}")
        self.rng = rng
        self.subdir = subdir
        self.path = f"{channel}/{subdir}/repodata.json"
        self.files = {}
        for extension in ("conda", "tar.bz2"):
            self.files[extension] = open(f"{self.path}.{extension}", "w+", encoding="ascii")
        self.count = 0

    def add(self, name, version, build, depends, constrains=(), number=0, old=False):
        extension = "tar.bz2" if old else "conda"
        file, rng = self.files[extension], self.rng
        self.count += 1
        fields = {
            "fn": f"{name}-{version}-{build}.{extension}",
            "build": build,
            "number": number,
            "constrains": ",".join(f'"{text}"' for text in constrains),
            "depends": ",".join(f'"{text}"' for text in depends),
            "license": LICENSES[len(name) % len(LICENSES)],
            "md5": rng.getrandbits(128),
            "name": name,
            "noarch": '"noarch":"python",' if self.subdir == "noarch" else "",
            "sha256": rng.getrandbits(256),
            "size": rng.getrandbits(22),
            "subdir": self.subdir,
            "timestamp": 1500000000000 + self.count * 100_000,
            "version": version,
        }
        file.write((",\n" if file.tell() else "\n") + RECORD.format(**fields))

    def close(self):
        with open(self.path, "w", encoding="ascii") as out:
            out.write('{"info":{"subdir":"%s"}' % self.subdir)
            for extension, key in (("tar.bz2", "packages"), ("conda", "packages.conda")):
                file = self.files[extension]
                file.seek(0)
                out.write(',"%s":{' % key)
                shutil.copyfileobj(file, out, 1 << 20)
                out.write("\n}")
                file.close()
                os.unlink(f"{self.path}.{extension}")
            out.write(',"repodata_version":1}\n')


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
        self.arch = Writer(self.rng, folder, "linux-64")
        self.noarch = Writer(self.rng, folder, "noarch")
        self.scale = records / RECORDS
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

    def pick(self, pool, prefix, below, count, popular):
        """Names made before; the more popular, the lower: a few are below everything."""
        picked = {f"{prefix}{int(below * self.rng.random() ** popular)}" for _ in range(count)}
        return [name for name in sorted(picked) if name in pool]

    def add_python(self):
        for python in PYTHONS:
            for patch in range(14):
                for build in range(3):
                    depends = ["__glibc >=2.17", "lib0", "lib1", "lib2"]
                    tag = f"h{self.rng.getrandbits(28):07x}_{build}_cpython"
                    self.arch.add("python", f"{python}.{patch}", tag, depends, number=build)

    def add_library(self, at):
        rng = self.rng
        name = f"lib{at}"
        mine = list(versions(rng, 10 * self.scale))
        below = self.pick(self.libraries, "lib", at, rng.randint(0, 2), 6)
        former = self.pick(self.libraries, "lib", at, rng.randint(1, 6), 1.1)
        for i, version in enumerate(mine):
            old = i < OLD * len(mine)
            for build in range(rng.randint(1, 5)):
                depends = ["__glibc >=2.17,<3.0.a0"]
                for other in below + (former if old else []):
                    depends.append(self.pin(other, i, len(mine)))
                constrains = [f"{name}-static {version}"] if rng.random() < 0.1 else []
                tag = f"h{rng.getrandbits(28):07x}_{build}"
                old_file = i < BZ2 * len(mine)
                self.arch.add(name, version, tag, depends, constrains, build, old_file)
        self.libraries[name] = mine

    def add_module(self, at):
        rng = self.rng
        name = f"py{at}"
        pure = rng.random() < 0.6
        mine = list(versions(rng, (35 if pure else 22) * self.scale))
        others = self.pick(self.modules, "py", at, rng.randint(0, 2), 6)
        former = self.pick(self.modules, "py", at, rng.randint(8, 18), 1.1)
        below = [] if pure else self.pick(self.libraries, "lib", LIBRARIES, rng.randint(0, 2), 6)
        for i, version in enumerate(mine):
            depends = [self.need(other) for other in others]
            if i < OLD * len(mine):
                depends += [self.need(other) for other in former if rng.random() < 0.5]
            old_file = i < BZ2 * len(mine)
            if pure:
                depends = ["python >=3.8"] + depends
                self.noarch.add(name, version, "pyhd8ed1ab_0", depends, old=old_file)
                continue
            below_now = [self.pin(other, i, len(mine)) for other in below]
            for python in PYTHONS[max(0, i * 3 // len(mine)) :][:4]:
                self.add_compiled(name, version, python, below_now + depends, old_file)
        self.modules[name] = mine

    def add_compiled(self, name, version, python, depends, old):
        """Once per Python, and now and then once more."""
        tag = python.replace(".", "")
        major, minor = python.split(".")
        mine = [f"python >={python},<{major}.{int(minor) + 1}.0a0"]
        mine.append(f"python_abi {python}.* *_cp{tag}")
        for build in range(self.rng.choice([1, 1, 2, 3])):
            build_text = f"py{tag}h{self.rng.getrandbits(28):07x}_{build}"
            self.arch.add(name, version, build_text, mine + depends, number=build, old=old)

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
            self.noarch.add("python_abi", python, f"8_cp{tag}", [])
        for at in range(NAMES - LIBRARIES):
            self.add_module(at)
        self.arch.close()
        self.noarch.close()
        return self.arch.count + self.noarch.count


def make(folder, records=RECORDS):
    """Unless it is there already: written aside, then renamed."""
    if os.path.isdir(folder):
        return
    aside = folder + ".part"
    shutil.rmtree(aside, ignore_errors=True)
    count = Channel(aside, records).make()
    os.rename(aside, folder)
    size = sum(
        os.path.getsize(f"{folder}/{subdir}/repodata.json") for subdir in ("linux-64", "noarch")
    )
    print(f"{folder}: {count:,} records, {size / 1e6:.0f} MB of JSON")


if __name__ == "__main__":
    make(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else RECORDS)
