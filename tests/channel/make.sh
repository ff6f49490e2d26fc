#!/usr/bin/env bash
# Makes a real conda channel from real parts: CPython from Debian's source package, libraries from
# Debian's .deb files, Python packages from wheels. Once; again when these scripts change.
#
#   [OUT=build/channel] tests/channel/make.sh [OUT]
#
# Needs what tests/setup.sh test installs. About three minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-${OUT:-build/channel}}
work=build/channel-work
python=build/venv/bin/python
here=tests/channel
mkdir -p "$work" "$(dirname "$out")"

fingerprint() {
	cat "$@" | sha256sum | cut -d' ' -f1
}

# Runs the rest of the line when STAMP does not hold FINGERPRINT.
once() {
	local stamp=$1 print=$2
	shift 2
	if [ "$(cat "$stamp" 2>/dev/null)" = "$print" ]; then return 0; fi
	"$@"
	echo "$print" >"$stamp.part"
	mv "$stamp.part" "$stamp"
}

make_cpython() {
	echo "channel: building CPython" >&2
	local placeholder
	placeholder=$(PYTHONPATH=$here $python -c 'import archive; print(archive.PLACEHOLDER)')
	timeout 900 $here/cpython.sh "$work/cpython" "$placeholder" >"$work/cpython.log" 2>&1 ||
		{ tail -20 "$work/cpython.log" >&2; return 1; }
}

fetch() {
	echo "channel: fetching wheels and .deb files" >&2
	rm -rf "$work/wheels" "$work/debs"
	timeout 600 $python $here/fetch.py "$work"
}

# Fetching waits for the network, compiling for the processor: both at once.
make_channel() {
	local fetching
	once "$work/fetched" "$(fingerprint $here/fetch.py $here/packages.toml)" fetch &
	fetching=$!
	once "$work/built" "$(fingerprint $here/cpython.sh)" make_cpython
	wait $fetching
	[ -z "$(command -v mvn)" ] || $here/jars.sh "$work/jars" ||
		echo "channel: no Pythons from jars" >&2
	echo "channel: packing" >&2
	rm -rf "$work/stages" "$out.part"
	PYTHONHASHSEED=0 timeout 600 $python -Wi $here/make.py "$work" "$out.part"
	rm -rf "$out"
	mv "$out.part" "$out"
}

exec 9>"$work/lock"
flock -w 1200 9
print=$(fingerprint $here/*.py $here/*.sh $here/*.toml $here/requirements.txt)
once "$out/.stamp" "$print" make_channel
