#!/usr/bin/env bash
# Environments by name: listed, shown, saved, cloned, keyed, built; names that are refused.
. tests/shell.sh
needs build/channel/noarch/repodata.json
cd "$work" || exit 1
clean=${kiln%/build/*}

# All, from anywhere; some.
expect 0 "" "$kiln" env list
same "$(wc -l <stdout)" 42 "lines of the table"
expect 0 "" "$kiln" env list --json
same "$("$python" -c 'import json, sys
rows = json.load(sys.stdin)["environments"]
keys = {"name", "version", "kind", "gpu", "python", "base", "state", "key", "description"}
print(len(rows), sum(row["gpu"] for row in rows), all(set(row) == keys for row in rows), {row["kind"] for row in rows})' <stdout)" \
	"41 18 True {'curated'}" "the document"
expect 0 "" "$kiln" env list --gpu LIGHTGBM --json
same "$(cat stdout)" '{"environments":[]}' "LightGBM for GPUs"
expect 0 "" "$kiln" env list tensorflow --gpu
grep -q '^AzureML-tensorflow-2.16-cuda12 .* gpu .* current ' stdout || fail "no TensorFlow: $(cat stdout)"
grep -q 'sklearn' stdout && fail "scikit-learn fits tensorflow"
expect 0 "no environment fits" "$kiln" env list nothing-like-it
expect 0 "no environment fits" "$kiln" env list --registered

# One.
expect 0 "" "$kiln" env show AzureML-PyTorch-1.5-GPU
grep -q '^base  *unknown$' stdout || fail "a base that nobody knows: $(cat stdout)"
expect 0 "" "$kiln" env show sklearn-1.5@latest --json
same "$(field stdout name) $(field stdout state) $(field stdout channels)" 'AzureML-sklearn-1.5 current ["conda-forge", "anaconda"]' "what is shown"
expect 1 "nearest: AzureML-sklearn-1.5;" "$kiln" env show AzureML-sklern-1.5
expect 1 "has no version 9" "$kiln" env show AzureML-sklearn-1.5:9
expect 1 "nothing.yml: No such file" "$kiln" env show nothing.yml
expect 2 "kiln env clone NAME" "$kiln" env clone AzureML-sklearn-1.5

# Saved as it stands, in other forms too; cloned under a name of one's own.
expect 0 "" "$kiln" env save AzureML-sklearn-1.5 saved
diff -r -x about.yml "$clean/curated/AzureML-sklearn-1.5/1" saved || fail "a saved entry is another"
expect 2 "is there already" "$kiln" env save AzureML-sklearn-1.5 saved
expect 0 "" "$kiln" env save AzureML-sklearn-1.5 saved.yml --form v2
expect 0 "" "$kiln" env clone AzureML-sklearn-1.5 mine
expect 0 "" "$kiln" env show mine --json
same "$(field stdout name)" mine "the clone's name"
grep -q '"version": null' mine/azureml_environment.json || fail "the clone has a version"
diff saved/conda_dependencies.yml mine/conda_dependencies.yml || fail "the clone's packages"
expect 0 "" "$kiln" env clone mine again elsewhere
same "$(diff mine/azureml_environment.json elsewhere/azureml_environment.json | grep -c '^>')" 1 "lines in which a clone differs"
expect 2 "can not start with the prefix AzureML" "$kiln" env clone sklearn-1.5 AzureML-mine
expect 2 "kiln env clone NAME my-environment" "$kiln" env clone sklearn-1.5 Microsoft
expect 2 "is none of an environment" "$kiln" env clone sklearn-1.5 'a b'
expect 0 "" "$kiln" env clone sklearn-1.5 with.dots
expect 2 'digits, "-" and "_"' "$kiln" env clone sklearn-1.5 more.dots --strict-names
[ ! -e AzureML-mine ] && [ ! -e more.dots ] || fail "something was written"

# An entry, what is saved of it and a clone are one environment; a file of the name goes first.
[ -e "$clean/build/base/index.json" ] || { echo "not tested: keys and images (there is no base)"; exit; }
base=oci:$clean/build/base:bookworm
for definition in AzureML-sklearn-1.5 sklearn-1.5:1 saved mine saved.yml; do
	"$kiln" key "$definition" --base "$base" -q || fail "key $definition"
done | sort -u >keys
same "$(wc -l <keys)" 1 "keys of one environment"
expect 0 "is deprecated; its successor is AzureML-sklearn-1.5" "$kiln" key AzureML-Scikit-learn-0.20.3 --base "$base"
expect 0 "name one with --base" "$kiln" key AzureML-Minimal
printf 'channels: [%s]\ndependencies: [libzlib]\n' "$channel" >AzureML-Minimal
expect 0 "" "$kiln" build AzureML-Minimal --base "$base" -t oci:out
grep -q deprecated stderr && fail "a file is taken for an entry"

# By name to the solver, with a channel in the place of the entry's; a clone, changed, to the image.
expect 3 "python 3.6.2" "$kiln" lock AzureML-Sidecar -c "$channel" --override-channels --base "$base"
expect 0 "" "$kiln" env clone AzureML-Sidecar sidecar
sed -i 's/python=3.6.2/python=3.11/' sidecar/conda_dependencies.yml
expect 0 "" "$kiln" build sidecar -c "$channel" --override-channels --base "$base" --no-bytecode -t oci:out:1
sed -i 's/python=3.11/&\n- six/' sidecar/conda_dependencies.yml
expect 0 "" "$kiln" build sidecar -c "$channel" --override-channels --base "$base" --no-bytecode -t oci:out:2
