#!/usr/bin/env bash
# Wheels of a lock that do not fit: paths that two have with different bytes, another Python.
. tests/shell.sh
needs build/channel/noarch/repodata.json
printf 'channels: [%s]\ndependencies: [python=3.11]\n' "$channel" >"$work/py.yml"
expect 0 "" "$kiln" lock "$work/py.yml" -o "$work/py.lock"

# pair NAME FILE: a lock with two wheels; each says its name in FILE.
PYTHONPATH=tests/differential "$python" - "$work" <<'END'
import sys
from pathlib import Path
from wheels import lock_entry, make_wheel
work = Path(sys.argv[1])
for name, text in (("same", "# shared\n"), ("other", "# by {}\n")):
    folder = work / name
    folder.mkdir()
    made = [make_wheel(folder, f"{name}_{n}", {"space/__init__.py": text.format(n).encode(),
                                               f"space/{n}.py": b""}) for n in ("one", "two")]
    (work / f"{name}.lock").write_text((work / "py.lock").read_text() + "".join(map(lock_entry, made)))
new = make_wheel(work, "new", {"new.py": b""}, metadata="Requires-Python: >=3.12,<4\n")
(work / "new.lock").write_text((work / "py.lock").read_text() + lock_entry(new))
END
expect 0 "" "$kiln" install "$work/same.lock" "$work/same.env" --no-bytecode
same "$(ls "$work/same.env/lib/python3.11/site-packages/space" | tr '\n' ' ')" "__init__.py one.py two.py " "a shared package"
grep -q "has it too" "$work/stderr" && fail "a warning of equal files"
expect 3 "space/__init__.py is both of other-" "$kiln" install "$work/other.lock" "$work/other.env" --no-bytecode
grep -q "other_one.*other_two\|other_two.*other_one\|other-one.*other-two\|other-two.*other-one" "$work/stderr" || fail "both names: $(cat "$work/stderr")"
expect 3 "new-1.0 needs Python >=3.12,<4, and the environment has 3.11" \
	"$kiln" install "$work/new.lock" "$work/new.env" --no-bytecode
[ ! -e "$work/new.env" ] || fail "a half-made environment is left"
