#!/usr/bin/env bash
# Builds CPython from Debian's source package for a placeholder prefix, into DIR/stage.
#
#   cpython.sh DIR PLACEHOLDER
#
# The system's own package sources are read with deb-src beside deb, in a configuration of our own.
set -euo pipefail
dir=$(mkdir -p "$1" && cd "$1" && pwd)
placeholder=$2

private_sources() {
	mkdir -p "$dir/apt/sources.d" "$dir/apt/lists/partial" "$dir/apt/archives/partial"
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
		[ -f "$list" ] || continue
		sed -E 's/^Types:.*/Types: deb-src/; s/^deb([ \t])/deb-src\1/' "$list" \
			>"$dir/apt/sources.d/$(basename "$list")"
	done
}

# Without index targets but the sources, so the lists are small.
apt_private() {
	timeout 300 apt-get -qq -o Dir::State::Lists="$dir/apt/lists" -o Dir::Cache="$dir/apt" \
		-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$dir/apt/sources.d" \
		-o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)" "$@"
}

fetch() {
	private_sources
	apt_private update
	cd "$dir"
	apt_private source --tar-only --download-only python3.11
	rm -rf source
	mkdir source
	tar -xf python3.11_*.orig.tar.* -C source --strip-components=1
}

# DT_RPATH, as conda's compilers write it, so that extension modules of wheels find
# the environment's libstdc++ through the program's own run path.
build() {
	cd "$dir/source"
	./configure -q --prefix="$placeholder" --enable-shared --with-system-expat --with-system-ffi \
		--without-ensurepip --without-static-libpython --disable-test-modules \
		CFLAGS=-g0 OPT='-DNDEBUG -fwrapv -O2' \
		LDFLAGS='-Wl,-rpath,\$$ORIGIN/../lib -Wl,--disable-new-dtags -s'
	make -s -j"$(nproc)"
	rm -rf "$dir/stage.part" "$dir/stage"
	make -s install DESTDIR="$dir/stage.part" COMPILEALL_OPTS=--help
}

# What the channel has no libraries for, and the paths of the building machine.
trim() {
	cd "$dir/stage.part$placeholder"
	rm -f lib/python3.11/lib-dynload/{_tkinter,nis,_gdbm,_dbm,ossaudiodev}.*
	rm -rf lib/python3.11/{idlelib,tkinter,turtledemo,turtle.py} bin/idle3* share/man
	find lib -name __pycache__ -prune -exec rm -rf {} +
	grep -rlI "$dir" . | xargs -r sed -i "s|$dir/source|.|g; s|$dir|.|g"
	for module in lib/python3.11/lib-dynload/*.so; do
		patchelf --force-rpath --set-rpath '$ORIGIN/../..' "$module"
	done
	ln -sf python3.11 bin/python
	mv "$dir/stage.part$placeholder" "$dir/stage"
	rm -rf "$dir/stage.part" "$dir/source"
}

fetch
build
trim
