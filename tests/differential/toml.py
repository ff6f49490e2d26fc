"""TOML as Python's tomllib reads it, on generated documents of the kind that resolvers write.

Dates are text for kiln. Empty keys and texts with a zero byte are not tried: JSON has them, C
does not. KILN_CASES: how many documents; KILN_SEED: another run."""

import datetime
import json
import os
import sys
import tomllib

from kit import driver
from kit.generate import Generator

CASES = int(os.environ.get("KILN_CASES", "2000"))
SEED = int(os.environ.get("KILN_SEED", "20250214"))


class Texts(Generator):
    def key(self):
        return self.one(["name", "version", "a-b", "c_d", "1", '"quoted key"', "'lit'", "a.b", "a . c", "x"])

    def text(self):
        return self.one(['"plain"', "'lit\\eral'", '"esc \\"q\\" \\t \\u00e9 \\U0001F600"', '""', '"""\nlines\n"in" it"""',
                         "'''\nraw \\n '' it'''", '"""a \\\n   b"""', '"unterminated', "'https://h/x#sha256=1'",
                         '"""x""""', '"\\q"', '"\\ud800"'])

    def value(self, depth=0):
        kind = self.random.randrange(9)
        if kind < 3:
            return self.text()
        if kind == 3:
            return self.one(["1", "-17", "true", "false", "3.5", "2026-10-18T16:21:06Z", "2026-10-18"])
        if depth > 3 or kind == 4:
            return self.text()
        if kind < 7:
            items = [self.value(depth + 1) for _ in range(self.one([0, 1, 2, 3]))]
            return "[" + self.one([", ", ",\n  ", " , # c\n"]).join(items) + self.one(["", "", ",", "\n"]) + "]"
        pairs = [f"{self.key()} = {self.value(depth + 1)}" for _ in range(self.one([0, 1, 2]))]
        return "{ " + ", ".join(pairs) + " }"

    def document(self):
        lines = []
        for _ in range(self.one([1, 2, 3, 5])):
            kind = self.random.randrange(6)
            if kind == 0:
                lines.append(self.one(["[table]", "[a.b]", "[ x ]", "[[packages]]", "[[packages]]", "[packages.wheels]", "# c"]))
            else:
                lines.append(f"{self.key()}{self.one([' = ', '=', '  =  '])}{self.value()}{self.one(['', ' # end', ' '])}")
        text = self.one(["\n", "\n", "\r\n", "\n\n"]).join(lines)
        if self.random.randrange(5) == 0:
            at = self.random.randrange(len(text) + 1)
            text = text[:at] + self.one(list("[]{}=,.\"'#\n ab\\")) + text[at:]
        return text


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return "DATE"
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def without_dates(value):
    if isinstance(value, dict):
        return {k: without_dates(v) for k, v in value.items()}
    if isinstance(value, list):
        return [without_dates(v) for v in value]
    if isinstance(value, str) and value.startswith("2026-10-18"):
        return "DATE"
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def main():
    t, bad, both, lenient = Texts(SEED), 0, 0, 0
    texts = list(dict.fromkeys(t.document() for _ in range(CASES)))
    for text, answer in zip(texts, driver.ask([("toml", text) for text in texts])):
        try:
            theirs = plain(tomllib.loads(text))
        except tomllib.TOMLDecodeError:
            lenient += answer.ok
            continue
        ours = without_dates(json.loads(answer.fields[0])) if answer.ok else None
        both += 1
        if ours != theirs:
            bad += 1
            if bad < 9:
                print(f"DIFFERS {text!r}\n  tomllib {theirs}\n  kiln {ours if answer.ok else answer}")
    print(f"{both} documents are TOML, {bad} differ; of {len(texts) - both} that are not, {lenient} are read; seed {SEED}")
    return 1 if bad or both < 300 else 0


if __name__ == "__main__":
    driver.finish(main())
