"""Whether two environments have the same files: conda_files.py KILN'S OTHER'S

Kinds, bytes, targets of links and modes are compared, and the documents of conda-meta by their
members. The other is made by rattler, and by pip from a list of addresses; RULES are the differences
that this gives. A rule that is never needed is an error."""

import json
import os
import stat
import sys
from pathlib import Path

sys.path.insert(0, "tests/differential")
from kit.report import Report  # noqa: E402

RULES = {
    "tag": "rattler marks the environment as what backups leave out",
    "history": "rattler's history is empty; kiln's has a line for each package",
    "place": "conda-meta tells where the archive and its folder were, and how it was linked",
    "indexed": "rattler keeps what a channel says of a record, kiln what the lock does",
    "spelling": "rattler writes the specs of its index anew",
    "order": "rattler lists the files of some archives in another order",
    "closed": "rattler's conda-meta is for its owner only",
    "again": "Python compiles anew what the relocation of its source has outdated",
    "bytecode": "pip and rattler compile, kiln was told not to",
    "requested": "pip is asked for each wheel by name",
    "address": "pip notes the address that its list has",
    "record": "pip lists these files in RECORD, with line ends and an order of its own",
}
PLACE = {"extracted_package_dir", "link", "package_tarball_full_path"}
INDEXED = {"indexed_timestamp"}
PIPS = ("REQUESTED", "direct_url.json")


def entries(root):
    """Path -> its kind, mode, and bytes or target."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in files + [f for f in folders if os.path.islink(os.path.join(folder, f))]:
            path = Path(folder, name)
            if path.is_symlink():
                value = ("link", None, os.readlink(path))
            else:
                value = ("file", stat.S_IMODE(path.stat().st_mode), path.read_bytes())
            found[str(path.relative_to(root))] = value
    return found


def of_pip(path):
    return os.path.dirname(path).endswith(".dist-info") and os.path.basename(path) in PIPS


def source_of(path):
    """The .py that a compiled file is of."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.dirname(folder), name.split(".")[0] + ".py")


class Comparison:
    def __init__(self, ours, theirs):
        self.ours, self.theirs = ours, theirs
        self.report = Report(None, RULES)

    def only_theirs(self, path):
        mode, data = self.theirs[path][1:]
        if path == "CACHEDIR.TAG":
            return "tag"
        if path.endswith(".pyc") and source_of(path) in self.ours:
            return "bytecode"
        if of_pip(path) and os.path.basename(path) == "REQUESTED" and data == b"" and mode == 0o644:
            return "requested"
        if of_pip(path) and "sha256" in json.loads(data)["archive_info"]["hashes"]:
            return "address"
        return None

    def history(self, ours, theirs):
        lines = sorted(line.split("::")[1] for line in ours.decode().splitlines() if line.startswith("+"))
        packages = sorted(Path(p).stem for p in self.ours if p.startswith("conda-meta/") and p.endswith(".json"))
        return "history" if theirs == b"" and lines == packages else None

    def record(self, ours, theirs):
        """The same rows, once those of files that only pip makes are away."""
        rows = theirs.decode().splitlines()
        rows = [r for r in rows if not r.split(",")[0].endswith((".pyc", *(f".dist-info/{f}" for f in PIPS)))]
        return "record" if sorted(ours.decode().splitlines()) == sorted(rows) else None

    def members(self, path, ours, theirs):
        """Of a document of conda-meta; with None for a difference that is not meant."""
        ours, theirs = json.loads(ours), json.loads(theirs)
        for key in sorted(set(ours) | set(theirs)):
            mine, other = ours.get(key), theirs.get(key)
            if mine == other:
                self.report.check("conda-meta", True)
            else:
                rule = self.member_rule(key, mine, other)
                self.judge(rule, "conda-meta", path, key, mine, other)

    def member_rule(self, key, mine, other):
        if key in PLACE:
            return "place"
        if key in INDEXED and mine is None:
            return "indexed"
        if key == "constrains" and mine == [spec.replace("==", "") for spec in other]:
            return "spelling"
        if key == "files" and sorted(mine) == sorted(other):
            return "order"
        if key == "paths_data":
            mine, other = (sorted(d["paths"], key=lambda p: p["_path"]) for d in (mine, other))
            return "order" if mine == other else None
        return None

    def again(self, path):
        """Whether a compiled file of kiln's is older than its source, and the other's is of that."""
        size = len(self.ours[source_of(path)][2])
        mine, other = (int.from_bytes(side[path][2][12:16], "little") for side in (self.ours, self.theirs))
        return "again" if mine != size == other else None

    def modes(self, path):
        mine, other = self.ours[path][:2], self.theirs[path][:2]
        if mine == other:
            self.report.check("kinds and modes", True)
        else:
            closed = path.startswith("conda-meta/") and (mine[1], other[1]) == (0o644, 0o600)
            self.judge("closed" if closed else None, "kinds and modes", path, mine, other)

    def judge(self, rule, what, *details):
        if rule:
            self.report.rule(rule)
        self.report.check(what, rule is not None, *(str(d)[:200] for d in details))

    def pair(self, path):
        mine, other = self.ours[path][2], self.theirs[path][2]
        self.modes(path)
        if mine == other:
            self.report.check("bytes", True)
        elif path == "conda-meta/history":
            self.judge(self.history(mine, other), "history", mine, other)
        elif path.startswith("conda-meta/") and path.endswith(".json"):
            self.members(path, mine, other)
        elif path.endswith(".pyc"):
            self.judge(self.again(path), "bytecode", path)
        else:
            record = os.path.basename(path) == "RECORD"
            self.judge(self.record(mine, other) if record else None, "bytes", path, mine, other)

    def run(self):
        for path in sorted(set(self.ours) | set(self.theirs)):
            if path not in self.ours:
                self.judge(self.only_theirs(path), "only in the other", path)
            elif path not in self.theirs:
                self.judge(None, "only in kiln's", path)
            else:
                self.pair(path)
        self.report.check("enough to compare", len(self.ours) > 1000, len(self.ours))
        for rule in sorted(set(RULES) - set(self.report.meant)):
            self.report.check("a rule that is not needed any more", False, rule)
        return self.report.close()


sys.exit(Comparison(*map(entries, sys.argv[1:])).run())
