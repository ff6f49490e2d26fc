"""Locks: what kiln writes is read by conda-lock and py-rattler as it was meant, reads back to
the same lock, and no text however wrong is more than an error with its place.

KILN_CASES: how many locks; KILN_SEED: another run."""

import os
import re
import sys
import tempfile
from pathlib import Path

try:
    import yaml
    from conda_lock.lockfile import parse_conda_lock_file
    from rattler.explicit_environment import ExplicitEnvironmentSpec
except ImportError as missing:
    print(missing)
    sys.exit(77)
from kit import driver
from kit.generate import Generator
from kit.report import Report

CASES = int(os.environ.get("KILN_CASES", "150"))
SEED = int(os.environ.get("KILN_SEED", "20250214"))
SECRET = "S3CRET"
report = Report(SEED)
check = report.check


# ---- locks as conda-lock writes them ----


class Locks(Generator):
    def hex(self, n):
        return "".join(self.one("0123456789abcdef") for _ in range(n))

    def package(self, name, names):
        version = self.one(["1.0", "2024.1.1", "1!2.0", "1.10", "0.6+218", "9e", "1_0", "2.0rc1"])
        build = self.one(["0", "py311_1", "h1234567_0", "1_cpython"])
        subdir = self.one(["linux-64", "linux-64", "noarch"])
        secret = self.one(["", "", f"u:{SECRET}@"])
        token = self.one(["", "", f"/t/{SECRET}"])
        end = self.one([".conda", ".conda", ".tar.bz2"])
        fn = f"{name}-{version}-{build}{end}"
        hashes = {"md5": self.hex(32)}
        if self.chance(70):
            hashes["sha256"] = self.hex(64)
        return {
            "name": name,
            "version": version,
            "manager": "conda",
            "platform": "linux-64",
            "dependencies": {
                n: self.one(["", ">=1.0,<2.0a0", "1.10", "3.11.* *_cpython", "*", "==9e", "yes"])
                for n in self.random.sample(names, min(len(names), self.one([0, 0, 1, 2, 4])))
            },
            "url": f"https://{secret}h.example{token}/c/{subdir}/{fn}",
            "hash": hashes,
            "category": "main",
            "optional": False,
        }

    def custom(self):
        """What kiln keeps there: text, of which some has an entry a line."""
        rows = {
            "kiln_key": self.hex(64),
            "kiln_base_name": self.one(["docker.io/library/debian:12", "h.example:5000/a"]),
            "kiln_base_digest": "sha256:" + self.hex(64),
            "kiln_virtuals": self.one(["__glibc=2.36=0", "__cuda=12=0\n__glibc=2.36=0"]),
            "kiln_specs": self.one(["a", 'a[version=">=1"]\nb # c', "yes\n- x: 'y'"]),
        }
        kept = {k: v for k, v in rows.items() if self.chance(60)}
        return {"kiln_order": "link"} | kept

    def lock(self):
        names = ["python", "no", "on", "_libgcc_mutex", "p-q", "y", "null", "a.b", "1"]
        names = self.random.sample(names, self.random.randrange(len(names)))
        packages = []
        for i, name in enumerate(names):
            packages.append(self.package(name, names[:i]))
        return {
            "version": 1,
            "metadata": {
                "content_hash": {"linux-64": self.hex(64)},
                "channels": [{"url": f"https://u:{SECRET}@h.example/c", "used_env_vars": []}],
                "platforms": ["linux-64"],
                "sources": ["environment.yml"],
                "custom_metadata": self.custom(),
            },
            "package": packages,
        }


def plain_url(url):
    return re.sub("/t/[^/]*", "", re.sub("//[^/@]*@", "//", url))


def check_written(lock, answer, folder):
    """The two forms that came of a lock, against the lock."""
    text, explicit = answer.fields
    check("no secret in a lock", SECRET not in text + explicit, text)
    path = Path(folder) / "conda-lock.yml"
    path.write_text(text)
    read = parse_conda_lock_file(path)
    kept = read.metadata.custom_metadata
    check("custom metadata", kept == lock["metadata"]["custom_metadata"], kept, text)
    check("conda-lock's packages", len(read.package) == len(lock["package"]), text)
    by_name = {p["name"]: p for p in lock["package"]}  # they sort
    for theirs in read.package:
        wanted = by_name[theirs.name]
        have = {
            "name": theirs.name,
            "version": theirs.version,
            "url": theirs.url,
            "hash": {k: v for k, v in theirs.hash.model_dump().items() if v},
            "dependencies": theirs.dependencies,
            "category": ",".join(theirs.categories),
        }
        wanted = {k: wanted[k] for k in have} | {"url": plain_url(wanted["url"])}
        check("conda-lock reads a package", have == wanted, have, wanted)
    check_types(text)
    check_explicit(lock, explicit)


def check_types(text):
    """Readers of YAML 1.1 (micromamba's is one) must see text where text is meant."""
    data = yaml.safe_load(text)
    check("version", data["version"] == 1)
    for package in data["package"]:
        scalars = [package[k] for k in ("name", "version", "platform", "url", "build")]
        scalars += [*package["dependencies"], *package["dependencies"].values()]
        scalars += package["hash"].values()
        check("text", all(isinstance(s, str) for s in scalars), scalars)
        check("optional", package["optional"] is False)


def check_explicit(lock, explicit):
    spec = ExplicitEnvironmentSpec.from_str(explicit)
    check("rattler's platform", str(spec.platform) == "linux-64", str(spec.platform))
    urls = [str(p.url).split("#")[0].replace("%21", "!") for p in spec.packages]
    check("rattler reads @EXPLICIT", urls == [plain_url(p["url"]) for p in lock["package"]], urls)
    for line, package in zip(explicit.splitlines()[2:], lock["package"]):
        check("hash of a line", line.endswith("#" + package["hash"]["md5"]), line)


def check_locks(g):
    locks = [g.lock() for _ in range(CASES)]
    texts = [yaml.safe_dump(lock, sort_keys=g.chance(50)) for lock in locks]
    first = driver.ask([("lock", "linux-64", text) for text in texts])
    again = driver.ask([("lock", "linux-64", a.fields[0]) for a in first])
    lists = driver.ask([("lock", "linux-64", a.fields[1]) for a in first if a.ok])
    with tempfile.TemporaryDirectory() as folder:
        for lock, answer, same, explicit in zip(locks, first, again, lists):
            check("a lock is read", answer.ok, str(answer))
            check("written, read, written", same.ok and same.fields == answer.fields, str(same))
            check("@EXPLICIT again", explicit.ok and explicit.fields[1] == answer.fields[1])
            check_written(lock, answer, folder)
    return texts


# ---- dependencies: what several specs on one name say, the one in the lock says ----


def check_depends(g):
    cases = []
    for _ in range(CASES * 4):
        versions = [g.version() for _ in range(2)]
        names = g.random.sample(["a", "b", "c-d", "_e"], g.one([1, 1, 2, 3]))
        specs = []
        for name in names:
            for _ in range(g.one([1, 1, 2, 3])):
                specs.append(name + g.one(["", " " + g.expression(versions)]))
            if g.chance(20):  # one build a name: the map has room for no more
                specs[-1] += " *" * (" " not in specs[-1]) + g.one([" py*", " h0_1"])
        near = [g.near(v) for v in versions] + versions
        cases.append((names, specs, [v for v in near if re.match("[0-9a-zA-Z]", v)]))
    answers = driver.ask([("depends", *specs) for _, specs, _ in cases])
    asked, wanted = [], []
    for (names, specs, versions), answer in zip(cases, answers):
        check("depends are written", answer.ok, specs, str(answer))
        for name, joined in zip(names, answer.fields):
            own = [s for s in specs if re.match(re.escape(name) + "( |$)", s)]
            rows = [f for v in versions for b in ("py1", "h0_1") for f in (name, v, b, "0")]
            asked.append([("records", "record", s, *rows) for s in (joined, *own)])
    flat = driver.ask([case for group in asked for case in group])
    for group in asked:
        joined, *own = flat[: len(group)]
        del flat[: len(group)]
        if not all(a.ok for a in own):
            continue
        both = "".join("01"[all(b == "1" for b in bits)] for bits in zip(*(a.fields[1] for a in own)))
        check("depends joined", joined.ok and joined.fields[1] == both, group[0][2], [c[2] for c in group[1:]])


# ---- hostile text ----

WRONG = [[], {}, 1, None, "x", "../x", ["a", 1], {"a": []}, True, "\0", "x" * 300]


def places(node, path=()):
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def replaced(node, path, value):
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = replaced(node[path[0]], path[1:], value)
    return copy


def hostile_texts(g, texts):
    for text in texts[:12]:
        lock = yaml.safe_load(text)
        for path in places(lock):
            yield yaml.safe_dump(replaced(lock, path, g.one(WRONG)))
        lines = text.splitlines(keepends=True)
        for i, line in enumerate(lines):
            yield "".join(lines[:i] + [line] + lines[i:])
    for text in texts:
        yield g.mutated(text)
        yield text[: g.random.randrange(len(text))]


def check_hostile(g, texts):
    hostile = [t for t in hostile_texts(g, texts) if not set(t) & {driver.FIELD, driver.CASE}]
    for text, answer in zip(hostile, driver.ask([("lock", "linux-64", t) for t in hostile])):
        if answer.ok:
            # Of what was mutated into no address, nobody can say what is secret.
            known = SECRET not in re.sub(f" https://(u:{SECRET}@)?h.example(/t/{SECRET}/)?", "", text)
            leaks = known and SECRET in "".join(answer.fields)
            check("no secret in what is read", not leaks, text, answer.fields)
            continue
        place = re.match(r"lock:[1-9]\d*:[1-9]\d*: \S|lock: nothing is locked for", answer.error)
        known = answer.code in (driver.SYNTAX, driver.ABSENT, driver.LIMIT)
        check("an error has its place", place and known, answer.code, answer.error)
        check("no secret in an error", SECRET not in answer.error, answer.error)
    print(f"{len(hostile)} hostile locks")


def main():
    g = Locks(SEED)
    texts = check_locks(g)
    check_depends(g)
    check_hostile(g, texts)
    print(f"{CASES} locks")
    return report.close()


driver.finish(main())
