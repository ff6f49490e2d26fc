#!/usr/bin/env bash
# Runs every test and closes with "N passed, N failed, N skipped". What it runs, in order: unit
# tests, plain and under the sanitizers; the fuzz corpora; the comparisons with the reference
# tools; the command line. A test script exits 77 when the machine lacks what it needs.
set -u
cd "$(dirname "$0")/.."
passed=0 failed=0 skipped=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
log=build/test-logs
mkdir -p "$log"

# unit BUILD: each cmocka program of that build, counting its tests.
unit() {
	local t out
	for t in "$1"/test_*; do
		[ -x "$t" ] || continue
		case $t in *.d|*.o) continue ;; esac
		out=$log/$(basename "$1")-$(basename "$t").log
		timeout 600 "$t" >"$out" 2>&1
		local status=$? ok
		ok=$(grep -c '^\[       OK \]' "$out")
		passed=$((passed + ok))
		skipped=$((skipped + $(grep -c '^\[  SKIPPED \] [a-z]' "$out")))
		if [ $status -ne 0 ]; then
			failed=$((failed + 1))
			echo "FAILED $t"
			grep -E 'FAILED|ERROR|error|Sanitizer|not equal|Assertion' "$out" | head -20
		fi
	done
}

# one NAME COMMAND...: a script that passes, fails or is skipped as a whole.
one() {
	local name=$1 out
	shift
	out=$log/$(echo "$name" | tr '/ ' '__').log
	timeout 900 "$@" >"$out" 2>&1
	case $? in
	0) passed=$((passed + 1)); grep '^not tested' "$out" | sed "s|^|$name: |" ;;
	77) skipped=$((skipped + 1)); echo "skipped $name: $(tail -n 1 "$out")" ;;
	*) failed=$((failed + 1)); echo "FAILED $name"; tail -n 30 "$out" ;;
	esac
}

builds="plain address-undefined"
[ -z "${SAN:-}" ] || builds=$(echo "$SAN" | tr , -)
for b in $builds; do
	unit "build/$b"
	for f in build/"$b"/fuzz_*; do
		case $f in *.d|*.o) continue ;; esac
		[ -x "$f" ] || continue
		name=$(basename "$f")
		one "$b/$name" "$f" "tests/fuzz/corpus/${name#fuzz_}"
	done
done
python=build/venv/bin/python
for t in tests/differential/*.py; do
	[ -e "$t" ] && one "$t" "$python" "$t"
done
for b in $builds; do
	for t in tests/cli/*.sh; do
		KILN_BUILD=$b one "$b/$t" bash "$t"
	done
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
