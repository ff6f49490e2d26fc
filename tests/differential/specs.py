"""Versions, version expressions and match specs against py-rattler, on generated texts.

Where kiln is to differ from rattler, DEVIATIONS says why and what holds instead. An order or
a match that rattler sees otherwise must then be the one of kit/model.py.
KILN_CASES: how many texts of each kind; KILN_SEED: another run."""

import os
import random
import re
import sys

try:
    from rattler import MatchSpec, PackageRecord, Version, VersionSpec
    from rattler.package.build_string import BuildString
except ImportError:
    print("py-rattler is not installed")
    sys.exit(77)
from kit import driver, model
from kit.generate import Generator
from kit.report import Report

CASES = int(os.environ.get("KILN_CASES", "3000"))
SEED = int(os.environ.get("KILN_SEED", "20250214"))


def read(make, *args, **options):
    """What rattler reads, or None where it refuses; it raises what is no Exception too."""
    try:
        return make(*args, **options)
    except BaseException as why:
        if isinstance(why, KeyboardInterrupt):
            raise
        read.why = str(why)
        return None


def unique(make, n):
    """n texts, or what there is of them when the grammar gives no more."""
    found = {}
    for _ in range(4 * n):
        found[make()] = None
        if len(found) == n:
            break
    return list(found)


# ---- versions ----


def version_texts(g):
    texts = unique(g.version, CASES)
    near = [g.near(t) for t in texts]
    odd = [g.mutated(g.one(texts)) for _ in range(CASES)]
    return [t for t in dict.fromkeys(texts + near + odd) if t]


def check_versions(g, report):
    texts = version_texts(g)
    good = []
    for text, answer in zip(texts, driver.ask([("version", t) for t in texts])):
        theirs, ours = read(Version, text), answer.ok
        report.check("version accepted", ours == (theirs is not None), text, str(answer))
        report.check("version accepted, model", ours == (model.parse(text) is not None), text)
        if ours and theirs is not None:
            good.append(text)
    check_order(g, report, good)
    return good


def check_order(g, report, good):
    pairs = [(a, g.one(good)) for a in good] + [
        (a, b) for a in good for b in [g.near(a)] if read(Version, b) is not None
    ]
    for (a, b), answer in zip(pairs, driver.ask([("compare", a, b) for a, b in pairs])):
        x, y = Version(a), Version(b)
        theirs = "<" if x < y else ">" if x > y else "="
        ours = answer.fields[0]
        wanted = "=><"[model.compare(a, b)]
        report.check("order, model", ours == wanted, a, ours, b, "model", wanted)
        if ours == theirs:
            continue
        if theirs == "=><"[model.compare(a, b, rattler=True)]:
            report.rule("order of `1a_`: the underscore belongs to the word (CEP 33)")
        else:
            report.check("order", False, a, ours, b, "rattler", theirs)


# ---- version expressions ----


def check_expressions(g, report, versions):
    short = [v for v in versions if len(v) < 14]
    texts, candidates = [], []
    for text in unique(lambda: g.expression(g.random.sample(short, 3)), CASES):
        texts += [text, g.mutated(text)]
    for text in texts:
        about = [v for v in re.findall("[0-9a-zA-Z._!+-]+", text) if model.parse(v)]
        about += [n for n in (g.near(v) for v in about) if model.parse(n)]
        candidates.append(about[:12] + g.random.sample(short, 4))
    cases = [("versions", t, *c) for t, c in zip(texts, candidates)]
    for text, about, answer in zip(texts, candidates, driver.ask(cases)):
        compare_expression(report, text, about, answer)


def compare_expression(report, text, about, answer):
    # Their match specs take blanks behind operators, their version expressions do not.
    theirs = read(VersionSpec, re.sub("(?<=[=<>]) +(?![=<>!~])", "", text.strip()))
    row = deviation(EXPRESSIONS, text, answer, theirs)
    if row:
        report.rule(row)
    else:
        report.check("expression accepted", answer.ok == (theirs is not None), text, str(answer))
    if answer.ok:
        compare_matches(report, text, answer.fields[0], about, answer.fields[1], theirs)


def compare_matches(report, text, canonical, about, bits, theirs):
    for version, bit in zip(about, bits):
        ours = bit == "1"
        try:
            wanted = model.expression_matches(canonical, version)
        except model.Unknown:
            return
        report.check("match, model", ours == wanted, text, canonical, version, ours)
        if theirs is None or theirs.matches(Version(version)) == ours:
            continue
        if model.expression_matches(canonical, version, rattler=True) != ours:
            report.rule(MATCHES)
        elif re.search(r"!=[^,|)]*\.\*\.\*", text):
            report.rule(STARS)
        elif re.search("[.][_-]", text):
            report.rule(UNDERSCORES)
        else:
            report.check("match", False, text, canonical, version, "kiln", ours)


# ---- match specs ----


def make_records(g, versions):
    rows = []
    for version in versions:
        build = g.one(["b", "py_0", "py39_1", "h0_1", "py39hcuda_0", "0"])
        rows.append((g.one(["p", "p", "p", "numpy"]), version, build, str(g.random.randrange(4))))
    return rows


def rattler_record(row):
    name, version, build, number = row
    return PackageRecord(name, version, BuildString(build), int(number), "linux-64", None, None)


def check_specs(g, report, versions):
    short = [v for v in versions if len(v) < 10]
    texts = []
    for text in unique(lambda: g.spec(g.random.sample(short, 3)), CASES):
        texts += [text, g.mutated(text)]
    cases, all_rows = [], []
    for text in texts:
        about = [v for v in re.findall("[0-9][0-9a-zA-Z._!+-]*", text) if model.parse(v)]
        about += [n for n in (g.near(v) for v in about) if model.parse(n)]
        rows = make_records(g, about[:8] + g.random.sample(short, 4))
        all_rows.append(rows)
        cases.append(("records", "record", text, *(f for row in rows for f in row)))
    answers = driver.ask(cases)
    shown = driver.ask([("display", t) for t in texts])
    for text, rows, answer, display in zip(texts, all_rows, answers, shown):
        if compare_spec(report, text, rows, answer):
            compare_display(report, text, display)
    check_dialects(report, texts, answers)


def check_dialects(report, texts, answers):
    """What a user writes reads as a record's text, but for one form; and reads back."""
    asked = driver.ask([("records", "user", t) for t in texts])
    for text, user, record in zip(texts, asked, answers):
        report.check("dialects accept", user.ok == record.ok, text)
        same = not user.ok or user.fields[0] == record.fields[0]
        exact = re.sub(r'version="([^"=,|]*)[.][*]"', r'version="==\1"', user.fields[0])
        if not same and exact == record.fields[0]:
            report.rule("`p =1.2 b` is a prefix where a user writes it (CEP 29)")
        else:
            report.check("dialects", same, text, user.fields, record.fields)
    canonical = [a.fields[0] for a in asked if a.ok]
    for text, again in zip(canonical, driver.ask([("records", "user", t) for t in canonical])):
        report.check("reads back", again.ok and again.fields[0] == text, text, str(again))


def compare_spec(report, text, rows, answer):
    theirs = read(MatchSpec, text)
    if answer.ok and theirs is None:
        theirs = read(MatchSpec, tight(text))
        if theirs:
            report.rule("blanks are dropped between brackets and in parentheses as elsewhere")
    row = deviation(SPECS, text, answer, theirs)
    if row:
        report.rule(row)
        return False
    report.check("spec accepted", answer.ok == (theirs is not None), text, str(answer))
    if not answer.ok or theirs is None:
        return False
    canonical, wanted = map(plain, (answer.fields[0], read(theirs.to_canonical_string)))
    row = canonical != wanted and deviation(CANONICALS, text, canonical, wanted)
    if row:
        report.rule(row)
        return False
    report.check("canonical", canonical == wanted, text, canonical, wanted)
    compare_records(report, text, rows, answer, theirs)
    return True


def compare_display(report, text, display):
    """The text for people, where neither needs brackets or a channel for it."""
    theirs = read(MatchSpec, text) or read(MatchSpec, tight(text))
    wanted = re.sub(r"( [*])+$", "", str(theirs))
    if not re.search(r"\[|::", wanted + str(display)):
        report.check("text for people", str(display) == wanted, text, str(display), wanted)


def compare_records(report, text, rows, answer, theirs):
    # The records are of no channel, folder, licence or file name.
    elsewhere = re.search(r"[\[,](channel|subdir|fn|license|license_family)=", answer.fields[0])
    for fields, bit in zip(rows, answer.fields[1]):
        if elsewhere:
            report.check("spec match, of another channel", bit == "0", text)
            continue
        same = theirs.matches(rattler_record(fields)) == (bit == "1")
        if not same and version_differs(theirs.version, fields[1]):
            report.rule(MATCHES)
        else:
            report.check("spec match", same, text, fields, "kiln", bit)


def version_differs(expression, version):
    """Whether kiln's rules and rattler's see the version otherwise."""
    return expression is not None and (
        model.expression_matches(expression, version)
        != model.expression_matches(expression, version, rattler=True)
    )


def tight(text):
    """The spec without blanks at operators and separators in its brackets."""
    head, bracket, keys = text.partition("[")
    keys = re.sub(r"(?<=[=<>]) +(?![=<>!~])|(?<=[|,(\"']) +| +(?=[,|)\"'])", "", keys)
    return re.sub(r"(?<=\() +| +(?=\))", "", head) + bracket + keys


def plain(text):
    """A canonical text without "any", which kiln leaves out, and without what is only known
    with a configuration: rattler makes addresses of channels."""
    text = re.sub('(?:(?:version|build)="[*]"|(?:channel|namespace)="[^"]*")(?:,|(?=]))', "", text)
    return text.replace(",]", "]").replace("[]", "")


# ---- where kiln is to differ: why, and when that reason holds ----


def deviation(table, *case):
    """The reason of the row that a difference falls under."""
    for reason, applies in table:
        if applies(*case):
            return reason
    return None


def is_pattern(text, answer, theirs):
    """kiln took a glob or a regex; the model has checked what it matches."""
    if theirs is not None or not answer.ok:
        return False
    return has_pattern(answer.fields[0]) or PATTERN.search(text)


def has_pattern(canonical):
    """Whether a canonical spec's or expression's version holds a glob or a regex."""
    if "[" not in canonical:
        return model.has_pattern(canonical)
    found = re.search('version="([^"]*)"', canonical)
    return found is not None and model.has_pattern(found[1])


def odd_build(text, answer, theirs):
    """rattler takes all that follows a version for a build, whatever it is."""
    if answer.ok or theirs is None or theirs.build is None:
        return False
    if re.search(r"[\[,] *build=", text):  # which hides it
        return re.search("in a (version|build)|no version with|empty part|epoch before|behind", answer.error)
    build = theirs.build
    plain = re.fullmatch("[A-Za-z0-9_.+*]+", build) or re.fullmatch(r"\^.*\$", build)
    return not plain or not re.search("[ =]" + re.escape(build), text)


def odd_host(text, answer, theirs):
    return answer.ok and re.search('(https?|file)://[^"]*[@:#]', text)


def refused(why):
    return lambda text, answer, theirs: (
        theirs is not None and not answer.ok and why in answer.error
    )


MATCHES = (
    "order of `1a_`, `==1_` of `1-`, prefixes `1.0.*` of `1a` and `1+a.*` of `1.2+a`: "
    "as CEP 33, conda"
)
PATTERN = re.compile(r"\^|[*][._+-]*[0-9A-Za-z*]")
STARS = "`!=1.*.*` is `!=1.*`; rattler makes it `!=1`"
UNDERSCORES = "`1._` is a version (as Version has it), in an expression too"
PATTERNS = ("globs inside and regexes are matched against the text (CEP 29)", is_pattern)
SEPARATORS = (
    "a version does not end in `.`, in an expression neither",
    lambda text, answer, theirs: not answer.ok and re.search(r"[.][_-]?(?:[,|) =#\['\"\]]|$)", text),
)

EXPRESSIONS = [PATTERNS, SEPARATORS]
SPECS = [
    PATTERNS,
    SEPARATORS,
    (UNDERSCORES, lambda text, answer, theirs: answer.ok and re.search("[.][_-]", text)),
    ("a channel's host and port are looked at when it is fetched", odd_host),
    ("a build holds `A-Za-z0-9_.+*` or is a regex: else it is a clause gone astray", odd_build),
    ("a channel holds no sign of a version expression", refused("cannot stand in a channel")),
    ("`**` in a build is `*`", lambda text, answer, theirs: answer.ok and "**" in text),
    ("a regex is one of POSIX", refused("regular expression")),
    ("a key has a value", refused("has no value")),
    ("a name does not begin with `-` (CEP 26)", refused("'-' cannot stand in a package name")),
]
CANONICALS = [
    (PATTERNS[0], lambda text, ours, wanted: has_pattern(ours) or PATTERN.search(text)),
    (
        "blanks around a value without quotes do not belong to it",
        lambda text, ours, wanted: ours == re.sub(" +\"", '"', wanted),
    ),
    (
        "the root folder is no channel",
        lambda text, ours, wanted: re.match(" *(file:/)?/+[nl]", text),
    ),
    (
        "a `/` behind a channel tells nothing",
        lambda text, ours, wanted: re.match(r"[^:\[]*/ *:", text) and "subdir=" in ours,
    ),
    (UNDERSCORES, lambda text, ours, wanted: re.search("[.][_-]", text)),
    (
        STARS,
        lambda text, ours, wanted: re.search(r"!=[^,|)]*\.\*\.\*", text)
        and ours.replace(".*", "") == wanted.replace(".*", ""),
    ),
]


def main():
    g = Generator(SEED)
    report = Report(SEED)
    versions = check_versions(g, report)
    check_expressions(g, report, versions)
    check_specs(g, report, versions)
    return report.close()


driver.finish(main())
