#!/usr/bin/env bash
# The image made by a container engine, Docker or Podman: the same files, modes, environment and
# command as kiln's own, for a dozen definitions; pushed by the engine, or kept.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json
command -v umoci >/dev/null || { echo "no umoci"; exit 77; }
declare -A hosts
hosts[docker]=$(tests/base/dockerd.sh start "$work/dockerd" 2>/dev/null) || { echo "no dockerd here"; exit 77; }
trap 'tests/base/podman.sh stop "$work/podman"; tests/base/dockerd.sh stop "$work/dockerd"; finish' EXIT
registry_alone
hosts[podman]=$(tests/base/podman.sh start "$work/podman" "$host") || { unset "hosts[podman]"; echo "not tested: Podman (it is not here, or does not start)"; }
export DOCKER_HOST=${hosts[docker]}
# Of next to nothing: engines copy it for each step where they cannot mount.
"$python" -B tests/cli/fake_base.py "$work/base" it usr/lib/x86_64-linux-gnu/libc.so.6:2.36,etc/base PATH=/usr/bin:/bin KEPT=yes
base=$host/team/base:1
skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$work/base:it" "docker://$base" || exit 1

# What stands in an image: kinds, modes, owners, links and bytes; times below the prefix, as what is
# above it belongs to the base, and docker touches it.
tree() { # FOLDER
	(cd "$1" && find . -mindepth 1 \( -path ./opt/env -o -path './opt/env/*' \) -printf '%P %y %m %U:%G %l %Ts\n' \
		-o -printf '%P %y %m %U:%G %l\n' && find . -type f -print0 | xargs -0 sha256sum) | LC_ALL=C sort
}
settings() { # IMAGE
	skopeo --insecure-policy inspect --config "$1" | "$python" -c 'import json, sys
config = json.load(sys.stdin)["config"]
config["Env"] = sorted(config.get("Env", []))  # Podman moves what it sets again, and signs
(config.get("Labels") or {}).pop("io.buildah.version", None)
print({k: config.get(k) or None for k in ("Env", "Cmd", "Entrypoint", "User", "WorkingDir", "Labels")})'
}
unpack() { # NAME IMAGE
	skopeo --insecure-policy copy -q --src-tls-verify=false "$2" "oci:$work/images:$1" &&
		umoci unpack --image "$work/images:$1" "$work/$1" >"$work/umoci" 2>&1 || fail "$1: $(tail -n 2 "$work/umoci")"
	tree "$work/$1/rootfs" >"$work/$1.tree"
	settings "oci:$work/images:$1" >"$work/$1.settings"
	rm -rf "$work/$1"
}
compare() { # NAME FILE [OPTION...]
	local name=$1 file=$2
	shift 2
	expect 0 "" "$kiln" build "$file" --base "$base" -t "$host/native/$name:1" -q "$@"
	unpack native "docker://$host/native/$name:1"
	[ "$(wc -l <"$work/native.tree")" -gt 15 ] || fail "$name: nothing was compared"
	for engine in "${!hosts[@]}"; do
		DOCKER_HOST=${hosts[$engine]} expect 0 "" "$kiln" build "$file" --base "$base" -t "$host/$engine/$name:1" --engine docker -q "$@"
		unpack engine "docker://$host/$engine/$name:1"
		diff "$work/native.tree" "$work/engine.tree" >"$work/diff" || fail "$engine: $name: files differ: $(head -n 6 "$work/diff")"
		diff "$work/native.settings" "$work/engine.settings" >"$work/diff" || fail "$engine: $name: settings differ: $(cat "$work/diff")"
	done
}

spec() { # NAME DEPENDENCIES [MORE]
	printf 'channels: [%s]\ndependencies: [%s]\n%s\n' "$channel" "$2" "${3:-}" >"$work/$1.yml"
}
compare small tests/channel/small.yml
spec tools openssl,ncurses
spec commands "python=3.11, kiln-commands"
spec activation kiln-activation
spec script kiln-post-link
spec variables libzlib 'variables: {A: "x y", B: "a \"b\" $C \\ d", EMPTY: ""}'
spec certificates ca-certificates
spec zones tzdata
spec lines readline
spec rows libsqlite
spec few libuuid,libffi,bzip2
for name in tools activation script variables certificates zones lines rows few; do
	compare "$name" "$work/$name.yml"
done
compare prefix "$work/tools.yml" --prefix /srv/tools
compare uncompiled "$work/commands.yml" --no-bytecode

# The engine's log line by line; pushed under both tags; found the second time.
expect 0 "Step 1/" "$kiln" build "$work/tools.yml" --base "$base" -t "$host/env/tools:1" -t docker-daemon:env/tools:1 \
	--engine docker --json --progress plain
digest=$(field "$work/stdout" digest) key=$(field "$work/stdout" key)
grep -qE 'ADD layers/0' "$work/stderr" || fail "no line of the engine's log: $(tail -n 5 "$work/stderr")"
for tag in 1 "${key:0:32}"; do
	same "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$host/env/tools:$tag")" "$digest" "tag $tag"
done
docker image inspect env/tools:1 >/dev/null 2>&1 || fail "docker does not have env/tools:1"
expect 0 "" "$kiln" build "$work/tools.yml" --base "$base" -t "$host/env/tools:1" --engine docker --json
same "$(field "$work/stdout" cached) $(field "$work/stdout" digest)" "true $digest" "built before"

# What it says of failures, and what it cannot do.
expect 2 "--engine docker pushes to HOST/REPOSITORY" "$kiln" build "$work/tools.yml" --base "$base" -t "oci:$work/x" --engine docker
expect 2 "native or docker is wanted" "$kiln" build "$work/tools.yml" --base "$base" -t "$host/x" --engine other
expect 2 "no Dockerfile can begin with a layout" "$kiln" build "$work/tools.yml" --base "oci:$work/base:it" -t "$host/x" --engine docker
expect 2 "it holds an image alone" "$kiln" build "$work/tools.yml" --base "$base" -t docker-daemon:env/tools:2 --engine docker --sbom

# SBOM and provenance, beside what the engine has pushed.
expect 0 "" "$kiln" build "$work/tools.yml" --base "$base" -t "$host/env/tools:1" --engine docker --sbom --json
digest=$(field "$work/stdout" digest)
referrer env/tools "$digest" application/spdx+json | grep -q '"openssl"' || fail "no SBOM of an engine's image"
referrer env/tools "$digest" application/vnd.in-toto+json >"$work/statement.json"
"$python" -B tests/cli/check_sbom.py statement "$work/statement.json" "$digest" || fail "the statement of an engine's image"
expect 0 "" "$kiln" build "$work/tools.yml" --base "$base" -t "$host/env/tools:1" --engine docker --sbom --json
same "$(field "$work/stdout" cached)" true "cached, with its documents"

# Podman's own words, and what it keeps.
[ -n "${hosts[podman]:-}" ] || exit
DOCKER_HOST=${hosts[podman]}
expect 0 "STEP 1/" "$kiln" build "$work/tools.yml" --base "$base" -t docker-daemon:env/podman:1 --engine docker --json --progress plain
expect 0 "" "$kiln" build "$work/tools.yml" --base "$base" -t docker-daemon:env/loaded:1 -q
for name in podman loaded; do
	docker image inspect "env/$name:1" >/dev/null 2>&1 || fail "podman does not have env/$name:1"
done
