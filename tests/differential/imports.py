"""Imports of real Python sources (the standard library, all that build/venv holds) as Python's own
parser has them. KILN_CASES: how many files at most."""

import ast
import os
import random
import sys
import sysconfig
import warnings
from pathlib import Path

from kit import driver
from kit.report import Report

CASES = int(os.environ.get("KILN_CASES", "1000"))
SEED = int(os.environ.get("KILN_SEED", "20261121"))
CAUGHT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def names(node):
    """All that an expression calls by name."""
    return {getattr(n, "id", None) or getattr(n, "attr", None) for n in ast.walk(node)} - {None}


def is_typing(node):
    words = names(node.test)
    other = any(isinstance(n, (ast.Not, ast.Or)) for n in ast.walk(node.test))
    return "TYPE_CHECKING" in words and not other


def imports(body):
    for node in body:
        if isinstance(node, ast.Import):
            yield from ((a.name.split(".")[0], a.lineno) for a in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0], node.lineno
        if isinstance(node, (ast.Try, ast.TryStar)):
            if any(h.type is None or names(h.type) & CAUGHT for h in node.handlers):
                continue
        if isinstance(node, ast.If) and is_typing(node):
            yield from imports(node.orelse)
            continue
        for field in ("body", "handlers", "orelse", "finalbody", "cases"):
            children = getattr(node, field, [])
            if isinstance(children, list):
                yield from imports(children)


def sources():
    folders = [sysconfig.get_paths()["stdlib"], sysconfig.get_paths()["purelib"]]
    found = sorted({p.resolve() for f in folders for p in Path(f).rglob("*.py")})
    random.Random(SEED).shuffle(found)
    for path in found[:CASES]:
        text = path.read_bytes()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
            text = text.decode()
        except (SyntaxError, ValueError, RecursionError):
            continue
        if not {driver.FIELD, driver.CASE, "\0"} & set(text):
            yield path, text, tree


def main():
    report = Report(SEED)
    cases = list(sources())
    for (path, _, tree), answer in zip(cases, driver.ask([("imports", text) for _, text, _ in cases])):
        want = sorted(f"{name}:{line}" for name, line in imports(tree.body))
        got = sorted(answer.fields[0].split()) if answer.ok else [str(answer)]
        report.check("imports", want == got, str(path), sorted(set(want) ^ set(got)))
    return report.close() or len(cases) < 300


if __name__ == "__main__":
    driver.finish(main())
