#!/usr/bin/env bash
# Runs a command in a pushed image with the first runtime that works, and says which on stderr.
#
#   run.sh HOST:PORT/REPOSITORY[:TAG|@DIGEST] COMMAND...
#
# KILN_RUNTIMES="docker podman crun bwrap" is the order. docker: the daemon of DOCKER_HOST, or one
# started for this only. The registry is spoken to without TLS. Exit status: the command's.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,7p' "$0" | cut -c3-; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
image=$1
shift
work=$(mktemp -d "${TMPDIR:-/tmp}/kiln-run.XXXXXX")
started=

finish() {
	[ -z "$started" ] || "$here/dockerd.sh" stop "$started"
	rm -rf --one-file-system "$work"
}
trap finish EXIT

say() {
	echo "run: with $*" >&2
}

# Each ready_X prepares and tells by its status whether runtime X works here; run_X runs.
ready_docker() {
	command -v docker >/dev/null || return 1
	if ! timeout 10 docker version >/dev/null 2>&1; then
		DOCKER_HOST=$("$here/dockerd.sh" start "$work/dockerd") || return 1
		export DOCKER_HOST
		started=$work/dockerd
	fi
	timeout 300 docker pull -q "$image" >/dev/null 2>"$work/why" &&
		timeout 60 docker run --rm --network none "$image" /bin/true 2>"$work/why"
}

run_docker() {
	say "docker $(docker version --format '{{.Server.Version}}')"
	timeout 600 docker run --rm --network none "$image" "$@"
}

ready_podman() {
	command -v podman >/dev/null &&
		timeout 300 podman pull -q --tls-verify=false "$image" >/dev/null 2>"$work/why" &&
		timeout 60 podman run --rm --network none "$image" /bin/true 2>"$work/why"
}

run_podman() {
	say "podman"
	timeout 600 podman run --rm --network none "$image" "$@"
}

# Not root: umoci maps every owner to us.
unpack() {
	[ ! -d "$work/bundle" ] || return 0
	command -v skopeo >/dev/null && command -v umoci >/dev/null || return 1
	local rootless=()
	[ "$(id -u)" = 0 ] || rootless=(--rootless)
	timeout 300 skopeo --insecure-policy copy -q --src-tls-verify=false \
		"docker://$image" "oci:$work/oci:it" &&
		timeout 300 umoci unpack "${rootless[@]}" --image "$work/oci:it" "$work/bundle" \
			>/dev/null 2>"$work/why"
}

# crun without cgroups, terminal and network: what differs between machines.
ready_crun() {
	command -v crun >/dev/null && unpack || return 1
	bundle_command /bin/true
	timeout 60 crun --cgroup-manager=disabled run -b "$work/bundle" "kiln-$$" >/dev/null 2>"$work/why"
}

run_crun() {
	say "umoci and crun"
	bundle_command "$@"
	timeout 600 crun --cgroup-manager=disabled run -b "$work/bundle" "kiln-$$"
}

bundle_command() {
	/usr/bin/python3 - "$work/bundle/config.json" "$@" <<-'END'
		import json, sys
		path, command = sys.argv[1], sys.argv[2:]
		config = json.load(open(path))
		config["process"].update(args=command, terminal=False)
		config["linux"].pop("resources", None)
		config["mounts"] = [m for m in config["mounts"] if m["type"] != "cgroup"]
		json.dump(config, open(path, "w"))
	END
}

ready_bwrap() {
	command -v bwrap >/dev/null && unpack && in_bwrap /bin/true 2>"$work/why"
}

run_bwrap() {
	say "umoci and bwrap"
	in_bwrap "$@"
}

# root needs no user namespace, and may not make one in a chroot.
in_bwrap() {
	local variables apart=(--unshare-all)
	[ "$(id -u)" != 0 ] || apart=(--unshare-pid --unshare-net --unshare-ipc --unshare-uts)
	mapfile -t variables < <(/usr/bin/python3 -c 'import json, sys
print(*json.load(open(sys.argv[1]))["process"]["env"], sep="\n")' "$work/bundle/config.json")
	timeout 600 env -i "${variables[@]}" "$(command -v bwrap)" "${apart[@]}" --die-with-parent \
		--bind "$work/bundle/rootfs" / --proc /proc --dev /dev --tmpfs /tmp "$@"
}

for runtime in ${KILN_RUNTIMES:-docker podman crun bwrap}; do
	if "ready_$runtime"; then
		"run_$runtime" "$@"
		exit
	fi
	echo "run: $runtime does not work here: $(tail -1 "$work/why" 2>/dev/null)" >&2
done
exit 125
