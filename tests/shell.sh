# tests/shell.sh - what the command-line tests share; sourced, in the top folder of the project.
#
# A test works in $work, which is gone at the end, with a cache of its own. `expect` runs kiln and
# compares exit status and messages; the test fails at its end when any expectation did.

set -u
kiln=$PWD/build/${KILN_BUILD:-plain}/kiln
channel=file://$PWD/build/channel
python=$PWD/build/venv/bin/python
work=$(mktemp -d "${TMPDIR:-/tmp}/kiln-cli.XXXXXX") || exit 1
export KILN_CACHE=$work/cache XDG_DATA_HOME=$work/data
export KILN_CONFIG=$PWD/tests/cli/kiln.yml # no settings of this machine
failures=0
registries=

finish() {
	for dir in $registries; do tests/base/registry.sh stop "$dir"; done
	mountpoint -q "$work/small" 2>/dev/null && umount "$work/small"
	rm -rf --one-file-system "$work"
	[ $failures = 0 ] || exit 1
}
trap finish EXIT

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# needs FILE...: without them the test is skipped.
needs() {
	for file in "$@"; do
		[ -e "$file" ] || { echo "no $file: make channel; tests/base/make.sh"; exit 77; }
	done
}

# expect STATUS TEXT COMMAND...: its exit status, and a text that standard error holds.
expect() {
	local want=$1 text=$2 got
	shift 2
	"$@" >"$work/stdout" 2>"$work/stderr"
	got=$?
	[ $got = "$want" ] || fail "$* exits with $got, not $want: $(tail -n 3 "$work/stderr")"
	[ -z "$text" ] || grep -qF -- "$text" "$work/stderr" || fail "$*: no \"$text\" in: $(tail -n 3 "$work/stderr")"
}

# same A B WHAT
same() {
	[ "$1" = "$2" ] || fail "$3: $1 is not $2"
}

# Starts a registry; sets $host.
registry_alone() {
	tests/base/registry.sh start "$work/registry" || exit 77
	registries="$registries $work/registry"
	host=127.0.0.1:$(cat "$work/registry/port")
}

# The same with the base in it; sets $base.
registry() {
	registry_alone
	base=$(tests/base/push.sh "${host#*:}") || exit 1
}

# Starts a scripted server of tests/fake, which ends when this shell does; sets $fake, its host.
start_fake() { # SCRIPT [ARGUMENT]
	local _ input
	rm -f "$work/fake.port"
	exec {input}> >(exec python3 -B "tests/fake/$@" >"$work/fake.port")
	for _ in $(seq 100); do
		[ -s "$work/fake.port" ] && break
		sleep 0.1
	done
	fake=127.0.0.1:$(cat "$work/fake.port")
}

# An index of the real wheels, and uv in PATH.
wheels_index() {
	start_fake wheels.py build/channel-work/wheels
	export PATH=$PWD/build/venv/bin:$PATH
}

# pip_spec NAME LINE...: $work/NAME.yml with the conda packages $conda and a pip list of these
# lines, which come from that index.
pip_spec() {
	local name=$1
	shift
	printf 'channels: [%s]\ndependencies:\n' "$channel" >"$work/$name.yml"
	printf -- '- %s\n' $conda pip: >>"$work/$name.yml"
	printf '  - %s\n' "--index-url http://$fake/open/simple" "$@" >>"$work/$name.yml"
}

# field FILE KEY...: a member of a JSON document.
field() {
	"$python" -c 'import json, sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2:]:
    value = value[int(key) if key.isdigit() else key]
print(json.dumps(value) if isinstance(value, (dict, list, bool)) else value)' "$@"
}

# referrer REPOSITORY DIGEST TYPE: the document of that type beside an image; registry 2.8 has no list
# of referrers, so a tag leads to them.
referrer() {
	"$python" - "$host" "$@" <<-'END'
		import json, sys, urllib.request
		host, repository, digest, kind = sys.argv[1:]
		def get(what, accept):
		    request = urllib.request.Request(f"http://{host}/v2/{repository}/{what}", headers={"Accept": accept})
		    return urllib.request.urlopen(request).read()
		index = json.loads(get(f"manifests/{digest.replace(':', '-')}", "application/vnd.oci.image.index.v1+json"))
		at = [m for m in index["manifests"] if m["artifactType"] == kind]
		manifest = json.loads(get(f"manifests/{at[0]['digest']}", at[0]["mediaType"]))
		assert manifest["subject"]["digest"] == digest and manifest["artifactType"] == kind and len(at) == 1
		sys.stdout.buffer.write(get(f"blobs/{manifest['layers'][0]['digest']}", "*/*"))
	END
}

# What an interrupted write would leave.
no_leftovers() { # FOLDER
	local left
	left=$(find "$1" -name '*.part*' -o -name '*.tmp*' -o -name '.tmp*' -o -name '*.new' 2>/dev/null | head)
	[ -z "$left" ] || fail "left behind: $left"
}

# flip FILE THOUSANDTHS: one bit of it, as a disk does.
flip() {
	"$python" - "$@" <<'P'
import os, sys
path, at = sys.argv[1], int(sys.argv[2])
with open(path, "r+b") as f:
    n = os.path.getsize(path) * at // 1000
    f.seek(n)
    byte = f.read(1)[0] ^ 0x20
    f.seek(n)
    f.write(bytes([byte]))
P
}
