#!/usr/bin/env bash
# A Dockerfile of style conda, built by an engine: the packages of its list, in the place of the list's
# reader one that is not kiln's, and the wheels, by the environment's own pip; the same files as kiln's.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json build/channel-work/wheels build/venv/bin/uv
rattler=$("$python" -c 'import os, rattler; print(os.path.dirname(rattler.__file__))' 2>/dev/null) || { echo "no py-rattler"; exit 77; }
DOCKER_HOST=$(tests/base/dockerd.sh start "$work/dockerd" 2>/dev/null) || { echo "no dockerd here"; exit 77; }
export DOCKER_HOST
trap 'tests/base/dockerd.sh stop "$work/dockerd"; finish' EXIT
registry
start_fake folder.py "$PWD/build/channel"
served=http://$fake
wheels_index
docker_build() { # FOLDER TAG
	docker build --network host -q -t "$2" "$1" >"$work/docker" 2>&1 || fail "docker build of $1: $(tail -n 5 "$work/docker")"
}

# A base with conda in it.
printf '%s\n' "channels: [$channel]" 'dependencies: [python=3.11]' >"$work/python.yml"
expect 0 "" "$kiln" build "$work/python.yml" --base "$base" --prefix /opt/conda --no-bytecode -t "$host/team/python:1" -q
mkdir "$work/conda"
cp -r "$rattler" "$work/conda/rattler"
cp tests/cli/fake_conda.py "$work/conda/conda"
chmod 755 "$work/conda/conda"
printf '%s\n' "FROM $host/team/python:1" 'COPY rattler /opt/conda/lib/python3.11/site-packages/rattler' \
	'COPY conda /opt/conda/bin/' >"$work/conda/Dockerfile"
docker_build "$work/conda" "$host/team/conda:1"
docker push -q "$host/team/conda:1" >/dev/null || fail "docker push"

cat >"$work/env.yml" <<-END2
	channels: [$served]
	dependencies:
	- python=3.11
	- openssl
	- ncurses
	- kiln-placeholders
	- six
	- pip
	- pip: [--index-url http://$fake/open/simple, requests==2.32.5, pyyaml, tqdm, munkres]
	variables: {A: "x y"}
END2
expect 0 "" "$kiln" render "$work/env.yml" --base "$host/team/conda:1" --style conda --no-bytecode -o "$work/rendered" -q
docker_build "$work/rendered" env:it
same "$(docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' env:it | grep -E '^(A|PATH|CONDA_PREFIX)=' | sort | tr '\n' ' ')" \
	"A=x y CONDA_PREFIX=/opt/env PATH=/opt/env/bin:/opt/conda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin " "variables"
same "$(docker run --rm --network none env:it python -c 'import requests, six, ssl, sys, yaml; print(sys.prefix)')" /opt/env "Python of the image"

# The same files, links and modes as kiln's own, but for what the rules name.
mkdir "$work/theirs"
id=$(docker create env:it true) && docker export "$id" | tar -x -C "$work/theirs" opt/env || fail "docker export"
expect 0 "" "$kiln" install "$work/rendered/lock.yml" "$work/ours" --prefix /opt/env --no-bytecode
"$python" -B tests/cli/conda_files.py "$work/ours" "$work/theirs/opt/env" >"$work/compared" || fail "$(cat "$work/compared")"
