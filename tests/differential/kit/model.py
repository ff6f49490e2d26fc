"""Versions and their order as CEP 33 has them, written anew to judge where clients differ."""

import functools
import re

SEGMENT = "[0-9a-z]+"
PART = rf"{SEGMENT}(?:[._-]{SEGMENT})*(?:_{{1,2}}|-{{1,2}}|[.][_-])?"
VERSION = re.compile(rf"(?:([0-9]+)!)?({PART})(?:\+({PART}))?", re.ASCII)
KINDS = {"dev": 0, "_": 1, "word": 2, "number": 3, "post": 4}
ZERO = ("number", 0)


def component(run):
    if run.isdigit():
        return ("number", int(run))
    if run in ("dev", "post"):
        return (run, 0)
    return ("_", 0) if run == "_" else ("word", run)


def part(text, glue):
    """The segments of a part. glue: an underscore at the end belongs to the word before it."""
    if text.endswith(("__", "._")):
        return part(text[:-2], glue) + [[ZERO, ("_", 0)]]
    tail = "_" * text.endswith("_")
    segments = []
    for segment in text[: len(text) - len(tail)].split("_"):
        segments += segment.split(".")
    rows = [re.findall("[0-9]+|[a-z]+", s) for s in segments]
    if tail and glue and rows[-1][-1].isalpha():
        rows[-1][-1] += tail
    elif tail:
        rows[-1].append(tail)
    return [[ZERO] * (not r[0].isdigit()) + [component(run) for run in r] for r in rows]


def parse(text, glue=True):
    """(epoch, main, local), or None when the text is no version."""
    found = VERSION.fullmatch(text.lower())
    if not found or ("_" in text and "-" in text):
        return None
    if any(int(n) >= 2**64 for n in re.findall("[0-9]+", text)):
        return None
    epoch, main, local = found.groups()
    local = part(local.replace("-", "_"), glue) if local else []
    return int(epoch or 0), part(main.replace("-", "_"), glue), local


def pad(row, n, filler):
    return row + [filler] * (n - len(row))


def compare_parts(a, b):
    n = max(len(a), len(b))
    for x, y in zip(pad(a, n, []), pad(b, n, [])):
        m = max(len(x), len(y))
        for c, d in zip(pad(x, m, ZERO), pad(y, m, ZERO)):
            if c != d:
                left, right = (KINDS[c[0]], c[1]), (KINDS[d[0]], d[1])
                return -1 if left < right else 1
    return 0


def compare(a, b, rattler=False):
    """-1, 0 or 1 for two texts. rattler: as it orders `1a_`, the underscore on its own."""
    a, b = parse(a, not rattler), parse(b, not rattler)
    if a[0] != b[0]:
        return -1 if a[0] < b[0] else 1
    return compare_parts(a[1], b[1]) or compare_parts(a[2], b[2])


def part_starts(version, prefix, rattler=False):
    for i, want in enumerate(prefix):
        have = version[i] if i < len(version) else []
        # `1.0.*` matches `1a` in rattler, not in conda.
        last = i + 1 == len(prefix) or (rattler and i + 1 == len(version))
        if not last and len(have) > len(want):
            return False
        if pad(have, len(want), ZERO)[: len(want)] != want:
            return False
    return True


def starts_with(version, prefix, rattler=False):
    v, p = parse(version, glue=False), parse(prefix, glue=False)
    if v[0] != p[0] or not part_starts(v[1], p[1], rattler):
        return False
    # `1+a.*` matches `1.2+a` in rattler, not in conda.
    return part_starts(v[2], p[2], rattler) and (
        rattler or not p[2] or compare_parts(v[1], p[1]) == 0
    )


def compatible(version, limit, rattler=False):
    v, p = parse(version, glue=False), parse(limit, glue=False)
    return (
        compare(version, limit, rattler) >= 0
        and v[0] == p[0]
        and part_starts(v[1], p[1][:-1], rattler)
        and part_starts(v[2], p[2], rattler)
    )


class Unknown(Exception):
    """A regex that Python may read otherwise than POSIX."""


def text_matches(pattern, text):
    """A glob in which only `*` has a meaning, or ^...$."""
    if pattern.startswith("^"):
        if not re.fullmatch(r"\^[0-9a-z.*]*(\[\.\])?[0-9a-z.]*\$", pattern):
            raise Unknown(pattern)
    else:
        pattern = "^" + ".*".join(map(re.escape, pattern.split("*"))) + "$"
    return re.match(pattern, text, re.IGNORECASE) is not None


ORDERS = {
    "==": lambda c: c == 0,
    "!=": lambda c: c != 0,
    "<=": lambda c: c <= 0,
    ">=": lambda c: c >= 0,
    "<": lambda c: c < 0,
    ">": lambda c: c > 0,
}


def last_signs(text):
    """`1_` and `1-` are one to the order; `==` of rattler tells them apart."""
    return re.search("[-_]*$", text)[0]


def clause_matches(clause, version, rattler):
    op, limit = re.fullmatch(r"(==|!=|<=|>=|~=|<|>|)(.*)", clause).groups()
    if op == "" and limit == "*":
        return True
    body = limit[:-2] if limit.endswith(".*") else limit
    if limit.startswith("^") or "*" in body:
        return text_matches(limit, version) != (op == "!=")
    if limit.endswith(".*"):
        return starts_with(version, body, rattler) != (op == "!=")
    if op == "~=":
        return compatible(version, limit, rattler)
    if rattler and op in ("==", "!=") and last_signs(version) != last_signs(limit):
        return op == "!="
    return ORDERS[op](compare(version, limit, rattler))


@functools.lru_cache(maxsize=4096)
def tree(text):
    """A canonical expression as nested ("|" or ",", members) or a clause."""
    tokens = re.findall(r"\^[^$]*\$|.", text)
    for separator in "|,":
        depth, members = 0, [""]
        for c in tokens:
            depth += (c == "(") - (c == ")")
            if c == separator and depth == 0:
                members.append("")
            else:
                members[-1] += c
        if len(members) > 1:
            return (separator, tuple(tree(m) for m in members))
    return tree(text[1:-1]) if text.startswith("(") else text


def expression_matches(expression, version, rattler=False):
    """Whether the version satisfies a canonical expression, as kiln writes them. rattler: as
    that would see it."""
    node = tree(expression) if isinstance(expression, str) else expression
    if isinstance(node, str):
        return clause_matches(node, version, rattler)
    members = (expression_matches(m, version, rattler) for m in node[1])
    return any(members) if node[0] == "|" else all(members)


def has_pattern(expression):
    """Whether a clause of a canonical expression is a glob or a regex."""
    node = tree(expression) if isinstance(expression, str) else expression
    if isinstance(node, str):
        return "^" in node or "*" in node.removesuffix("*").removesuffix(".")
    return any(map(has_pattern, node[1]))
