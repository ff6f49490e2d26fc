#!/usr/bin/env bash
# Dockerfiles for a dozen definitions, as they stand in tests/cases/render (GOLDEN=write: writes them
# anew); the same bytes on every machine; what no Dockerfile can say.
. tests/shell.sh
needs build/venv/bin/uv
cases=$PWD/tests/cases/render
PATH=$PWD/build/venv/bin:$PATH
"$python" -B tests/cli/render_channel.py "$work/served" || exit 1
start_fake folder.py "$work/served"
served=http://$fake
start_fake wheels.py "$work/served/wheels"
index=http://$fake/open/simple
registry_alone
"$python" -B tests/cli/fake_base.py "$work/base" it usr/lib/x86_64-linux-gnu/libc.so.6:2.36 PATH=/usr/bin KEPT=yes
skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$work/base:it" "docker://$host/team/base:1" || exit 1

# Addresses and digests are of this run.
told() { sed -E 's/127\.0\.0\.1:[0-9]+/HOST/g; s/[0-9a-f]{64}/DIGEST/g' "$1/Dockerfile"; }
modes() { (cd "$1" && find . -mindepth 1 -printf "%m %P\n" | sort); }
render() { # STYLE DIR OPTION...
	local style=$1 dir=$2
	shift 2
	"$kiln" render --style "$style" --no-bytecode -o "$dir" -q "$@"
}

defs=$work/defs
mkdir "$defs"
for file in "$cases"/*.yml "$cases"/*.txt; do sed "s|HOST|$served|g; s|INDEX|$index|" "$file" >"$defs/$(basename "$file")"; done
"$kiln" lock "$defs/locked.yml" --base "$host/team/base:1" --no-bytecode -q -o "$defs/locked.lock" || fail "the lock"
for file in "$defs"/*.yml; do
	name=$(basename "$file" .yml)
	options=() more=()
	[ ! -e "$cases/$name.options" ] || read -r -a more < <(sed "s|DEFS|$defs|" "$cases/$name.options")
	[[ "${more[*]}" == *--base* ]] || options=(--base "$host/team/base:1")
	options+=("${more[@]}")
	for style in layers conda; do
		expect 0 "" render $style "$work/$name.$style" "$file" "${options[@]}"
		[ "${GOLDEN:-}" != write ] || told "$work/$name.$style" >"$cases/$name.$style"
		told "$work/$name.$style" | diff "$cases/$name.$style" - >"$work/diff" || fail "$name.$style: $(cat "$work/diff")"
	done
	# Another machine, and the same place once more.
	umask 077
	expect 0 "" render layers "$work/again" "$file" "${options[@]}" --cache "$work/cache.$name" --jobs 3
	umask 022
	diff -r "$work/$name.layers" "$work/again" >"$work/diff" || fail "$name: another machine renders $(head -n 5 "$work/diff")"
	diff <(modes "$work/$name.layers") <(modes "$work/again") >"$work/diff" || fail "$name: another umask: $(cat "$work/diff")"
done
same "$(ls "$work/wheels.conda")" "Dockerfile
explicit.txt
lock.yml
requirements.txt" "the files of style conda"
grep -qE "^tinywheel @ $served.*|^tinywheel @ http" "$work/wheels.conda/requirements.txt" || fail "requirements: $(cat "$work/wheels.conda/requirements.txt")"
no_leftovers "$work"

# What is somebody else's stays; what cannot be said is refused.
mkdir "$work/mine"
echo mine >"$work/mine/file"
expect 2 "holds other things" render layers "$work/mine" "$defs/plain.yml" --base "$host/team/base:1"
same "$(cat "$work/mine/file")" mine "a file of somebody else"
expect 2 "holds other things" render layers "$work/mine/file" "$defs/plain.yml" --base "$host/team/base:1"
same "$(cat "$work/mine/file")" mine "a file that was named as the folder"
expect 0 "" render layers "$work/again" "$defs/plain.yml" --base "$host/team/base:1"
mkdir "$work/again/.git"
expect 2 "holds other things" render layers "$work/again" "$defs/plain.yml" --base "$host/team/base:1"
rmdir "$work/again/.git"
(cd "$work/again" && expect 0 "" "$kiln" render "$defs/plain.yml" --base "$host/team/base:1" --style layers -o .) ||
	fail "-o ."
[ -e "$work/again/Dockerfile" ] || fail "-o . leaves no Dockerfile"
expect 2 "no Dockerfile can begin with a layout's folder" render layers "$work/x" "$defs/plain.yml" --base "oci:$work/base:it"
expect 2 "no folder: -o DIR" "$kiln" render "$defs/plain.yml"
expect 2 "layers or conda is wanted" render other "$work/x" "$defs/plain.yml"
expect 2 "ADD unpacks no zstd" render layers "$work/x" "$defs/plain.yml" --compression zstd
printf '%s\n' "channels: [file://$work/served/main]" 'dependencies: [libzlib]' >"$defs/near.yml"
expect 2 "libzlib is in a folder of this machine" render conda "$work/x" "$defs/near.yml" --base "$host/team/base:1"
printf '%s\n' "channels: [$served/main]" 'dependencies: [libzlib]' 'variables: {LINES: "a\nb"}' >"$defs/lines.yml"
expect 2 "several lines" render layers "$work/x" "$defs/lines.yml" --base "$host/team/base:1"
