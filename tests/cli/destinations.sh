#!/usr/bin/env bash
# Images in places that are no registry: archives and an engine. skopeo and docker read them; equal
# input gives equal bytes; what is there is not made again; what cannot be said early.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json
spec=tests/channel/small.yml
base=oci:$PWD/build/base
unset DOCKER_HOST DOCKER_CONTEXT DOCKER_TLS_VERIFY XDG_RUNTIME_DIR
export DOCKER_CONFIG=$work/docker HOME=$work/home
build() { "$kiln" build $spec --base "$base" --progress none "$@"; }
digest_in() { skopeo --insecure-policy inspect --format '{{.Digest}}' "$1"; }

# One build for all of them; another machine makes the same files.
oci=$work/a.tar docker=$work/d.tar nameless=$work/n.tar
expect 0 "" build -t "oci-archive:$oci:v1" -t "docker-archive:$docker:team/env:1" \
	-t "docker-archive:$nameless" -t "oci:$work/layout:v1" --json
cp "$work/stdout" "$work/first.json"
digest=$(field "$work/first.json" digest)
same "$(field "$work/first.json" image)" "oci-archive:$oci@$digest" "the image's name"
expect 0 "" build -t "oci-archive:$work/a2.tar:v1" -t "docker-archive:$work/d2.tar:team/env:1" \
	--cache "$work/cache2" --jobs 3
cmp "$oci" "$work/a2.tar" || fail "oci-archive differs"
cmp "$docker" "$work/d2.tar" || fail "docker-archive differs"
no_leftovers "$work"

# Other tools read them.
same "$(digest_in "oci-archive:$oci:v1")" "$digest" "skopeo: oci-archive by name"
same "$(digest_in "oci-archive:$docker:1")" "$digest" "skopeo: docker-archive is a layout too"
same "$(skopeo --insecure-policy inspect --config --raw "docker-archive:$docker:team/env:1" | sha256sum)" \
	"$(skopeo --insecure-policy inspect --config --raw "oci:$work/layout:v1" | sha256sum)" "skopeo: docker-archive"
skopeo --insecure-policy copy -q "docker-archive:$nameless" "oci:$work/copied:it" 2>"$work/why" ||
	fail "skopeo copy docker-archive: $(tail -n 2 "$work/why")"
skopeo --insecure-policy copy -q "oci-archive:$oci:v1" "oci:$work/out:it" || fail "skopeo copy oci-archive"
"$python" tests/cli/check_layers.py "$work/out" it || fail "digests of the layers"

# What is there already is not made again; a file that was lost, or has another name, is.
expect 0 "" build -t "oci-archive:$oci:v1" -t "docker-archive:$docker:team/env:1" --json
same "$(field "$work/stdout" cached)" true "cached the second time"
expect 0 "" build -t "oci-archive:$oci:v2" --json
same "$(field "$work/stdout" cached)" false "under another name"
same "$(digest_in "oci-archive:$oci:v2")" "$digest" "the file under another name"
rm "$docker"
expect 0 "" build -t "docker-archive:$docker:team/env:1"
cmp "$docker" "$work/d2.tar" || fail "docker-archive made again differs"

# Said before anything is done.
expect 2 "reads no zstd layers" build --compression zstd -t "docker-archive:$docker"
expect 2 "reads no zstd layers" build --compression zstd -t docker-daemon:env:1
expect 0 "" build --compression zstd -t "oci-archive:$work/z.tar"
expect 1 "the folder $work/none" build -t "oci-archive:$work/none/a.tar"
expect 2 "images there can be made, not built on" "$kiln" build $spec --base "oci-archive:$oci" -t oci:$work/x
expect 2 "there is no tag" build -t docker-daemon:env
expect 2 "docker-daemon:NAME:TAG" build
expect 2 "--offline reaches no registry and no engine" build -t docker-daemon:env:1 --offline

# No engine: what was tried.
expect 4 "unix:///var/run/docker.sock (a usual place): there is no such socket" build -t docker-daemon:env:1
DOCKER_HOST=unix://$work/no.sock expect 4 "tried unix://$work/no.sock (DOCKER_HOST): there is no such socket" \
	build -t docker-daemon:env:1
DOCKER_HOST=ssh://me@there expect 2 "ssh:// is not supported; forward the engine's socket" build -t docker-daemon:env:1
DOCKER_CONTEXT=far expect 1 "docker's context \"far\"" build -t docker-daemon:env:1

# An engine, by DOCKER_HOST and by docker's context.
if DOCKER_HOST=$(tests/base/dockerd.sh start "$work/dockerd" 2>/dev/null); then
	trap 'tests/base/dockerd.sh stop "$work/dockerd"; finish' EXIT
	export DOCKER_HOST
	socket=${DOCKER_HOST#unix://}
	expect 0 "" build -t docker-daemon:team/env:1 --json
	same "$(field "$work/stdout" digest)" "$digest" "what docker was given"
	expect 0 "" build -t docker-daemon:team/env:1 --json
	same "$(field "$work/stdout" cached)" true "docker has it already"
	docker run --rm --network none team/env:1 python -c 'import six; print(six.__file__)' >"$work/ran" 2>&1
	grep -q '^/opt/env/lib/python3.11/site-packages/six.py' "$work/ran" || fail "docker run: $(tail -n 3 "$work/ran")"
	docker rmi -f team/env:1 >"$work/rmi" 2>&1
	for file in "$docker" "$nameless"; do
		docker load -q -i "$file" >"$work/loaded" 2>&1 || fail "docker load $file: $(cat "$work/loaded")"
	done
	unset DOCKER_HOST
	context=$(printf near | sha256sum | cut -c1-64)
	mkdir -p "$DOCKER_CONFIG/contexts/meta/$context"
	echo '{"currentContext": "near"}' >"$DOCKER_CONFIG/config.json"
	echo "{\"Name\": \"near\", \"Endpoints\": {\"docker\": {\"Host\": \"unix://$socket\"}}}" \
		>"$DOCKER_CONFIG/contexts/meta/$context/meta.json"
	expect 0 "docker's context \"near\"" build -t docker-daemon:team/env:2 -v
	echo '{}' >"$DOCKER_CONFIG/config.json"
else
	echo "not tested: docker (no dockerd here)"
fi
