#!/usr/bin/env bash
# Bad input: a clear message, the right exit status, nothing half-made left behind.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json
registry

definition() { # FILE LINE...
	local file=$1
	shift
	printf '%s\n' "$@" >"$work/$file"
}
build() { # DEFINITION [OPTION...]: to a registry, from an oci: base
	local file=$1
	shift
	"$kiln" build "$work/$file" --base "oci:$PWD/build/base:bookworm" -t "$host/bad/it:1" "$@"
}

# The definition itself: file, line and column.
definition broken.yml 'channels: [a' 'dependencies: {'
expect 2 "broken.yml:" build broken.yml
definition type.yml 'channels: c' 'dependencies:' '  - {a: b}'
expect 2 "type.yml:1:" build type.yml
definition twice.yml 'channels: [c]' 'dependencies: [a]' 'dependencies: [b]'
expect 2 "twice.yml:3:1" build twice.yml
definition spec.yml "channels: [$channel]" 'dependencies:' '  - python >=3.8 <3.9'
expect 2 "spec.yml:3:18" build spec.yml
definition pip.yml "channels: [$channel]" 'dependencies:' '  - pip:' '    - requests=1'
expect 2 "pip.yml:4:7: a comparison is wanted" build pip.yml
expect 1 "absent.yml" build absent.yml

# What the definition asks for.
definition none.yml "channels: [$channel]" 'dependencies: [no-such-package]'
expect 3 "no-such-package" build none.yml
definition conflict.yml "channels: [$channel]" 'dependencies: [python 3.11.*, numpy 1.26.*, numpy 2.*]'
expect 3 "numpy" build conflict.yml
definition channel.yml 'channels: [file:///no/such/channel]' 'dependencies: [six]'
expect 1 "not a channel: file:///no/such/channel" build channel.yml
definition down.yml 'channels: [http://127.0.0.1:9/c]' 'dependencies: [six]'
expect 4 "127.0.0.1:9" build down.yml
start_fake registry.py
definition unknown.yml "channels: [http://$fake/c]" 'dependencies: [six]'
expect 4 "not a channel: http://$fake/c" build unknown.yml
definition small.yml "channels: [$channel]" 'dependencies: [libzlib]'
expect 2 "--base" "$kiln" build "$work/small.yml" --base 'UPPER//case' -t "$host/bad/it:1"
expect 4 "no/such/base:1: " "$kiln" build "$work/small.yml" --base "$host/no/such/base:1" -t "$host/bad/it:1"
expect 4 "NAME_UNKNOWN" build small.yml -t "$fake/nameunknown/it:1"
expect 1 "no/such/base" "$kiln" build "$work/small.yml" --base oci:/no/such/base:1 -t "$host/bad/it:1"
expect 4 "127.0.0.1:9" "$kiln" build "$work/small.yml" --base 127.0.0.1:9/base:1 -t "$host/bad/it:1"
expect 4 "127.0.0.1:9" "$kiln" build "$work/small.yml" --base "$base" -t 127.0.0.1:9/bad/it:1

# What the channel serves: bytes that are not the record's, an archive that ends too early.
"$python" tests/cli/mini_channel.py build/channel "$work/wrong" ca-certificates --bad-sha256
definition wrong.yml "channels: [file://$work/wrong]" 'dependencies: [ca-certificates]'
expect 6 "ca-certificates" build wrong.yml
no_leftovers "$KILN_CACHE"
"$python" tests/cli/mini_channel.py build/channel "$work/short" kiln-commands
"$python" - "$work/short/noarch" <<'END'
import hashlib, json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
data = json.loads((folder / "repodata.json").read_text())
for records in (data["packages"], data["packages.conda"]):
    for name, record in records.items():
        whole = (folder / name).read_bytes()
        (folder / name).unlink()
        cut = whole[: len(whole) * 2 // 3]
        (folder / name).write_bytes(cut)
        record.update(sha256=hashlib.sha256(cut).hexdigest(), md5=hashlib.md5(cut).hexdigest(), size=len(cut), depends=[])
(folder / "repodata.json").write_text(json.dumps(data))
END
definition short.yml "channels: [file://$work/short]" 'dependencies: [kiln-commands]'
expect 1 "kiln-commands" build short.yml

# No image came of any of it.
if skopeo --insecure-policy inspect --tls-verify=false "docker://$host/bad/it:1" >/dev/null 2>&1; then
	fail "a failed build has pushed an image"
fi

# No room: for the result, for a file of the cache, on the file system of the cache.
into_full() { "$@" >/dev/full; }
expect 1 "standard output: " into_full "$kiln" lock "$work/small.yml"
within() { # KILOBYTES COMMAND...: no file becomes larger
	(
		trap '' XFSZ
		ulimit -f "$1"
		shift
		"$@"
	)
}
definition full.yml "channels: [$channel]" 'dependencies: [python 3.11.*]'
expect 1 "File too large" within 3000 build full.yml --cache "$work/limited"
no_leftovers "$work/limited"
mkdir -p "$work/small"
if mount -t tmpfs -o size=3m tmpfs "$work/small" 2>"$work/mount"; then
	expect 1 "No space left" build full.yml --cache "$work/small/cache"
	no_leftovers "$work/small"
	umount "$work/small"
else
	echo "not tested: a full file system ($(cat "$work/mount"))"
fi
no_leftovers "$KILN_CACHE"

# The same command with good input works with the cache that all this has left.
expect 0 "" build small.yml
