#!/usr/bin/env bash
# kiln check: findings with what to do; the same as warnings of a build.
. tests/shell.sh
needs build/channel/noarch/repodata.json
printf 'channels: [%s]\ndependencies: [python=3.11]\n' "$channel" >"$work/good.yml"
expect 0 "" "$kiln" check "$work/good.yml"
same "$(cat "$work/stdout")" "" "nothing is found"
expect 0 "" "$kiln" check "$work/good.yml" --json
same "$(cat "$work/stdout")" '{"findings":[]}' "the same as a document"

printf 'channels: [%s]\ndependencies: [python]\n' "$channel" >"$work/free.yml"
expect 0 "" "$kiln" check "$work/free.yml"
same "$(head -n 1 "$work/stdout")" "note: no version is asked of python [unpinned]" "a note"
expect 0 "" "$kiln" check "$work/free.yml" --json
same "$("$python" -c 'import json, sys
for f in json.load(open(sys.argv[1]))["findings"]: print(sorted(f), f["code"], f["severity"])' "$work/stdout")" \
	"['advice', 'code', 'message', 'severity'] unpinned note" "a finding's members"

# A wheel that the target cannot run, in a lock made elsewhere.
expect 0 "" "$kiln" lock "$work/good.yml" -o "$work/good.lock"
cp "$work/good.lock" "$work/new.lock"
cat >>"$work/new.lock" <<END
- name: thing
  version: '1.0'
  manager: pip
  platform: linux-64
  dependencies: {}
  url: file:///thing-1.0-cp311-cp311-manylinux_2_39_x86_64.whl
  hash:
    sha256: $(printf '%064d' 1)
  category: main
  optional: false
END
expect 1 "errors: 1" "$kiln" check "$work/good.yml" --locked "$work/new.lock" --virtual __glibc=2.28
expect 2 "" "$kiln" check

# The user's own code: what it imports and nothing provides, once a name.
mkdir -p "$work/code/mine"
touch "$work/code/mine/__init__.py"
cat >"$work/code/train.py" <<'END'
import json, math, mine, numpy as np, _ctypes
import sklearn.svm, torch
try:
    import ujson
except ImportError:
    ujson = json
END
cp "$work/code/train.py" "$work/code/mine/again.py"
printf 'channels: [%s]\ndependencies: [python=3.11, numpy=2.2]\n' "$channel" >"$work/code.yml"
expect 0 "" "$kiln" check "$work/code.yml" --source "$work/code"
same "$(grep unmet-import "$work/stdout" | sed "s|$work/||")" \
	"warning: code/mine/again.py:2: nothing in the environment provides sklearn (scikit-learn does) [unmet-import]
warning: code/mine/again.py:2: nothing in the environment provides torch [unmet-import]" "what nothing provides"
expect 1 "--source $work/none" "$kiln" check "$work/code.yml" --source "$work/none"
