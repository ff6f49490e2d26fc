"""YAML documents written as PyYAML writes what its safe_load reads, to the byte: others hash that text.

What kiln refuses by rule (merge keys, keys that are no text, numbers past 64 bits in other bases) is
not generated. KILN_CASES: how many documents; KILN_SEED: another run."""

import os
import sys

import yaml

from kit import driver
from kit.generate import Generator
from kit.report import Report

CASES = int(os.environ.get("KILN_CASES", "3000"))
SEED = int(os.environ.get("KILN_SEED", "20261121"))

PLAIN = ["python=3.10", "numpy >=1.2,<2", "yes", "No", "on", "~", "null", "Null", "true", "False", "y", "n", "1.50", "1.10",
         "012", "0o14", "0x1F", "0b101", "1_000", "-7", "+3", "-0", "0", "1e3", "1.5e+3", "1e-07", ".5", "1.", "6.02e+23",
         "1.0e-5", "0.0001", "123456789012345678901234567890", "1e400", "-.inf", ".NaN", "1:30", "1:30:05", "-1:00", "1:30.5",
         "2024-01-02", "2024-1-2", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43", "2001-12-15T02:59:43.1Z", "9007199254740993",
         "2001-12-14 21:59:43.000 +5", "a:b", "a#b", "-x", "?x", ":x", "x:", "--- x", "...", "café", "日本語", "a b  c", "0.1", "100000000000000000.0",
         "12345678.9", "1.7976931348623157e+308", "5e-324", "'", "it's", "a'b c", "0_", "1__2", "0x_f", "<=1", "=1", "08", "09.5"]
WORDS = ["alpha", "é", "\U0001F600", "long-word-without-any-break-in-it", "x", "'", '"', "\\", "#", ": ", " ", "  ", "\n", "\n\n", "\t", "%", "@",
         "\x7f", "\u2028", "\u00a0", "\x85", "-", "?", "{", "]", ",", "&", "*", "!", "|", ">", "`", "=", "numpy", "and", "platform_system", "\ufeff"]


class Documents(Generator):
    def text(self):
        if self.chance(40):
            return self.one(PLAIN)
        glue = self.one(["", " ", " ", " "])
        return glue.join(self.one(WORDS) for _ in range(self.one([0, 1, 2, 3, 8, 20, 40])))

    def value(self, depth):
        kind = self.random.randrange(10)
        if depth < 4 and kind < 2:
            return [self.value(depth + 1) for _ in range(self.one([0, 1, 2, 3]))]
        if depth < 4 and kind < 4:
            return self.mapping(depth)
        if self.chance(4) and self.known:
            return self.one(self.known)
        return self.text()

    def mapping(self, depth=0):
        made = {}
        for _ in range(self.one([0, 1, 2, 4])):
            made[self.one(["name", "pip", "B", "a", "ä", "long " * 30, "it's", "with: colon", "", "two\nlines", "x" * 200])] = self.value(depth + 1)
        self.known.append(made)
        return made

    def document(self):
        self.known = []
        value = {"root": self.mapping(), "list": [self.value(1), self.value(1)]}
        return value


def plain_text(text):
    """As people write it: without quotes where that is one and the same text for a parser."""
    try:
        back = yaml.compose("- " + text + "\n")
        node = back.value[0]
        return isinstance(node, yaml.ScalarNode) and node.style is None and node.value == text and node.tag.count(":merge") == 0
    except Exception:
        return False


class Source(yaml.SafeDumper):
    pass


def write(value, out, indent, random, anchors):
    """In flow style, with quotes by chance; what stands twice by its alias."""
    if isinstance(value, str):
        if random.random() < 0.7 and plain_text(value) and not set(value) & set(",[]{}?:#&*!|>'\"%@`\n"):
            out.append(value or "''")
        else:
            out.append(yaml.dump(value, default_style='"', width=1 << 30).rstrip("\n"))
        return
    if id(value) in anchors:
        out.append("*" + anchors[id(value)])
        return
    anchors[id(value)] = f"a{len(anchors)}"
    out.append("&" + anchors[id(value)] + " ")
    if isinstance(value, list):
        out.append("[")
        for item in value:
            write(item, out, indent, random, anchors)
            out.append(" , ")
        out.append("]")
        return
    out.append("{")
    for key, item in value.items():
        out.append(yaml.dump(key, default_style='"', width=1 << 30).rstrip("\n") + " : ")
        write(item, out, indent, random, anchors)
        out.append(" , ")
    out.append("}")


def expected(text):
    try:
        return yaml.dump(yaml.safe_load(text), Dumper=yaml.Dumper, sort_keys=True)
    except (ValueError, yaml.YAMLError, OverflowError):
        return None


def main():
    documents, report = Documents(SEED), Report(SEED)
    texts = []
    for _ in range(CASES):
        out = []
        write(documents.document(), out, 0, documents.random, {})
        texts.append("".join(out))
    for text, answer in zip(texts, driver.ask([("yaml", t) for t in texts])):
        want = expected(text)
        got = answer.fields[0] if answer.ok else None
        report.check("refused" if got is None else "text", got == want, text, want, str(answer))
    return report.close()


if __name__ == "__main__":
    driver.finish(main())
