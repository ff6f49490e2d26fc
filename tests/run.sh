#!/usr/bin/env bash
# Runs every test and closes with "N passed, N failed, N skipped". What it runs: unit tests, plain
# and under the sanitizers; the fuzz corpora; then the comparisons with the reference tools beside
# the command line of each build. A test script exits 77 when the machine lacks what it needs.
set -u
cd "$(dirname "$0")/.."
passed=0 failed=0 skipped=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
log=build/test-logs
mkdir -p "$log"

# Tests make and remove files by the ten thousand: in memory, where there is plenty, since some
# disks take milliseconds for each that goes.
plenty=$((8 << 20)) # kB
free_memory=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
free_shm=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)
if [ -z "${TMPDIR:-}" ] && [ "${free_memory:-0}" -gt $plenty ] && [ "${free_shm:-0}" -gt $plenty ]; then
	TMPDIR=$(mktemp -d /dev/shm/kiln-tests.XXXXXX)
	export TMPDIR
	trap 'rm -rf --one-file-system "$TMPDIR"' EXIT
fi

# Ends what runs, and waits for it: nothing goes on without its folder. A shell hears of a signal
# only where it waits.
end() {
	kill $(jobs -p) 2>/dev/null
	wait
	exit 130
}
trap end INT TERM

# unit BUILD: each cmocka program of that build, counting its tests.
unit() {
	local t out
	for t in "$1"/test_*; do
		[ -x "$t" ] || continue
		case $t in *.d|*.o) continue ;; esac
		out=$log/$(basename "$1")-$(basename "$t").log
		timeout 600 "$t" >"$out" 2>&1 &
		wait $!
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
	timeout 900 "$@" >"$out" 2>&1 &
	wait $!
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

# What waits for servers and clients most of the time, side by side: each counts for itself.
compare() {
	local t
	for t in tests/differential/*.py; do
		one "$t" build/venv/bin/python "$t"
	done
}
commands() { # BUILD
	local t
	for t in tests/cli/*.sh; do
		KILN_BUILD=$1 one "$1/$t" bash "$t"
	done
}
stream() { # NAME COMMAND...
	trap end INT TERM
	passed=0 failed=0 skipped=0
	"${@:2}"
	echo "$passed $failed $skipped" >"$log/$1.count"
}
add_stream() { # NAME: one that did not reach its end has failed
	local p=0 f=1 s=0
	[ ! -e "$log/$1.count" ] || read -r p f s <"$log/$1.count"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}
rm -f "$log"/*.count
stream compare compare &
for b in $builds; do stream "$b" commands "$b" & done
wait
for name in compare $builds; do add_stream "$name"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
