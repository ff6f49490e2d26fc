#!/usr/bin/env bash
# Fetches built CPythons of other versions with Maven into DIR/<version>, once: jars.sh DIR
set -euo pipefail
dir=$1
mkdir -p "$dir"
for version in 3.10.2-1.5.7 3.11.3-1.5.9; do
	[ ! -d "$dir/${version%-*}" ] || continue
	timeout 120 mvn -q -B dependency:copy -DoutputDirectory="$(cd "$dir" && pwd)" \
		-Dartifact="org.bytedeco:cpython:$version:jar:linux-x86_64" >"$dir/maven.log" 2>&1
	mkdir "$dir/part"
	unzip -q -d "$dir/part" "$dir/cpython-$version-linux-x86_64.jar"
	mv "$dir/part" "$dir/${version%-*}"
	rm "$dir/cpython-$version-linux-x86_64.jar"
done
