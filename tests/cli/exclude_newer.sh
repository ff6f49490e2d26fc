#!/usr/bin/env bash
# --exclude-newer: which records it leaves, in seconds and milliseconds, and what is said.
. tests/shell.sh

mkdir -p "$work/channel/noarch"
python3 - "$work/channel/noarch/repodata.json" <<'END'
import json, sys
times = {"1": 1711324800, "2": 1711411199999, "3": 1711411200000, "4": None}
# when the channel had it (CEP 47): of one that was built long before, and of one that does not say
indexed = {"5": (1577836800, 1714521600), "6": (None, 1717200000000)}
times |= {version: time for version, (time, _) in indexed.items()}
records = {}
for version, time in times.items():
    record = {"name": "a", "version": version, "build": "0", "build_number": 0, "depends": [],
              "md5": "0" * 32, "sha256": "0" * 64, "size": 1}
    if time:
        record["timestamp"] = time
    if version in indexed:
        record["indexed_timestamp"] = indexed[version][1]
    records[f"a-{version}-0.conda"] = record
json.dump({"packages.conda": records}, open(sys.argv[1], "w"))
END
printf 'channels: ["%s"]\ndependencies: [a]\n' "$work/channel" >"$work/env.yml"

# newest DATE VERSION: the one that is chosen.
newest() {
	expect 0 "" "$kiln" lock --explicit --exclude-newer "$1" "$work/env.yml"
	same "$(grep -o 'a-[0-9]*-0' "$work/stdout")" "a-$2-0" "--exclude-newer $1"
}
newest 2024-03-25 2
newest 2024-03-26 3
newest 2024-03-25T00:00:00Z 1
newest 2024-03-25T12:00:00+02:00 1
newest 2024-03-25T23:59:59.999Z 2
newest 2024-04-30 3
newest 2024-05-01 5
newest 2024-06-01 6
expect 3 "every a is newer than --exclude-newer allows" \
	"$kiln" lock --exclude-newer 2024-03-24 "$work/env.yml"
expect 0 "" "$kiln" lock --explicit "$work/env.yml"
same "$(grep -o 'a-[0-9]*-0' "$work/stdout")" a-6-0 "without it"

for wrong in yesterday 2024-02-30 2024-03-25T12:00 ""; do
	expect 2 "--exclude-newer $wrong" "$kiln" key --exclude-newer "$wrong" "$work/env.yml"
done
key() { "$kiln" key "$@" "$work/env.yml"; }
same "$(key --exclude-newer 2024-03-25)" "$(key --exclude-newer 2024-03-25T23:59:59.999Z)" "a day's key"
[ "$(key)" != "$(key --exclude-newer 2024-03-25)" ] || fail "the key does not tell of the date"
