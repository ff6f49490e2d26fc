"""What a comparison found: counted, told apart by rules, and shown at its end."""

import os

SHOWN = int(os.environ.get("KILN_SHOW", "8"))


class Report:
    """seed: None where nothing is generated. rules: texts of the differences that are meant, by name;
    a name without one is its text."""

    def __init__(self, seed, rules=None):
        self.seed, self.rules = seed, rules
        self.bad, self.meant, self.checked = {}, {}, 0

    def check(self, what, right, *details):
        self.checked += 1
        if not right:
            self.bad.setdefault(what, []).append(details)

    def rule(self, name):
        assert self.rules is None or name in self.rules
        self.meant[name] = self.meant.get(name, 0) + 1

    def close(self):
        for name, count in sorted(self.meant.items()):
            print(f"  {count:5} by the rule: {self.rules[name] if self.rules else name}")
        for what, cases in self.bad.items():
            print(f"DIFFERS {what}: {len(cases)} times")
            for details in cases[:SHOWN]:
                print("    ", *map(repr, details))
        seed = "" if self.seed is None else f"seed {self.seed}, "
        print(f"{self.checked} comparisons, {seed}{sum(map(len, self.bad.values()))} differ")
        return 1 if self.bad else 0
