#!/usr/bin/env bash
# Installs what the build or the tests need, only when it is missing.
#
#   BUILD_PACKAGES="gcc ..." tests/setup.sh build      Debian packages
#   TEST_PACKAGES="..."      tests/setup.sh test       those, and tools from PyPI in build/venv, build/clients
#
# Packages may also be given as further arguments. Uses sudo when not root.
set -euo pipefail
cd "$(dirname "$0")/.."

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing() {
	for name in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || echo "$name"
	done
}

# Daemons that come along must not be started (RUNLEVEL): the tests start their own.
apt_quietly() {
	as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 timeout 600 apt-get -qq \
		-o Dpkg::Use-Pty=0 "$@" >build/setup.log 2>&1 || { cat build/setup.log >&2; return 1; }
}

install_debian() {
	local want
	want=$(missing "$@")
	[ -n "$want" ] || return 0
	echo "setup: installing" $want >&2
	mkdir -p build
	# shellcheck disable=SC2086
	apt_quietly update && apt_quietly install -y --no-install-recommends $want
}

# make_venv NAME LIST...: packages from PyPI in build/NAME. Debian's own Python, whatever is first in
# PATH: the channel's bytecode is of its version.
make_venv() {
	local folder=build/$1
	shift
	local want=$folder/requirements.txt
	cat "$@" | cmp -s - "$want" && return 0
	echo "setup: making $folder" >&2
	[ -x "$folder/bin/pip" ] || /usr/bin/python3 -m venv "$folder"
	timeout 300 "$folder/bin/pip" install -q --disable-pip-version-check "${@/#/-r}" && cat "$@" >"$want"
}

what=${1:-}
shift || true
# shellcheck disable=SC2086
case $what in
build) install_debian ${BUILD_PACKAGES:-} "$@" ;;
test)
	install_debian ${TEST_PACKAGES:-} "$@"
	make_venv venv tests/channel/requirements.txt tests/requirements.txt
	# Pages are looked at in it. Without it one test says so and is skipped.
	install_debian chromium || echo "setup: no Chromium" >&2
	# Apart: what they depend on is old. Without them one comparison says so and is skipped.
	make_venv clients tests/clients.txt || echo "setup: no AzureML clients" >&2
	;;
*)
	sed -n '2,7p' "$0" | cut -c3-
	exit 2
	;;
esac
