#!/bin/sh
# embed.sh NAME HEADER FOLDER FILE...: prints the files as a C table of struct embedded_file, NAME_files
# with NAME_file_count rows, which HEADER declares; paths count from the folder. So the program holds
# them, and needs no folder where it is installed.
set -eu
name=$1 header=$2 folder=$3
shift 3
n=0
rows=
echo "#include \"$header\""
for file in "$@"; do
	echo "static const char file_$n[] = {"
	od -An -v -tu1 "$file" | sed 's/[0-9][0-9]*/&,/g'
	echo '0};'
	rows="$rows	{\"${file#"$folder"/}\", {file_$n, sizeof(file_$n) - 1}},
"
	n=$((n + 1))
done
echo "const struct embedded_file ${name}_files[] = {"
printf '%s' "$rows"
echo '};'
echo "const size_t ${name}_file_count = $n;"
