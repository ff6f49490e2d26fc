"""Texts as people, build tools and accidents write them: from the grammar, then mutated."""

import random

WORDS = ["a", "b", "rc", "RC", "alpha", "dev", "DEV", "post", "devdev", "postx", "x", "m", "e"]
NUMBERS = ["0", "1", "2", "3", "9", "10", "01", "00", "002", "2023", "18446744073709551615"]
NOISE = list("0123abz._-+!*~=<>|,() ^$[]'\"#:;/@")


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.one = self.random.choice

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def segment(self):
        n = self.one([1, 1, 1, 1, 2, 2, 3])
        word = self.chance(12)
        runs = [self.one(WORDS if (i + word) % 2 else NUMBERS[:-1]) for i in range(n)]
        if self.chance(1):
            runs = [NUMBERS[-1]]
        return "".join(runs)

    def part(self, separators, tail):
        text = self.segment()
        for _ in range(self.one([0, 1, 1, 2, 2, 3])):
            text += self.one(separators) + self.segment()
        return text + (self.one(tail) if self.chance(8) else "")

    def version(self):
        separators, tail = self.one([("...._", ["_", "__"]), ("....-", ["-", "--"])])
        epoch = self.one(["0!", "1!", "2!"]) if self.chance(6) else ""
        local = "+" + self.part(separators, tail) if self.chance(10) else ""
        return epoch + self.part(separators, tail) + local

    def near(self, version):
        """A version one would compare it with: a part longer, shorter, one up."""
        change = self.random.randrange(7)
        if change == 0:
            return version + "." + self.segment()
        if change == 1:
            return version.rsplit(".", 1)[0]
        if change == 2:
            return version + self.one(["a", "rc1", "_", "post1", ".0", ".dev0", "+1", "dev", "0"])
        if change == 3:
            return version.split("+")[0] + "+" + self.segment()
        if change == 4:
            return version.upper().replace("_", ".").replace("-", ".")
        if change == 5:
            at = self.random.randrange(len(version))
            return version[:at] + self.one("0123abc") + version[at + 1 :]
        return version

    def mutated(self, text):
        for _ in range(self.one([1, 1, 2])):
            at = self.random.randrange(len(text) + 1)
            kind = self.random.randrange(4)
            if kind == 0:
                text = text[:at] + text[at + 1 :]
            elif kind == 1:
                text = text[:at] + self.one(NOISE) + text[at:]
            elif kind == 2:
                text = text[:at] + text[at : at + 3] + text[at:]
            else:
                text = text[:at] + self.one(NOISE) + text[at + 1 :]
        return text

    # ---- version expressions ----

    def clause(self, version):
        op = self.one(["==", "", "", "=", "!=", "<", "<=", ">", ">=", ">=", "~="])
        star = self.one([".*", ".*", "*", ".*.*"]) if self.chance(25) else ""
        if self.chance(3):
            version = ""
            star = "*"
        if self.chance(2):
            return self.one(["", "", "!=", "=="]) + self.one(["3.*.1", "1.*2", "^1.*$", "^3[.]1$"])
        return op + self.one(["", "", "", " "]) + version + star

    def expression(self, versions, depth=0):
        text = ""
        for i in range(self.one([1, 1, 1, 2, 2, 3])):
            if i:
                text += self.one([",", ",", "|"] + [" , ", "| ", ", "] * (self.chance(20)))
            if depth < 3 and self.chance(6):
                text += "(" + self.expression(versions, depth + 1) + ")"
            else:
                text += self.clause(self.one(versions))
        return text

    # ---- match specs ----

    def name(self):
        return self.one(["p", "p", "p", "P", "numpy", "NumPy", "_p", "__glibc", "p-q", "p.q_r", "p2"])

    def channel(self):
        name = self.one(["conda-forge", "c", "conda-forge/label/dev", "https://h.example/c", "file:///x/c"])
        return name + self.one(["", "", "/linux-64", "/noarch"]) + self.one(["::", "::", ":ns:", ":: "])

    def build(self):
        return self.one(["b", "py_0", "py39*", "*", "*cuda*", "h0_1", "^py.*_0$", "PY_0", "0", "py*_0"])

    def key(self, versions):
        kind = self.random.randrange(9)
        if kind < 3:
            return "version", self.expression(versions)
        if kind < 5:
            return "build", self.build()
        if kind == 5:
            return "build_number", self.one(["", "==", "!=", ">=", "<", ">", "<="]) + self.one("0123")
        if kind == 6:
            return "channel", self.one(["conda-forge", "https://h.example/c"])
        if kind == 7:
            return self.one([("subdir", "linux-64"), ("md5", "0" * 32), ("sha256", "Ab" * 32)])
        return self.one([("license", "MIT"), ("fn", "p-1-0.conda"), ("license_family", "BSD")])

    def brackets(self, versions):
        items = []
        for _ in range(self.one([1, 1, 2, 3])):
            key, value = self.key(versions)
            quote = self.one(['"', "'"])
            if self.chance(30) and not set(value) & set(",=[]^ |()"):
                quote = ""
            items.append(f"{key}={quote}{value}{quote}")
        return "[" + self.one([",", ", "]).join(items) + "]"

    def spec(self, versions):
        text = self.channel() if self.chance(12) else ""
        text += self.name()
        shape = self.random.randrange(10)
        if shape < 6:
            text += self.one([" ", " ", " ", "", "="]) + self.expression(versions)
            if self.chance(30):
                text += self.one([" ", "="]) + self.build()
        elif shape == 6:
            text += self.one(["=", " = ", " =", "= "]) + self.one(versions)
            text += self.one(["", "=" + self.build(), " " + self.build(), "="])
        if self.chance(20):
            text += self.brackets(versions)
        return text + (self.one([" # why", "#x", " "]) if self.chance(4) else "")
