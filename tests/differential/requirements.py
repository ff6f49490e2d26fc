"""Versions, specifiers, requirements and markers of Python distributions (PEP 440, 508) against
packaging, on generated texts.

Where kiln is to differ from packaging, RULES says why. KILN_CASES: how many texts of each kind;
KILN_SEED: another run."""

import os
import re
import sys

try:
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version
except ImportError as missing:
    print(missing)
    sys.exit(77)
from packaging import tags
from kit import driver
from kit.generate import Generator
from kit.report import Report

CASES = int(os.environ.get("KILN_CASES", "4000"))
SEED = int(os.environ.get("KILN_SEED", "20250214"))

RULES = {
    "backslash": "a quoted text has no escapes (PEP 508); packaging reads it as Python does",
    "constants": "a marker without a variable is refused; packaging fails when it evaluates it",
    "lockfile": "extras and dependency_groups are for lock files; packaging has no value for them",
    "variables": "two variables are compared by value; packaging takes the second one's name",
    "undefined": "an order of what is no version is false, or that of texts; packaging raises",
    "url": "pip ends an address at `;`, with or without a blank before it",
    "suffix": "~= leaves out the last number of the release, whatever its suffix is called",
    "arbitrary": "a comma ends what === compares with; packaging's requirements take it along",
    "underscore": "a name ends in a letter or digit (PEP 508); packaging lets an underscore end it",
    "extra": "extras are compared as names, never as versions",
}


class Texts(Generator):
    def number(self):
        return self.one(["0", "1", "1", "2", "3", "9", "10", "00", "01", "2023", "99999999999999999999"])

    def case(self, text):
        return self.one([text, text, text.upper(), text.title()])

    def part(self, words):
        text = self.one(["", "", ".", "-", "_"]) + self.case(self.one(words))
        return text + self.one(["", "", ".", "-", "_"]) + self.one(["", self.number(), self.number()])

    def release(self):
        return ".".join(self.number() for _ in range(self.one([1, 2, 2, 3, 3, 4])))

    def version(self, local=True):
        text = self.one(["", "", "", "", "v", "V"])
        text += self.number() + "!" if self.chance(6) else ""
        text += self.release()
        if self.chance(25):
            text += self.part(["a", "b", "c", "rc", "alpha", "beta", "pre", "preview"])
        if self.chance(20):
            text += self.one([self.part(["post", "rev", "r"]), "-" + self.number()])
        if self.chance(15):
            text += self.part(["dev"])
        if local and self.chance(12):
            words = [self.one([self.number(), "abc", "UBUNTU", "a1"]) for _ in range(self.one([1, 2, 3]))]
            text += "+" + self.one([".", "-", "_"]).join(words)
        return text

    def near(self, text):
        change = self.random.randrange(6)
        if change == 0:
            return text + ".0"
        if change == 1:
            return text.split("+")[0]
        if change == 2:
            return text + self.one(["a1", ".post1", ".dev1", "+x", "rc2", ".1"])
        if change == 3:
            return re.sub(r"\d+", lambda m: self.one([m[0], str(int(m[0]) + 1)]), text)
        return re.match(r"v?[\d.]*\d|.", text, re.I)[0]

    def mutated(self, text):
        at = self.random.randrange(len(text) + 1)
        noise = self.one(list("0a1.b-_+!*~=<>,; ()[]@'\"vrxin\t"))
        return self.one([text[:at] + noise + text[at:], text[:at] + text[at + 1 :]])

    def specifier(self, pool):
        operator = self.one(["==", "!=", ">=", "<=", ">", "<", "~=", "==="])
        version = self.one(pool) if self.chance(60) else self.version(local=self.chance(20))
        if self.chance(15):
            version = re.match(r"v?[\d!.]*\d|.", version, re.I)[0] + ".*"
        return operator + self.one(["", "", " ", "  "]) + version

    def specifiers(self, pool):
        count = self.one([0, 1, 1, 1, 2, 2, 3])
        return self.one([",", ", ", " , "]).join(self.specifier(pool) for _ in range(count))

    def name(self):
        text = self.one(["numpy", "Foo_Bar", "a", "A.B-c__d", "zope.interface", "x1", "in", "or2"])
        return text + self.one(["", "", "", "-", "."]) if self.chance(4) else text

    VARIABLES = (
        "os_name sys_platform platform_machine platform_python_implementation platform_release "
        "platform_system platform_version python_version python_full_version "
        "implementation_name implementation_version extra"
    ).split()
    OLD = ["os.name", "sys.platform", "platform.machine", "platform.version", "python_implementation"]
    VALUES = ["posix", "linux", "win32", "x86_64", "CPython", "cpython", "3.8", "3.10", "3.11.*", "3", "2",
              "6.18.44-fc", "Linux", "test", "Test_Extra", "3.8 3.9 3.11", "", "3.11.9", "5", ">=3"]

    def item(self):
        operators = ["==", "!=", ">=", "<=", ">", "<", "~=", "===", "in", "not in", "not  in"]
        variable = self.one(self.VARIABLES + self.OLD + ["python_version", "python_full_version"])
        quote = self.one("'\"")
        value = quote + self.one(self.VALUES) + quote
        sides = [variable, value]
        if self.chance(12):
            sides.reverse()
        operator = self.one(operators)
        blank = " " if operator[-1] == "n" else self.one(["", " "])
        return sides[0] + blank + operator + blank + sides[1]

    def marker(self, depth=0):
        if depth > 2 or self.chance(50):
            return self.item()
        count = self.one([1, 2, 2, 3])
        parts = [self.marker(depth + 1) for _ in range(count)]
        text = parts[0]
        for part in parts[1:]:
            text += self.one([" and ", " or ", "  and\t"]) + part
        return f"({text})" if self.chance(40) else text

    def requirement(self, pool):
        text = self.one(["", " "]) + self.name() + self.one(["", "", " "])
        if self.chance(30):
            extras = [self.name() for _ in range(self.one([0, 1, 1, 2]))]
            text += "[" + self.one([",", " , "]).join(extras) + "]" + self.one(["", " "])
        if self.chance(20):
            text += "@" + self.one(["", " "]) + self.one(
                ["https://h.example/a-1.whl", "git+https://h/x.git@main#egg=x", "file:///a/b.zip"]) + " "
        else:
            specifiers = self.specifiers(pool)
            text += f"({specifiers})" if self.chance(15) else specifiers
        if self.chance(35):
            text += self.one(["", " "]) + ";" + self.one(["", " "]) + self.marker()
        return text


def read(make, text):
    try:
        return make(text)
    except (InvalidVersion, InvalidSpecifier, InvalidRequirement, InvalidMarker):
        return None


def versions(t, report):
    """What is one, how it is written, and the order; returns good ones."""
    texts = [t.version() for _ in range(CASES)]
    texts += [t.near(text) for text in texts] + [t.mutated(t.one(texts)) for _ in range(CASES)]
    texts = [text for text in dict.fromkeys(texts) if text]
    good = [text for text in texts if read(Version, text)]
    cases = []
    for text in texts:
        others = [t.one(good) for _ in range(4)]
        for _ in range(3):
            near = t.near(text)
            others += [near] if read(Version, near) else []
        cases.append(("pyversion", text, *others))
    for case, answer in zip(cases, driver.ask(cases)):
        theirs = read(Version, case[1])
        report.check("version", answer.ok == bool(theirs), case[1], str(theirs), str(answer))
        if not theirs or not answer.ok:
            continue
        report.check("normal form", answer.fields[0] == str(theirs), case[1], str(theirs), answer.fields[0])
        order = "".join("<" if theirs < o else ">" if theirs > o else "=" for o in map(Version, case[2:]))
        report.check("order", answer.fields[1] == order, case[1:], order, answer.fields[1])
    return good


SUFFIX = re.compile(r"~=\s*v?[\d!.]*\d?[-_.]?(c|pre|preview|alpha|beta|r|rev)[-_.\d]*|~=\s*V|~=\s*[^,]*[A-Z]", re.I)


def specifiers(t, report, pool):
    texts = [t.specifiers(pool) for _ in range(CASES)]
    texts += [t.mutated(t.one(texts)) for _ in range(CASES)]
    cases = [("pyspecifiers", text, *[t.one(pool) for _ in range(3)],
              *[v for v in (t.near(re.sub(r"[^\d.ab]+", "", text) or "1") for _ in range(4)) if read(Version, v)])
             for text in dict.fromkeys(texts)]
    for case, answer in zip(cases, driver.ask(cases)):
        theirs = read(SpecifierSet, case[1])
        report.check("specifiers", answer.ok == (theirs is not None), case[1], str(answer))
        if theirs is None or not answer.ok:
            continue
        found = "".join("01"[theirs.contains(v, prereleases=True)] for v in case[2:])
        mine = answer.fields[0] if answer.fields else ""
        if found != mine and SUFFIX.search(case[1]):
            report.rule("suffix")
            continue
        report.check("match", mine == found, case[1:], found, mine)


def url_rule(text):
    return re.match(r"[^;]*@[^;]*\S;", text)


def refused_by_rule(text):
    """Why kiln refuses a marker that packaging reads."""
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "''", text)
    if re.search(r"''\s*([=!<>~]=?=?|(not\s+)?in)\s*''", bare):
        return "constants"
    return "lockfile" if re.search(r"\b(extras|dependency_groups)\b", bare) else None


def requirements(t, report, pool):
    texts = [t.requirement(pool) for _ in range(CASES)]
    texts += [t.mutated(t.one(texts)) for _ in range(CASES)]
    cases = [("requirement", text) for text in dict.fromkeys(texts)]
    again = []
    for (_, text), answer in zip(cases, driver.ask(cases)):
        theirs = read(Requirement, text)
        if url_rule(text) or "\\" in text:
            report.rule("url")
        elif not answer.ok and theirs and refused_by_rule(text):
            report.rule(refused_by_rule(text))
        elif not answer.ok and theirs and re.search(r"_\W|_$", text):
            report.rule("underscore")
        elif answer.ok and not theirs and re.search(r"===[^;]*,", text):
            report.rule("arbitrary")
        elif answer.ok and not theirs and re.search(r";[ \t]*$|,[ \t]*(;|\)|$)", text):
            report.check("pip's leniency", True)
        else:
            report.check("requirement", answer.ok == bool(theirs), text, str(theirs), str(answer))
        if theirs and answer.ok and not url_rule(text):
            again.append((text, theirs, answer.fields[0]))
    for text, theirs, ours in again:
        mine = read(Requirement, ours)
        same = mine and canonicalize_name(mine.name) == canonicalize_name(theirs.name) and (
            {canonicalize_name(x) for x in mine.extras} == {canonicalize_name(x) for x in theirs.extras}
            and mine.specifier == theirs.specifier and mine.url == theirs.url
            and flat(mine.marker) == flat(theirs.marker))
        report.check("canonical text", same, text, ours, str(theirs))


def flat(marker):
    """A marker's meaning as text: without brackets that do nothing."""


    def item(node):
        texts = [part.serialize() for part in node]
        if "extra" in texts:
            texts = [t if t == "extra" or i == 1 else canonicalize_name(t) for i, t in enumerate(texts)]
        return " ".join(texts)

    def join(word, parts):
        if len(parts) == 1:
            return parts[0]
        inner = [p[1:] if isinstance(p, tuple) and p[0] == word else (p,) for p in parts]
        return (word, *[p for group in inner for p in group])

    def walk(node):
        if isinstance(node, tuple):
            return item(node)
        groups = [[]]
        for part in node:
            if part == "or":
                groups.append([])
            elif part != "and":
                groups[-1].append(walk(part))
        return join("or", [join("and", group) for group in groups])

    return walk(marker._markers) if marker else None


ENVIRONMENTS = [
    dict(zip(Texts.VARIABLES, values)) for values in (
        ("posix", "linux", "x86_64", "CPython", "6.18.44-fc", "Linux", "#1 SMP", "3.11", "3.11.9", "cpython", "3.11.9", ""),
        ("posix", "linux", "aarch64", "CPython", "", "Linux", "", "3.8", "3.8.20", "cpython", "3.8.20", "test-extra"),
        ("nt", "win32", "AMD64", "PyPy", "10", "Windows", "10.0.1", "2.7", "2.7.18", "pypy", "7.3.1", "Test.Extra"),
    )
]


def evaluate(marker, environment):
    """True, False, or None where packaging cannot say."""
    try:
        return marker.evaluate(environment)
    except (InvalidVersion, UndefinedComparison):
        return None


def markers(t, report):
    texts = [t.marker() for _ in range(CASES)]
    texts += [t.mutated(t.one(texts)) for _ in range(CASES)]
    texts = [text for text in dict.fromkeys(texts)]
    cases = [("marker", text, *environment.values()) for text in texts for environment in ENVIRONMENTS]
    answers = driver.ask(cases)
    for at, (case, answer) in enumerate(zip(cases, answers)):
        theirs = read(Marker, case[1])
        if not answer.ok and theirs and refused_by_rule(case[1]):
            report.rule(refused_by_rule(case[1]))
            continue
        report.check("marker", answer.ok == bool(theirs), case[1], str(answer))
        if not theirs or not answer.ok:
            continue
        mine = read(Marker, answer.fields[0])
        report.check("marker's text", mine is not None and flat(mine) == flat(theirs), case[1], answer.fields[0])
        found = evaluate(theirs, ENVIRONMENTS[at % len(ENVIRONMENTS)])
        if found is None:
            report.rule("undefined")
        elif found != (answer.fields[1] == "1") and "extra" in case[1]:
            report.rule("extra")
        else:
            report.check("evaluation", found == (answer.fields[1] == "1"), case[1:], found, answer.fields[1])


def wheel_tags(report):
    """The order of packaging.tags, which is that of preference."""
    for minor in (8, 9, 11, 13):
        for glibc in (17, 28, 31, 36, 41):
            for platform, arch, oldest in (("linux/amd64", "x86_64", 5), ("linux/arm64", "aarch64", 17)):
                platforms = []
                for n in range(glibc, oldest - 1, -1):
                    platforms.append(f"manylinux_2_{n}_{arch}")
                    old = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}.get(n)
                    platforms += [f"{old}_{arch}"] if old else []
                platforms.append(f"linux_{arch}")
                version = (3, minor)
                order = [*tags.cpython_tags(version, [f"cp3{minor}"], platforms),
                         *tags.compatible_tags(version, f"cp3{minor}", platforms)]
                none = ["cp27-cp27mu-linux_x86_64", "py2-none-any", f"cp3{minor + 1}-abi3-linux_{arch}", "pp39-pypy39_pp73-any",
                        f"cp3{minor}-cp3{minor}-musllinux_1_1_{arch}", f"py3{minor + 1}-none-any", "cp311-cp311-win_amd64",
                        f"cp3{minor}-cp3{minor}-manylinux_2_{glibc + 1}_{arch}", f"cp3{minor}-cp3{minor}t-linux_{arch}"]
                texts = [*map(str, order), *none]
                cases = [("tags", platform, str(glibc), f"3.{minor}.4", *texts[at : at + 400])
                         for at in range(0, len(texts), 400)]
                ranks = [int(r) for answer in driver.ask(cases) for r in answer.fields[0].split()]
                wanted = [t for t, r in zip(order, ranks) if r < 0]
                report.check("tag that fits", not wanted, platform, minor, glibc, list(map(str, wanted[:5])))
                report.check("tag that does not fit", all(r < 0 for r in ranks[-len(none):]), ranks[-len(none):], none)
                steps = [(str(a), str(b)) for a, b, x, y in zip(order, order[1:], ranks, ranks[1:]) if x >= y]
                report.check("order of tags", not steps, platform, minor, glibc, steps[:3])


def main():
    t, report = Texts(SEED), Report(SEED, RULES)
    pool = versions(t, report)
    specifiers(t, report, pool)
    requirements(t, report, pool)
    markers(t, report)
    wheel_tags(report)
    return report.close()


if __name__ == "__main__":
    driver.finish(main())
