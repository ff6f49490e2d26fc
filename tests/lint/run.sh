#!/usr/bin/env bash
# The house rules that a machine can hold: format, warnings, sizes, arrows, exported names.
set -u
cd "$(dirname "$0")/../.."
bad=0
say() { echo "lint: $*"; bad=1; }

sources=$(git ls-files '*.c' '*.h')
# shellcheck disable=SC2086
clang-format --dry-run -Werror $sources >build/format.log 2>&1 || { head -20 build/format.log; say "format: run clang-format -i"; }

# Arrows go one way: specs/base < specs < cache, curated < builder < builder/cli.
arrow() { # FOLDER-PATTERN FORBIDDEN-INCLUDE
	git grep -nE "^#include \"($2)" -- $1 && say "$1 may not include $2"
}
arrow 'specs/base/*' 'specs/[a-z]+\.h|cache/|curated/|builder/'
arrow 'specs/*' 'cache/|curated/|builder/'
arrow 'cache/*' 'curated/|builder/'
arrow 'curated/*' 'cache/|builder/'
arrow 'builder/*.c builder/*.h' 'builder/cli/'

# Sizes: functions of 80 lines, source files of 800.
for f in $(git ls-files 'specs/*.c' 'cache/*.c' 'curated/*.c' 'builder/*.c'); do
	n=$(wc -l <"$f")
	[ "$n" -le 800 ] || say "$f has $n lines"
	awk -v f="$f" '/^[a-z].*[^;]$/ { at = NR } /^}/ && at { if (NR - at > 80) { print f ":" at ": a function of " NR - at " lines"; bad = 1 } at = 0 } END { exit bad }' "$f" || bad=1
done
twice=$(git ls-files '*.c' '*.h' | xargs -n 1 basename | sort | uniq -d)
[ -z "$twice" ] || say "file names that stand twice: $twice"

# What libsolv and libarchive call their own must not be defined here.
if [ -e build/plain/libkiln.a ]; then
	nm -g --defined-only build/plain/libkiln.a 2>/dev/null |
		grep -E ' T (pool|repo|repodata|solver|solvable|queue|map|selection|transaction|policy|archive)_' && say "names that libraries use"
fi
[ ! -x build/plain/kiln ] || tests/lint/curated.sh || bad=1
git grep -nE '/wor[k]/|/roo[t]/|/tm[p]/wt' -- . && say "paths of one machine"
[ $bad -eq 0 ] && echo "lint: clean"
exit $bad
