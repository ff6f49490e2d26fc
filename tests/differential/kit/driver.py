"""Talks to specs_driver.c: many cases at once, one answer each."""

import os
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
FIELD, CASE = "\x1f", "\x1e"
SYNTAX, ABSENT, LIMIT = "-3", "-4", "-12"


class Answer:
    """ok and the fields behind it; or not ok, the error's code and line."""

    def __init__(self, text):
        self.ok, *self.fields = text.split(FIELD)
        self.ok = self.ok == "ok"
        self.code, self.error = (None, None) if self.ok else self.fields[:2]

    def __str__(self):
        return " ".join(self.fields) if self.ok else f"refused: {self.error}"


def program(name="specs_driver"):
    """The driver of the build that the sanitizers watch, where there is one."""
    for build in ("address-undefined", "plain"):
        path = os.path.join(ROOT, "build", build, name)
        if os.path.exists(path):
            return path
    print(f"{name} is not built")
    sys.exit(77)


def ask(cases):
    """cases: tuples of fields. Their answers, in order."""
    text = "".join(FIELD.join(case) + CASE for case in cases)
    done = subprocess.run(
        [program()],
        input=text.encode("utf-8", "surrogateescape"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=600,
    )
    answers = done.stdout.decode("utf-8", "surrogateescape").split(CASE)[:-1]
    if done.returncode or len(answers) != len(cases):
        last = cases[min(len(answers), len(cases) - 1)]
        print(done.stderr.decode(errors="replace")[-4000:])
        sys.exit(f"specs_driver ended with {done.returncode} at {last!r}")
    return [Answer(a) for a in answers]


def finish(code):
    """py-rattler may abort when the interpreter ends: leave before it can."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
