#!/usr/bin/env bash
# Another platform, and two at once: an index of images, each with its own packages and virtual
# packages on its own base, made without running a program of the foreign one.
. tests/shell.sh
needs build/channel/noarch/repodata.json
[ "$(uname -m)" = x86_64 ] || { echo "the channel is for x86_64"; exit 77; }
here=$work/channel
both=linux/amd64,linux/arm64
"$python" tests/cli/mini_channel.py build/channel "$here" \
	python six click ca-certificates kiln-post-link kiln-activation --needed || exit 1
"$python" -B tests/cli/two_platforms.py channel "$here" || exit 1
"$python" -B tests/cli/two_platforms.py base "$work/base" two || exit 1
printf '%s\n' "channels: [file://$here]" \
	'dependencies: [six, click, ca-certificates, kiln-post-link, kiln-activation]' >"$work/spec.yml"
build() { # PLATFORMS DESTINATION [OPTION...]
	local platforms=$1 to=$2
	shift 2
	"$kiln" build "$work/spec.yml" --base "oci:$work/base:two" --platform "$platforms" -t "$to" --json "$@"
}
says() { grep -qF -- "$1" "$work/stderr" || fail "no \"$1\" in: $(tail -n 5 "$work/stderr")"; }
# What an image's layers hold: names, a line each.
holds() { # LAYOUT TAG
	"$python" -B tests/cli/image_names.py "$1" "$2" >"$work/names" || fail "$1:$2 cannot be read"
}

# One, foreign: what only its programs could make is left out and said, once each.
expect 0 "kiln-post-link-1.0-h0dd0001_0 has link scripts, which are not run" build linux/arm64 "oci:$work/out:arm"
says "no .pyc files are made for 2 noarch packages"
says "first import"
same "$(grep -c warning: "$work/stderr")" 2 "warnings"
field "$work/stdout" platforms >"$work/none" 2>&1 && fail "one platform has a list of them"
alone=$(field "$work/stdout" digest)
"$python" tests/cli/check_layers.py "$work/out" arm || fail "the layers of $work/out:arm"
same "$(skopeo inspect --config --override-arch arm64 "oci:$work/out:arm" | "$python" -c 'import json, sys
c = json.load(sys.stdin)
print(c["os"], c["architecture"], c["variant"], *[v for v in c["config"]["Env"] if "KILN" in v or "SSL" in v])')" \
	"linux arm64 v8 KILN_ACTIVATED=/opt/env/share KILN_VARIABLE=from a package SSL_CERT_FILE=/opt/env/ssl/cacert.pem" "its configuration"

# Both: an index, found in whatever order they are named; nothing is made again.
expect 0 "not run: programs for linux/arm64" build linux/arm64,linux/amd64 "oci:$work/out:both"
cp "$work/stdout" "$work/both.json"
digest=$(field "$work/both.json" digest)
same "$(field "$work/both.json" platforms 0 platform) $(field "$work/both.json" platforms 1 platform)" "linux/amd64 linux/arm64" "platforms"
same "$(field "$work/both.json" platforms 1 layers 0 reused)" true "layers of linux/arm64, made before"
[ "$(field "$work/both.json" platforms 1 digest)" != "$alone" ] || fail "another key, and the same image"
expect 0 "" build "$both" "oci:$work/out:again"
same "$(field "$work/stdout" cached) $(field "$work/stdout" digest)" "true $digest" "built again"
"$python" - "$work/both.json" "$work/stdout" <<'EOF' || fail "what is remembered differs"
import json, sys
built, cached = (json.load(open(path)) for path in sys.argv[1:])
for one in built["platforms"]:
    for layer in one["layers"]:
        layer["reused"] = True
        for package in layer["contents"]:
            package["new"] = False
assert built["platforms"] == cached["platforms"] and built["size"] == cached["size"]
assert "layers" not in built and "layers" not in cached
EOF
# As one file: the same index and all blobs, each once; engines load one platform's image only.
expect 0 "" build "$both" "oci-archive:$work/both.tar:it"
same "$(field "$work/stdout" digest)" "$digest" "oci-archive"
skopeo --insecure-policy copy -q --all "oci-archive:$work/both.tar:it" "oci:$work/copied:it" || fail "skopeo: oci-archive"
same "$(skopeo inspect --raw "oci:$work/copied:it" | sha256sum | cut -d' ' -f1)" "${digest#sha256:}" "what skopeo copied"
same "$(tar tf "$work/both.tar" | sort | uniq -d)" "" "what stands twice in the archive"
expect 2 "the image of one platform" build "$both" "docker-archive:$work/both.tar"

# From nothing, elsewhere: the same bytes, whoever packs first, with whatever umask.
umask 077
expect 0 "" build "$both" "oci:$work/other:both" --cache "$work/cache2" --jobs 1
umask 022
same "$(field "$work/stdout" digest)" "$digest" "the index of another machine"

# Where the base's folder is does not matter.
cp -r "$work/base" "$work/moved"
expect 0 "" build "$both" "oci:$work/other:moved" --cache "$work/cache2" --base "oci:$work/moved:two" --update
same "$(field "$work/stdout" cached) $(field "$work/stdout" digest)" "false $digest" "on a base in another folder"

expect 0 "" build "$both" "oci:$work/out:both" --cache "$work/cache3"
same "$(field "$work/stdout" cached) $(field "$work/stdout" digest)" "true $digest" "found by who did not build it"
same "$(field "$work/stdout" platforms 1 platform) $(field "$work/stdout" platforms 1 layers)" "linux/arm64 []" "what that one knows"
expect 0 "" build "$both" "oci:$work/other:offline" --cache "$work/cache2" --offline --update
same "$(field "$work/stdout" cached) $(field "$work/stdout" digest)" "false $digest" "the index made offline"

# Others read it: only the tags stand in index.json, and each platform is found.
same "$("$python" -c 'import json, sys
for m in json.load(open(sys.argv[1]))["manifests"]:
    print(m["mediaType"].split(".")[3], m["annotations"]["org.opencontainers.image.ref.name"])' \
	"$work/out/index.json" | sed 's/[0-9a-f]\{32\}/KEY/' | sort | tr '\n' ' ')" \
	"index KEY index again index both manifest KEY manifest arm " "what $work/out lists"
skopeo inspect --raw "oci:$work/out:both" >"$work/raw.json"
same "sha256:$(sha256sum "$work/raw.json" | cut -d ' ' -f 1)" "$digest" "what skopeo sees"
skopeo --insecure-policy copy -q --all "oci:$work/out:both" "oci:$work/all:both" || fail "skopeo copy --all"
for arch in amd64 arm64; do
	skopeo --insecure-policy --override-arch "$arch" copy -q "oci:$work/out:both" "oci:$work/$arch:it" ||
		fail "skopeo does not find $arch"
	"$python" tests/cli/check_layers.py "$work/$arch" it || fail "the layers for $arch"
	holds "$work/$arch" it
	grep -qx "etc/$arch" "$work/names" || fail "another base than the one for $arch"
	grep -q "opt/env/lib/python3.*/site-packages/six.py$" "$work/names" || fail "$arch has no six"
done
grep -q '\.pyc$' "$work/names" && fail "bytecode for arm64"
grep -q kiln-post-link.txt "$work/names" && fail "a link script of arm64 has run"
holds "$work/amd64" it
grep -q 'six.cpython-.*\.pyc$' "$work/names" || fail "no bytecode for amd64"
grep -q kiln-post-link.txt "$work/names" || fail "no link script of amd64 has run"
umoci unpack --rootless --image "$work/arm64:it" "$work/bundle" >/dev/null 2>&1 || fail "umoci unpack"
[ -e "$work/bundle/rootfs/opt/env/ssl/cacert.pem" ] || fail "umoci sees no environment"

# A registry: images before the index; the second time one question. Then as a base of its own.
start_fake registry.py
expect 0 "" build "$both" "$fake/sound/app:1"
same "$(field "$work/stdout" digest)" "$digest" "the index in a registry"
same "$(curl -s "http://$fake/log" | grep -c '^PUT .*/manifests/')" 5 "manifests put"
expect 0 "" build "$both" "$fake/sound/app:1"
same "$(field "$work/stdout" cached)" true "built again in a registry"
same "$(curl -s "http://$fake/log" | cut -d ' ' -f 1 | sort | uniq -c | tr -s ' ')" " 2 HEAD" "requests of the second time"
for flags in loses.onebyone forgets forgets.onebyone; do
	expect 0 "" build "$both" "$fake/$flags/app:1"
	same "$(field "$work/stdout" digest)" "$digest" "the index at $flags"
done
registry_alone
expect 0 "" build "$both" "$host/env/app:1"
same "$(skopeo inspect --tls-verify=false --raw "docker://$host/env/app:1" | sha256sum | cut -d ' ' -f 1)" "${digest#sha256:}" "in docker-registry"
# On a base of Docker's types all is OCI's: the families do not mix in an index.
skopeo --insecure-policy copy -q --all --format v2s2 --dest-tls-verify=false "oci:$work/base:two" "docker://$host/base/docker:1" ||
	fail "the base with Docker's types"
expect 0 "" build "$both" "$host/env/docker:1" --base "$host/base/docker:1"
skopeo --insecure-policy copy -q --all --src-tls-verify=false "docker://$host/env/docker:1" "dir:$work/docker" || fail "copying it"
same "$(cat "$work"/docker/*.json | grep -o 'vnd.docker[^"]*' | sort -u)" "" "types of Docker"
printf '%s\n' "channels: [file://$here]" 'dependencies: [tzdata]' >"$work/more.yml"
expect 0 "" "$kiln" build "$work/more.yml" --base "$host/env/app:1" --platform "$both" -t "$host/env/more:1" --prefix /opt/more

# One lock for both; each is built from its part, together or alone.
expect 0 "" "$kiln" lock "$work/spec.yml" --base "oci:$work/base:two" --platform "$both" -o "$work/lock.yml"
expect 0 "" "$kiln" lock "$work/spec.yml" --base "oci:$work/base:two" --platform "$both"
cmp -s "$work/stdout" "$work/lock.yml" || fail "two locks of one definition differ"
expect 0 "" "$kiln" lock "$work/spec.yml" --base "oci:$work/base:two" --platform "$both" --json
same "$(field "$work/stdout" lock_digest)" "$(grep -v "kiln_base_name: oci:$work/base:two" "$work/lock.yml" | sha256sum | cut -d ' ' -f 1)" "the lock's digest"
same "$(field "$work/stdout" lock_digest)" "$(field "$work/both.json" lock_digest)" "the lock's digest in a build"
same "$(field "$work/stdout" platforms 1 platform) $(field "$work/stdout" platforms 1 packages 1 url)" \
	"linux/arm64 $(ls "$here"/linux-aarch64/python-*-0_cpython.tar.bz2 | sed 's|^|file://|')" "packages for linux/arm64"
expect 0 "" "$kiln" key "$work/spec.yml" --base "oci:$work/base:two" --platform "$both" --explain
same "$(grep -E '^(platform|foreign)' "$work/stdout" | tr '\n' ' ')" "platform $both foreign linux/arm64 " "platforms in the key"
same "$(tail -n 1 "$work/stdout")" "$(field "$work/both.json" key)" "the key"
same "$(grep -c 'platform: linux-aarch64' "$work/lock.yml")" 7 "packages for linux-aarch64"
grep -q '__archspec=1=aarch64' "$work/lock.yml" || fail "no virtual packages of arm64"
"$python" - "$work/lock.yml" <<'EOF' || fail "conda-lock does not read it"
import pathlib, sys
from conda_lock.lockfile import parse_conda_lock_file
lock = parse_conda_lock_file(pathlib.Path(sys.argv[1]))
assert lock.metadata.platforms == ["linux-64", "linux-aarch64"] == sorted(lock.metadata.content_hash)
assert {p.platform for p in lock.package} == set(lock.metadata.platforms)
assert len(lock.package) == open(sys.argv[1]).read().count("\n- name: ") > 7
EOF
expect 0 "" build "$both" "oci:$work/out:locked" --locked "$work/lock.yml"
same "$(field "$work/stdout" digest) $(field "$work/stdout" cached)" "$digest true" "built from the lock"
for one in linux/amd64 linux/arm64; do
	expect 0 "" build "$one" "oci:$work/out:one" --locked "$work/lock.yml"
done
same "$(field "$work/stdout" layers 0 digest)" "$(field "$work/both.json" platforms 1 layers 0 digest)" "from its part of the lock"
expect 1 "nothing is locked for linux-ppc64le; there is linux-64, linux-aarch64" \
	build linux/ppc64le "oci:$work/out:no" --locked "$work/lock.yml"

# A folder: the same is left out.
expect 0 "has link scripts, which are not run" "$kiln" install --platform linux/arm64 "$work/lock.yml" "$work/prefix"
says "no .pyc files are made for 2 noarch packages"
[ -e "$work/prefix/bin/.kiln-post-link-post-link.sh" ] || fail "the package is not there"
[ ! -e "$work/prefix/etc/kiln-post-link.txt" ] || fail "install has run a script of arm64"
[ -z "$(find "$work/prefix" -name '*.pyc')" ] || fail "install has made bytecode for arm64"

# Wheels: those of each platform, unpacked and not compiled.
if [ -e build/channel-work/wheels ] && [ -e build/venv/bin/uv ]; then
	start_fake wheels.py build/channel-work/wheels
	printf '%s\n' "channels: [file://$here]" 'dependencies:' '- python' '- pip:' \
		"  - --index-url http://$fake/open/simple" '  - tqdm' >"$work/wheel.yml"
	PATH=$PWD/build/venv/bin:$PATH expect 0 "no .pyc files are made for 1 noarch package" \
		"$kiln" build "$work/wheel.yml" --base "oci:$work/base:two" --platform "$both" -t "oci:$work/out:wheel"
	skopeo --insecure-policy --override-arch arm64 copy -q "oci:$work/out:wheel" "oci:$work/wheel:it" || fail "skopeo"
	holds "$work/wheel" it
	grep -q '/site-packages/tqdm/__init__.py$' "$work/names" || fail "arm64 has no tqdm"
	grep -q '\.pyc$' "$work/names" && fail "bytecode of a wheel for arm64"
else
	echo "not tested: wheels for two platforms"
fi

# What cannot be is told, for which platform.
expect 1 "linux/ppc64le: base image" build linux/amd64,linux/ppc64le "oci:$work/out:no"
says "no image for linux/ppc64le; there is linux/amd64, linux/arm64/v8"
expect 2 'platform "linux/vax" is not known' build linux/amd64,linux/vax "oci:$work/out:no"
expect 2 "one platform" "$kiln" lock "$work/spec.yml" --platform "$both" --explicit
expect 2 "one platform" "$kiln" install --platform "$both" "$work/lock.yml" "$work/no"
printf '%s\n' "channels: [file://$here]" 'dependencies: [python * h*]' >"$work/only.yml"
expect 3 "linux/arm64" "$kiln" lock "$work/only.yml" --platform "$both"
no_leftovers "$work/out"
no_leftovers "$work/cache"
