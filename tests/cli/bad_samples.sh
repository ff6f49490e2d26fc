#!/usr/bin/env bash
# Every sample of AzureML's clients, broken in one place at a time: refused with the place, nothing built.
. tests/shell.sh
"$python" -c 'import yaml' 2>/dev/null || { echo "no PyYAML: make setup-tests"; exit 77; }
"$python" -B tests/cli/bad_samples.py "$kiln" tests/cases/azureml "$work" >"$work/said" || fail "$(tail -n +2 "$work/said" | head -n 20)"
head -n 1 "$work/said"
