#!/bin/sh
# Prints the catalogue, curated/NAME/VERSION/FILE, as a C table (curated/catalog_files.h): so that the
# program holds it, and needs no folder where it is installed.
set -eu
LC_ALL=C
export LC_ALL
n=0
rows=
echo '#include "curated/catalog_files.h"'
for file in curated/*/*/*; do
	echo "static const char file_$n[] = {"
	od -An -v -tu1 "$file" | sed 's/[0-9][0-9]*/&,/g'
	echo '0};'
	rows="$rows	{\"${file#curated/}\", {file_$n, sizeof(file_$n) - 1}},
"
	n=$((n + 1))
done
echo "const struct catalog_file catalog_files[] = {"
printf '%s' "$rows"
echo '};'
echo "const size_t catalog_file_count = $n;"
