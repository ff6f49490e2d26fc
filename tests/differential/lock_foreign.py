"""Locks of others: what conda-lock writes through its own API and rattler as pixi.lock, kiln reads
to the packages that their writers see in them; and what conda-lock makes of a lock of kiln's is
what kiln makes of it.

KILN_CASES: how many locks of each kind; KILN_SEED: another run."""

import os
import sys
import tempfile
from pathlib import Path

try:
    import conda_lock.lockfile as conda_lock
    from conda_lock.conda_lock import render_lockfile_for_platform
    from conda_lock.lockfile.v2prelim import models
    from rattler import LockChannel, LockFile, LockPlatform, PackageRecord, RepoDataRecord
    from rattler.package import BuildString
except ImportError as missing:
    print(missing)
    sys.exit(77)
from kit import driver
from kit.generate import Generator
from kit.report import Report

CASES = int(os.environ.get("KILN_CASES", "120"))
SEED = int(os.environ.get("KILN_SEED", "20250301"))
PLATFORMS = ["linux-64", "linux-aarch64", "osx-arm64"]
NAMES = ["python", "_libgcc_mutex", "p-q", "y", "a.b", "zlib", "r-base", "no"]
VERSIONS = ["1.0", "2024.1.1", "1!2.0", "0.6+218", "9e", "1_0", "2.0rc1"]
SPECS = ["", ">=1.0,<2.0a0", "1.10", "3.11.* *_cpython", "*", "==9e"]
report = Report(SEED)
check = report.check


class Packages(Generator):
    """Environments as lists of plain packages, dependencies before dependents."""

    channel = 0

    def hex(self, n):
        return "".join(self.one("0123456789abcdef") for _ in range(n))

    def package(self, name, platform, before):
        version, build = self.one(VERSIONS), self.one(["0", "py311_1", "h12_0", "1_cpython"])
        subdir = self.one([platform, platform, "noarch"])
        depends = self.random.sample(before, min(len(before), self.one([0, 0, 1, 2])))
        return {
            "name": name,
            "version": version,
            "build": build,
            "subdir": subdir,
            "channel": self.channel,
            "fn": f"{name}-{version}-{build}{self.one(['.conda', '.tar.bz2'])}",
            "depends": {d: self.one(SPECS) for d in depends},
            "md5": self.hex(32),
            "sha256": self.hex(64) if self.chance(70) else None,
        }

    def environment(self, platform):
        """With a channel of its own: equal addresses would have to be equal packages."""
        self.channel += 1
        names = self.random.sample(NAMES, self.random.randrange(1, len(NAMES)))
        return [self.package(n, platform, names[:i]) for i, n in enumerate(names)]


def url(package):
    return f"https://h.example/{package['channel']}/{package['subdir']}/{package['fn']}"


def lines(explicit):
    return [line for line in explicit.splitlines() if line and line[0] not in "#@"]


def check_order(explicit, packages):
    """Every package behind those it needs."""
    by_url = {url(p).replace("!", "%21"): p for p in packages}
    seen = set()
    for line in lines(explicit):
        package = by_url[line.split("#")[0].replace("!", "%21")]
        check("link order", set(package["depends"]) <= seen, explicit)
        seen.add(package["name"])


# ---- conda-lock ----


def conda_lock_text(g, environments, folder):
    packages = []
    for platform, listed in environments.items():
        for p in listed:
            hashes = models.HashModel(md5=p["md5"], sha256=p["sha256"])
            packages.append(
                models.LockedDependency(
                    name=p["name"],
                    version=p["version"],
                    manager="conda",
                    platform=platform,
                    dependencies=p["depends"],
                    url=url(p),
                    hash=hashes,
                    categories=p["categories"],
                )
            )
    meta = models.LockMeta(
        content_hash={platform: g.hex(64) for platform in environments},
        channels=["conda-forge", "https://h.example/c"],
        platforms=sorted(environments),
        sources=["environment.yml"],
        time_metadata=models.TimeMeta(created_at="2024-01-01T00:00:00Z"),
        inputs_metadata={"environment.yml": models.InputMeta(md5=g.hex(32), sha256=g.hex(64))},
    )
    path = Path(folder) / "conda-lock.yml"
    content = models.Lockfile(package=packages, metadata=meta)
    conda_lock.write_conda_lock_file(content, path, {models.MetadataOption.TimeStamp})
    return path.read_text()


def rendered(text, platform, folder):
    """What `conda-lock render --kind explicit` gives."""
    path = Path(folder) / "conda-lock.yml"
    path.write_text(text)
    return render_lockfile_for_platform(
        lockfile=conda_lock.parse_conda_lock_file(path),
        include_dev_dependencies=False,
        extras=None,
        kind="explicit",
        platform=platform,
    )


def check_conda_lock(g, folder):
    for _ in range(CASES):
        environments = {p: g.environment(p) for p in g.random.sample(PLATFORMS, g.one([1, 2, 3]))}
        for p in (p for listed in environments.values() for p in listed):
            p["categories"] = set(g.one([["main"], ["main"], ["main", "dev"]]))
        text = conda_lock_text(g, environments, folder)
        for platform, answer in zip(PLATFORMS, driver.ask([("lock", p, text) for p in PLATFORMS])):
            if platform not in environments:
                check("another platform", answer.code == driver.ABSENT, str(answer))
                continue
            check("conda-lock's lock is read", answer.ok, str(answer), text)
            if not answer.ok:
                continue
            ours = lines(answer.fields[1])
            theirs = lines("\n".join(rendered(text, platform, folder)))
            check("the same packages", sorted(ours) == sorted(theirs), ours, theirs)
            check_order(answer.fields[1], environments[platform])
            again = lines("\n".join(rendered(answer.fields[0], platform, folder)))
            check("conda-lock reads ours", sorted(ours) == sorted(again), ours, again)


# ---- pixi.lock ----


def repodata_record(p):
    record = PackageRecord(
        p["name"],
        p["version"],
        BuildString(p["build"]),
        0,
        p["subdir"],
        noarch="generic" if p["subdir"] == "noarch" else None,
        depends=[f"{n} {s}".strip() for n, s in p["depends"].items()],
        md5=bytes.fromhex(p["md5"]),
        sha256=bytes.fromhex(p["sha256"]) if p["sha256"] else None,
        size=1000,
    )
    return RepoDataRecord(record, p["fn"], url(p), f"https://h.example/{p['channel']}/")


def pixi_text(environments, folder):
    platforms = [LockPlatform(p) for p in PLATFORMS]
    lock = LockFile(platforms)
    for (name, platform), listed in environments.items():
        lock.set_channels(name, [LockChannel("https://h.example/c/")])
        for p in listed:
            lock.add_conda_package(name, platforms[PLATFORMS.index(platform)], repodata_record(p))
    path = Path(folder) / "pixi.lock"
    lock.to_path(str(path))
    return path.read_text()


def check_depends(written, packages):
    """The dependencies in kiln's own form of it are those that rattler was given."""
    path = Path(tempfile.mkstemp()[1])
    path.write_text(written)
    read = {p.name: p.dependencies for p in conda_lock.parse_conda_lock_file(path).package}
    path.unlink()
    for p in packages:
        check("depends", read[p["name"]] == p["depends"], read[p["name"]], p["depends"])


def check_pixi(g, folder):
    for _ in range(CASES):
        places = [(e, p) for e in ("default", "docs", "3.11") for p in PLATFORMS]
        environments = {at: g.environment(at[1]) for at in g.random.sample(places, g.one([1, 3]))}
        text = pixi_text(environments, folder)
        answers = driver.ask([("lock", p, text, e) for e, p in places])
        for at, answer in zip(places, answers):
            if at not in environments:
                check("another environment", not answer.ok, str(answer))
                continue
            check("rattler's lock is read", answer.ok, str(answer), text)
            if not answer.ok:
                continue
            ours = [line.split("#") for line in lines(answer.fields[1])]
            wanted = [[url(p), p["md5"]] for p in environments[at]]
            check("the same packages", sorted(ours) == sorted(wanted), ours, wanted)
            check_order(answer.fields[1], environments[at])
            check_depends(answer.fields[0], environments[at])


def check_samples():
    """Of the older versions rattler reads the samples as kiln does."""
    folder = Path(driver.ROOT) / "tests/cases/lock"
    for path in sorted(folder.glob("pixi-*.lock")):
        for name, environment in LockFile.from_path(str(path)).environments():
            by_platform = environment.conda_repodata_records()
            for platform, own in (("linux-64", "linux-64"), ("osx-64", "mac")):
                records = by_platform.get(platform) or by_platform.get(own, [])
                theirs = sorted(str(r.url) for r in records)
                answer = driver.ask([("lock", platform, path.read_text(), name)])[0]
                if not theirs:
                    check("nothing else is read", not answer.ok, path.name, name, platform)
                    continue
                ours = answer.ok and sorted(u.split("#")[0] for u in lines(answer.fields[1]))
                check("a sample", ours == theirs, path.name, name, platform, str(answer), theirs)


def main():
    g = Packages(SEED)
    with tempfile.TemporaryDirectory() as folder:
        check_conda_lock(g, folder)
        check_pixi(g, folder)
    check_samples()
    print(f"{CASES} locks of each kind")
    return report.close()


driver.finish(main())
