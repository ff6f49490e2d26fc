"""Random channels, solved by kiln, by rattler and, for whether there is a solution, by libsolv.

KILN_CASES=N asks about N questions (default 4000), KILN_SEED=N begins at another channel,
KILN_FAMILY=NAME takes channels of one family, KILN_SHOW=1 prints what differs. Fails when one of
the three finds a solution where another finds none, when an answer of kiln breaks a spec, when a
remedy that it names solves nothing, and when sets of packages or link orders differ that no row
of DEVIATIONS explains in more than 1 in 5000.
"""

import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections import Counter

from kit import channels, remedies, solvers

CASES = int(os.environ.get("KILN_CASES", "4000"))
SEED = int(os.environ.get("KILN_SEED", "1"))
FAMILY = os.environ.get("KILN_FAMILY")
SHOW = bool(os.environ.get("KILN_SHOW"))
UNEXPLAINED = 1 / 5000
LANES = min(4, os.cpu_count() or 1)
REAL_REQUESTS = [
    ["python"],
    ["python 3.11.*", "scipy", "pandas", "matplotlib", "scikit-learn", "pyarrow"],
    ["python 3.10.*"],
    ["python 3.10.*", "numpy"],
    ["numpy <2", "scipy", "requests", "jinja2"],
    ["kiln-constrains", "scikit-learn"],
    ["kiln-conflict"],
    ["kiln-featured", "kiln-clobber-a", "kiln-clobber-b", "kiln-commands"],
    ["kiln-needs-cuda"],
    ["kiln-needs-glibc", "pip", "tqdm", "pyyaml"],
    ["kiln-links", "kiln-folders", "kiln-old-style", "kiln-post-link", "kiln-pre-link"],
    ["sqlite", "pillow", "contourpy", "fonttools", "urllib3 <2"],
]


# ---- what differs, package by package ----


def name_of(spec):
    spec = spec.rsplit("::", 1)[-1]
    for i, c in enumerate(spec):
        if c in " <>=!~":
            return spec[:i]
    return spec


def stem(path):
    file = path.rsplit("/", 1)[-1]
    return file[: -len(".conda")] if file.endswith(".conda") else file[: -len(".tar.bz2")]


def by_name(files):
    return {stem(path).rsplit("-", 2)[0]: path for path in files}


class Ranks:
    """The order of a channel's records of one name, as far as the records themselves tell it:
    no track_features, version, build number."""

    def __init__(self, made):
        self.records = {}
        for channel in made["channels"]:
            for subdir, data in channel["subdirs"].items():
                for bucket in ("packages", "packages.conda"):
                    for file, record in data[bucket].items():
                        self.records[f"{channel['name']}/{subdir}/{file}"] = record

    def key(self, path):
        record = self.records[path]
        version = [int(part) for part in record["version"].split(".")]
        return ("track_features" not in record, version, record["build_number"])

    def better(self, mine, theirs):
        """1, -1, or 0 where these criteria do not tell them apart."""
        a, b = self.key(mine), self.key(theirs)
        return (a > b) - (a < b)


def who_is_better(question, ranks, kiln, rattler):
    """By the first spec of the request for which they differ in rank."""
    mine, theirs = by_name(kiln), by_name(rattler)
    for spec in question["specs"]:
        name = name_of(spec)
        if name in mine and name in theirs:
            better = ranks.better(mine[name], theirs[name])
            if better:
                return "kiln" if better > 0 else "rattler"
    return "neither"


def differing(kiln, rattler):
    mine, theirs = by_name(kiln), by_name(rattler)
    return {n for n in mine.keys() | theirs.keys() if mine.get(n) != theirs.get(n)}


# ---- where kiln is not to give what rattler gives ----


def visible(made, question):
    """The channels without the records that strict priority hides: of every name those of the
    first channel that has it, or of the one that the request names for it."""
    owners = {}
    for spec in question["specs"]:
        if "::" in spec:
            owners[name_of(spec)] = spec.split("::", 1)[0].rsplit("/", 1)[-1]
    out = []
    for channel in made["channels"]:
        subdirs = {}
        for record in all_records(channel):
            owners.setdefault(record["name"], channel["name"])
        for subdir, data in channel["subdirs"].items():
            subdirs[subdir] = dict(data)
            for bucket in ("packages", "packages.conda"):
                subdirs[subdir][bucket] = {
                    file: record
                    for file, record in data[bucket].items()
                    if owners[record["name"]] == channel["name"]
                }
        out.append({"name": channel["name"], "subdirs": subdirs})
    return out


def all_records(channel):
    for data in channel["subdirs"].values():
        for bucket in ("packages", "packages.conda"):
            yield from data[bucket].values()


def hides_more(lane, made, question, kiln):
    """Whether rattler, too, gives this answer once the hidden records are not there at all."""
    if question["priority"] != "strict" or len(made["channels"]) < 2:
        return False
    folder = os.path.join(lane.folder, "visible")
    os.makedirs(folder, exist_ok=True)
    paths = solvers.write_channels(visible(made, question), folder)
    answer = lane.rattler.ask(dict(question, channels=paths))
    lane.rattler.tell(dict(question, channels=lane.paths))
    lane.rattler.hear()
    return answer and answer.get("files") == kiln


# The rule, the reason, and how to tell.
DEVIATIONS = [
    (
        "hidden",
        "strict priority: kiln does not load the records of later channels; rattler loads and "
        "then forbids them, and their number still sways in which order it decides",
        hides_more,
    ),
]


# ---- one channel ----


class Lane:
    """Its own solvers and its own folder; fills a tally."""

    def __init__(self, number):
        shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.paths = None
        self.folder = tempfile.mkdtemp(prefix=f"lane{number}-", dir=shm)
        self.kiln, self.rattler = solvers.kiln(), solvers.rattler()
        self.tally = Counter()
        self.lines = []
        self.notes = []  # what is wrong
        self.shown = []

    def close(self):
        self.kiln.close()
        self.rattler.close()
        shutil.rmtree(self.folder)

    def channel(self, seed):
        made = channels.make(seed)
        self.paths = solvers.write_channels(made["channels"], self.folder)
        ranks = None
        for i, question in enumerate(made["questions"]):
            asked = dict(question, channels=self.paths) if i == 0 else question
            self.kiln.tell(asked)
            self.rattler.tell(asked)
            kiln, rattler = self.kiln.hear(), self.rattler.hear()
            where = f"KILN_SEED={seed} question {i}"
            self.compare(where, made["family"], question, kiln, rattler)
            if kiln and rattler and "files" in kiln and "files" in rattler:
                if kiln["files"] != rattler["files"]:
                    ranks = ranks or Ranks(made)
                    self.differ(where, made, question, ranks, (kiln["files"], rattler["files"]))
            elif kiln and "conflict" in kiln and seed % 5 == 0:
                self.try_remedies(where, question, kiln["conflict"])

    def compare(self, where, family, question, kiln, rattler):
        if kiln is None:
            self.notes.append(f"{where}: kiln gave no answer")
            return
        solved = "files" in kiln
        self.tally[family, "solved" if solved else "unsolvable"] += 1
        if not solved:
            lines = kiln["conflict"].split("\nto solve it")[0].count("\n")
            self.lines.append(lines)
            if lines < 1:
                self.notes.append(f"{where}: {kiln['conflict']}")
        if kiln["libsolv"] != solved:
            self.notes.append(f"{where}: kiln: {solved}, libsolv: {kiln['libsolv']}")
        if kiln.get("wrong"):
            self.notes.append(f"{where}: broken: {kiln['wrong']}")
        if rattler is None:
            self.tally[family, "lost"] += 1
        elif ("files" in rattler) != solved:
            self.notes.append(f"{where}: {question}: kiln: {solved}, rattler: {not solved}")

    def differ(self, where, made, question, ranks, answers):
        mine, theirs = answers
        family = made["family"]
        for rule, _, holds in DEVIATIONS:
            if holds(self, made, question, mine):
                self.tally[family, rule] += 1
                return
        what = "order"
        if sorted(mine) != sorted(theirs):
            what = "set"
            self.tally["better", who_is_better(question, ranks, mine, theirs)] += 1
            self.tally["packages", "differ"] += len(differing(mine, theirs))
        self.tally[family, what] += 1
        left, right = sorted(set(mine) - set(theirs)), sorted(set(theirs) - set(mine))
        self.shown.append(f"{where} ({family}): {what}: {question['specs']}: {left} {right}")

    def try_remedies(self, where, question, text):
        for useless in remedies.useless(question, text, self.rattler):
            self.notes.append(f"{where}: {question['specs']}: {useless}: {text}")
        self.tally["remedies", "tried"] += len(remedies.named(text))


def run_lane(work):
    number, seeds = work
    lane = Lane(number)
    for seed in seeds:
        lane.channel(seed)
    lane.close()
    return lane.tally, lane.lines, lane.notes, lane.shown


# ---- the channel that the tests make ----


def real_channel():
    import json

    subdirs = {}
    for subdir in ("linux-64", "noarch"):
        path = f"build/channel/{subdir}/repodata.json"
        if not os.access(path, os.R_OK):
            return None
        with open(path, encoding="utf-8") as data:
            subdirs[subdir] = json.load(data)
    return [{"name": "real", "subdirs": subdirs}]


def compare_real(notes):
    """No ties there: all must be the same."""
    made = real_channel()
    if not made:
        return 0
    folder = tempfile.mkdtemp()
    paths = solvers.write_channels(made, folder)
    kiln, rattler = solvers.kiln(), solvers.rattler(60)
    for specs in REAL_REQUESTS:
        question = {"specs": specs, "virtuals": channels.BASE, "priority": "strict"}
        question["channels"] = paths
        mine, theirs = kiln.ask(question), rattler.ask(question)
        if not mine or not theirs or mine.get("files") != theirs.get("files"):
            notes.append(f"{specs}: kiln {mine}, rattler {theirs}")
    kiln.close()
    rattler.close()
    shutil.rmtree(folder)
    return len(REAL_REQUESTS)


# ---- the verdict ----


def percentile(values, part):
    return sorted(values or [0])[len(values) * part // 100 if values else 0]


def print_table(tally):
    rules = ["solved", "unsolvable", "set", "order", "lost"] + [row[0] for row in DEVIATIONS]
    print(f"{'family':12}" + "".join(f"{rule:>12}" for rule in rules))
    for family in list(channels.FAMILIES) + ["all"]:
        counts = [
            sum(n for (f, what), n in tally.items() if what == rule and family in (f, "all"))
            for rule in rules
        ]
        print(f"{family:12}" + "".join(f"{count:12}" for count in counts))


def verdict(tally, lines, notes, shown, seconds):
    for note in notes[:20]:
        print(note[:2000])
    if SHOW or len(shown) < 20:
        print("\n".join(shown))
    print_table(tally)
    for rule, reason, _ in DEVIATIONS:
        print(f"{rule}: {reason}")
    families = channels.FAMILIES
    total = {w: sum(tally[f, w] for f in families) for w in ("solved", "set", "order", "lost")}
    solved = max(1, total["solved"])
    print(
        f"{len(lines) + total['solved']} questions in {seconds:.0f} s; of {total['solved']} sets "
        f"{1 - total['set'] / solved:.3%} equal, of orders {1 - total['order'] / solved:.3%}; "
        f"{tally['packages', 'differ']} packages differ; the better one by the request's own "
        f"packages: kiln {tally['better', 'kiln']}, rattler {tally['better', 'rattler']}, "
        f"neither {tally['better', 'neither']}"
    )
    print(
        f"conflicts: lines: median {percentile(lines, 50)}, 90 % {percentile(lines, 90)}; "
        f"{tally['remedies', 'tried']} remedies tried with rattler"
    )
    few = CASES < 400
    different = (total["set"] + total["order"]) / solved
    good = few or (different <= UNEXPLAINED and lines and total["lost"] <= CASES // 200)
    return 0 if good and not notes else 1


def main():
    if why := solvers.missing():
        print(why)
        return 77
    start = time.monotonic()
    notes = []
    real = compare_real(notes)
    count = -(-CASES // channels.REQUESTS)
    seeds = list(range(SEED, SEED + count))
    if FAMILY:
        step, at = len(channels.FAMILIES), list(channels.FAMILIES).index(FAMILY)
        seeds = [seed * step + at for seed in seeds]
    work = [(lane, seeds[lane::LANES]) for lane in range(LANES)]
    tally, lines, shown = Counter(), [], []
    with multiprocessing.get_context("fork").Pool(LANES) as pool:
        for part, more, wrong, differing_ones in pool.imap(run_lane, work):
            tally += part
            lines += more
            notes += wrong
            shown += differing_ones
    print(f"{real} requests to the channel of the tests")
    return verdict(tally, lines, notes, shown, time.monotonic() - start)


if __name__ == "__main__":
    sys.exit(main())
