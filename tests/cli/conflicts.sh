#!/usr/bin/env bash
# Requests without a solution: what is said, to the letter, and that what is said helps.
. tests/shell.sh
unset CONDA_OVERRIDE_CUDA

# put CHANNEL SUBDIR "NAME VERSION [DEPENDS]"...
put() {
	local folder=$work/$1/$2 subdir=$2 line name version depends comma=
	shift 2
	mkdir -p "$folder"
	{
		echo '{"packages": {}, "packages.conda": {'
		for line in "$@"; do
			read -r name version depends <<<"$line"
			echo "$comma\"$name-$version-0.conda\": {\"name\": \"$name\", \"version\": \"$version\","
			echo "\"build\": \"0\", \"build_number\": 0, \"subdir\": \"$subdir\","
			echo "\"sha256\": \"$(printf %064d 0)\", \"md5\": \"$(printf %032d 0)\", \"size\": 1,"
			echo "\"depends\": [${depends:+\"$depends\"}]}"
			comma=,
		done
		echo '}}'
	} >"$folder/repodata.json"
}

# says SPECS TEXT OPTIONS...: the status is 3, and standard error is the text.
says() {
	local specs=$1 text=$2
	shift 2
	printf 'dependencies: [%s]\n' "$specs" >"$work/env.yml"
	expect 3 "" "$kiln" lock "$work/env.yml" --progress none -c "$work/first" "$@"
	same "$(sed "s#$work/##g" "$work/stderr")" "kiln: the request has no solution:
$text" "what is said of $specs"
}

# solves SPECS PACKAGE OPTIONS...: the lock has the package.
solves() {
	local specs=$1 package=$2
	shift 2
	printf 'dependencies: [%s]\n' "$specs" >"$work/env.yml"
	expect 0 "" "$kiln" lock "$work/env.yml" --explicit -c "$work/first" "$@"
	grep -q "/$package-0.conda" "$work/stdout" || fail "no $package for $specs $*: $(cat "$work/stdout")"
}

put first noarch
put first linux-64 "numpy 1.26.4" "numpy 1.25.0" "scipy 1.14.0 numpy >=2" "scipy 1.13.0 numpy >=2" \
	"torch-gpu 2.4 __cuda >=12.1" "pandas 1.5.3 numpy <2.0a0"
put first win-64 "pywin32 306"
put second noarch
put second linux-64 "numpy 2.1.3"

says nunpy '  nunpy: no channel has nunpy
    nearest: numpy
    looked in first (linux-64, noarch)
to solve it (tried):
  write numpy for nunpy'
says 'numpy, pywin32' '  pywin32: no channel has pywin32
    only for other platforms: win-64 of first
    looked in first (linux-64, noarch)
to solve it (tried):
  drop pywin32'
says torch-gpu '  torch-gpu 2.4 needs __cuda >=12.1: the target has no __cuda
to solve it (tried):
  add --virtual __cuda=12.1, if the image'"'"'s base has that'
solves torch-gpu torch-gpu-2.4 --virtual __cuda=12.1
says torch-gpu '  torch-gpu 2.4 needs __cuda >=12.1: the target has __cuda 11.8 (--virtual)
to solve it (tried):
  add --virtual __cuda=12.1, if the image'"'"'s base has that' --virtual __cuda=11.8
says 'pandas, scipy' '  pandas 1.5.3 needs numpy <2
  every scipy (1.13.0, 1.14.0) needs numpy >=2, which excludes numpy <2
to solve it, any one of these (each was tried):
  drop pandas
  drop scipy' -c "$work/second" --channel-priority flexible
says scipy '  every scipy (1.13.0, 1.14.0) needs numpy >=2: there is only numpy 1.25.0, 1.26.4
    second has numpy 2.1.3, hidden by first: strict channel priority
to solve it, any one of these (each was tried):
  ask for second::numpy
  use --channel-priority flexible' -c "$work/second"
solves scipy numpy-2.1.3 -c "$work/second" --channel-priority flexible
solves numpy numpy-1.26.4 -c "$work/second" --channel-priority flexible
solves numpy numpy-2.1.3 -c "$work/second" --channel-priority disabled
expect 2 "strict, flexible or disabled" "$kiln" lock "$work/env.yml" -c "$work/first" --channel-priority none
