"""Random channels and requests to them, of several families: each has much of one thing."""

import random

PYTHONS = ["3.9", "3.10", "3.11", "3.12"]
BASE = [["__glibc", "2.36", "0"], ["__unix", "0", "0"], ["__linux", "6.1", "0"]]
REQUESTS = 4  # to each channel

# How often, of 100: a build of a kind; a dependency backwards (a cycle); a build number, a
# timestamp, track_features; a spec that few versions fit; constrains; a virtual package.
USUAL = {
    "kinds": ["plain", "plain", "python", "noarch", "variant"],
    "names": (5, 40),
    "versions": (1, 8),
    "back": 5,
    "numbered": 30,
    "timed": 80,
    "times": 10**11,
    "featured": 4,
    "tight": 35,
    "constrains": 12,
    "virtual": 8,
    "channels": 1,
    "priorities": ["strict"],
}
FAMILIES = {
    "mixed": {},
    "conflicts": {"tight": 90, "names": (5, 20)},
    "constrains": {"constrains": 50},
    "features": {"featured": 30},
    "strict": {"channels": 3},
    "flexible": {"channels": 3, "priorities": ["flexible"]},
    "disabled": {"channels": 3, "priorities": ["disabled"]},
    "noarch": {"kinds": ["noarch", "both", "both", "plain"], "numbered": 50},
    "ties": {"versions": (1, 3), "kinds": ["variant", "python"], "timed": 50, "times": 2}
    | {"numbered": 20},
    "cycles": {"back": 40, "names": (4, 15)},
    "virtual": {"virtual": 50},
    "pythons": {"kinds": ["python", "python", "pinned", "noarch"]},
    "layers": {},
}
VIRTUAL_SPECS = ["__glibc >=2.17", "__glibc >=2.40", "__cuda >=11", "__cuda", "__unix"]
VIRTUAL_SPECS += ["__archspec 1 x86_64_v3", "__archspec * x86_64", "__linux >=5", "__win"]


class Maker:
    """One channel: names that depend mostly on later names, so that cycles are few."""

    def __init__(self, rng, settings):
        self.rng = rng
        self.settings = settings
        self.count = rng.randint(*settings["names"])
        self.names = [f"p{i}" for i in range(self.count)]
        self.kinds = [rng.choice(settings["kinds"]) for _ in self.names]
        self.versions = {name: self.some_versions() for name in self.names}
        self.versions["python"] = PYTHONS
        self.tight = self.chance(settings["tight"])

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    def some_versions(self):
        rng = self.rng
        count = rng.randint(*self.settings["versions"])
        return sorted({f"{rng.randint(0, 3)}.{rng.randint(0, 4)}" for _ in range(count)})

    def spec(self, name):
        """A match spec on the name that something of it mostly satisfies."""
        rng = self.rng
        version = rng.choice(self.versions[name])
        major = version.split(".", maxsplit=1)[0]
        above = f"{int(major) + 1}.0a0"
        forms = [
            name,
            f"{name} >={version}",
            f"{name} <{version}",
            f"{name} >={version},<{above}",
            f"{name} {major}.*",
            f"{name} <={version}",
        ]
        if self.tight:
            forms += [f"{name} {version}.*", f"{name} =={version}", f"{name} !={version}"]
            forms.append(f"{name} =={version}|=={rng.choice(self.versions[name])}")
        return rng.choice(forms)

    def dependencies(self, at):
        rng = self.rng
        depends = []
        for _ in range(rng.choice([0, 0, 1, 1, 2, 2, 3, 4])):
            if self.chance(self.settings["back"]):
                to = rng.randrange(self.count)
            elif at + 1 < self.count:
                to = rng.randrange(at + 1, min(self.count, at + 12))
            else:
                continue
            if to != at:
                depends.append(self.spec(self.names[to]))
        if self.chance(self.settings["virtual"]):
            depends.append(rng.choice(VIRTUAL_SPECS))
        return depends

    def record(self, name, version, build, depends, subdir="linux-64"):
        rng = self.rng
        made = {"name": name, "version": version, "build": build, "build_number": 0}
        made.update(depends=depends, constrains=[], subdir=subdir)
        if subdir == "noarch":
            made["noarch"] = "generic"
        if self.chance(self.settings["numbered"]):
            made["build_number"] = rng.randint(1, 3)
        if self.chance(self.settings["timed"]):
            made["timestamp"] = 1500000000000 + rng.randint(0, self.settings["times"])
        if self.chance(self.settings["featured"]):
            made["track_features"] = "feature"
        if self.chance(self.settings["constrains"]):
            made["constrains"].append(self.spec(rng.choice(self.names)))
        if self.chance(self.settings["virtual"] / 3):
            made["constrains"].append(rng.choice(VIRTUAL_SPECS))
        return made

    def builds(self, at, version):
        rng = self.rng
        name = self.names[at]
        kind = self.kinds[at]
        depends = self.dependencies(at)
        if kind in ("python", "pinned"):
            for python in rng.sample(PYTHONS, rng.randint(1, 4)):
                tag = "py" + python.replace(".", "")
                pins = [f"python {python}.*"]
                if kind == "pinned" and at + 1 < self.count:
                    pins.append(self.spec(self.names[rng.randrange(at + 1, self.count)]))
                yield self.record(name, version, f"{tag}_0", depends + pins)
        elif kind == "variant":
            other = rng.choice(self.names)
            for i, pin in enumerate(rng.sample(self.versions[other], 1) + [None]):
                pins = [f"{other} {pin}.*"] if pin else []
                yield self.record(name, version, f"v{i}", depends + pins)
        if kind in ("plain", "both"):
            yield self.record(name, version, "0", depends)
        if kind in ("noarch", "both"):
            build = "pyh_0" if kind == "both" else "0"
            yield self.record(name, version, build, depends + ["python >=3.10"], "noarch")

    def records(self):
        for python in PYTHONS:
            yield self.record("python", python, "0", [])
        for at, name in enumerate(self.names):
            for version in self.versions[name]:
                yield from self.builds(at, version)

    def request(self):
        rng = self.rng
        names = rng.sample(self.names, rng.randint(1, min(5, self.count)))
        specs = [self.spec(name) if rng.random() < 0.35 else name for name in names]
        if rng.random() < 0.3:
            specs.insert(0, f"python {rng.choice(PYTHONS)}.*")
        return specs


class Layers(Maker):
    """As real channels are: libraries, what is built on them for each Python with pins on the
    versions at hand that day, rebuilds with a higher build number, pure Python on top."""

    def __init__(self, rng, settings):
        super().__init__(rng, settings)
        self.libraries = [f"lib{i}" for i in range(rng.randint(3, 8))]
        self.compiled = [f"c{i}" for i in range(rng.randint(3, 8))]
        self.pure = [f"n{i}" for i in range(rng.randint(3, 10))]
        self.names = self.libraries + self.compiled + self.pure
        self.versions = {name: self.releases() for name in self.names}
        self.versions["python"] = PYTHONS
        self.day = {name: sorted(rng.sample(range(1000), 9)) for name in self.names}

    def releases(self):
        rng = self.rng
        major, minor, found = rng.randint(0, 3), 0, []
        for _ in range(rng.randint(1, 8)):
            found.append(f"{major}.{minor}.{rng.randint(0, 2)}")
            bump = rng.random() < 0.25
            major, minor = (major + 1, 0) if bump else (major, minor + 1)
        return found

    def at_day(self, name, day):
        """The newest version of the name at that time."""
        days = zip(self.day[name], self.versions[name])
        return ([v for d, v in days if d <= day] or self.versions[name])[-1]

    def pin(self, name, day):
        version = self.at_day(name, day)
        major, minor, _ = version.split(".")
        above = f"{int(major) + 1}.0a0"
        if self.chance(25):
            return f"{name} >={version},<{major}.{int(minor) + 1}.0a0"
        return f"{name} >={version},<{above}"

    def stamp(self, made, day):
        made["timestamp"] = 1500000000000 + day * 86400000 + self.rng.randint(0, 80000000)
        made.pop("track_features", None)
        made["build_number"] = 0
        return made

    def library(self, name, version, day):
        below = self.libraries[: self.libraries.index(name)]
        chosen = self.rng.sample(below, min(len(below), self.rng.randint(0, 2)))
        for number in range(self.rng.randint(1, 2)):
            pins = [self.pin(other, day + number * 90) for other in chosen]
            made = self.record(name, version, f"h{number}_{number}", [*pins, "__glibc >=2.17"])
            yield self.stamp(made, day + number * 90) | {"build_number": number}

    def extension(self, name, version, day):
        rng = self.rng
        libraries = rng.sample(self.libraries, rng.randint(0, 3))
        below = self.compiled[: self.compiled.index(name)]
        others = [self.spec(o) for o in rng.sample(below, min(len(below), rng.randint(0, 2)))]
        for number in range(rng.randint(1, 2)):
            for python in PYTHONS[rng.randint(0, 2) :]:
                pins = [self.pin(other, day + number * 60) for other in libraries]
                minor = python.split(".")[1]
                pins.append(f"python >={python},<3.{int(minor) + 1}.0a0")
                build = f"py3{minor}h_{number}"
                made = self.record(name, version, build, pins + others)
                yield self.stamp(made, day + number * 60) | {"build_number": number}

    def plain(self, name, version, day):
        rng = self.rng
        above = self.compiled + self.pure[: self.pure.index(name)]
        depends = [self.spec(o) for o in rng.sample(above, min(len(above), rng.randint(0, 4)))]
        depends.append(f"python >={rng.choice(PYTHONS)}")
        yield self.stamp(self.record(name, version, "pyhd_0", depends, "noarch"), day)

    def records(self):
        for python in PYTHONS:
            yield self.stamp(self.record("python", python, "h_0", []), int(python[2:]) * 50)
        make = {n: self.library for n in self.libraries}
        make |= {n: self.extension for n in self.compiled} | {n: self.plain for n in self.pure}
        for name in self.names:
            for day, version in zip(self.day[name], self.versions[name]):
                yield from make[name](name, version, day)

    def request(self):
        rng = self.rng
        names = rng.sample(self.compiled + self.pure, rng.randint(1, 5))
        specs = [self.spec(name) if rng.random() < 0.3 else name for name in names]
        if rng.random() < 0.5:
            specs.insert(0, f"python {rng.choice(PYTHONS)}.*")
        return specs


def repodata(records, subdir, rng):
    """As a channel's index is written: sorted by file name."""
    out = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}}
    for record in records:
        if record["subdir"] != subdir:
            continue
        stem = "{name}-{version}-{build}".format(**record)
        twin = rng.random()
        if twin < 0.1:
            out["packages"][stem + ".tar.bz2"] = record
        if twin > 0.01:
            out["packages.conda"][stem + ".conda"] = record
    for bucket in ("packages", "packages.conda"):
        out[bucket] = dict(sorted(out[bucket].items()))
    return out


def split(records, count, rng):
    """Names on several channels: some on one, some here and there, some records on all."""
    ways = [[i] for i in range(count)] + [list(range(count))] * 2
    sides = {}
    for record in records:
        side = sides.setdefault(record["name"], rng.choice(ways))
        for i in side if len(side) > 1 and rng.random() < 0.1 else [rng.choice(side)]:
            yield i, record


def some_virtuals(rng):
    found = list(BASE)
    if rng.random() < 0.5:
        found.append(["__cuda", rng.choice(["10.2", "11.8", "12.4"]), "0"])
    if rng.random() < 0.5:
        found.append(["__archspec", "1", rng.choice(["x86_64", "x86_64_v3"])])
    return found


def make(seed):
    """A channel's files and the questions about it: {"family", "channels": [{"name", "subdirs":
    {subdir: repodata}}], "questions": [{"specs", "virtuals", "priority"}]}."""
    family = list(FAMILIES)[seed % len(FAMILIES)]
    settings = USUAL | FAMILIES[family]
    rng = random.Random(seed)
    maker = (Layers if family == "layers" else Maker)(rng, settings)
    count = settings["channels"]
    placed = list(split(maker.records(), count, rng))
    channels = []
    for i, name in enumerate(["first", "second", "third"][:count]):
        mine = [record for side, record in placed if side == i]
        subdirs = {s: repodata(mine, s, rng) for s in ("linux-64", "noarch")}
        channels.append({"name": name, "subdirs": subdirs})
    questions = []
    for _ in range(REQUESTS):
        specs = maker.request()
        if count > 1 and rng.random() < 0.2:
            specs[0] = f"file:///{rng.choice(channels)['name']}::{specs[0]}"
        virtuals = some_virtuals(rng) if family == "virtual" else BASE
        priority = rng.choice(settings["priorities"])
        questions.append({"specs": specs, "virtuals": virtuals, "priority": priority})
    return {"family": family, "channels": channels, "questions": questions}
