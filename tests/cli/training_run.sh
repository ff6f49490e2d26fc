#!/usr/bin/env bash
# A training run's environment: a Python, and a pip list of pinned wheels and sources. Its image
# trains; one that differs in a wheel uploads that wheel's layer and small ones.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json build/sources/.stamp build/venv/bin/uv
bwrap --ro-bind / / true 2>/dev/null || { echo "no bubblewrap"; exit 77; }
registry
mkdir "$work/index"
ln -s "$PWD"/build/channel-work/wheels/*.whl "$work/index"
ln -sf "$PWD"/build/sources/*.{whl,tar.gz} "$work/index"
start_fake wheels.py "$work/index"
export PATH=$PWD/build/venv/bin:$PATH
conda="python=3.11 pip"

# run NAME JOBLIB: the environment, with that version of joblib.
run() {
	pip_spec "$1" "numpy==2.2.6" "scipy==1.15.3" "scikit-learn==1.6.1" "joblib==$2" "threadpoolctl==3.6.0" \
		"tqdm==4.67.1" "PyYAML==6.0.2" "Jinja2==3.1.6" "omegaconf==2.3.0" "antlr4-python3-runtime==4.9.3" \
		"seqeval==1.2.2" "docopt==0.6.2" "--no-binary MarkupSafe" "MarkupSafe==3.0.2"
	expect 0 "" "$kiln" build "$work/$1.yml" --base "$base" -t "$host/env/train:$1" --json
	cp "$work/stdout" "$work/$1.json"
	find "$work/registry/data" -path '*/blobs/sha256/*/data' -printf '%h %s\n' | sort >"$work/$1.blobs"
}

run one 1.5.2
expect 0 "" "$kiln" lock "$work/one.yml" --base "$base" -o "$work/one.lock"
same "$(grep -oE '(antlr4-python3-runtime|seqeval|docopt|markupsafe) gives ' "$work/one.lock" | sort -u | wc -l)" 4 \
	"sources that were built"
cat >"$work/train.py" <<'END'
import importlib.metadata, io
import antlr4, docopt, jinja2, joblib, markupsafe._speedups, numpy, omegaconf, scipy.special, seqeval.metrics
import sklearn.linear_model, threadpoolctl, tqdm, yaml

run = omegaconf.OmegaConf.create(yaml.safe_load("{seed: 7, rows: 400, name: '${seed}-run'}"))
random = numpy.random.default_rng(run.seed)
x = random.normal(size=(run.rows, 3))
y = scipy.special.expit(x @ [3.0, -2.0, 0.5]) > 0.5
for _ in tqdm.tqdm(range(3), file=io.StringIO()):
    model = sklearn.linear_model.LogisticRegression().fit(x, y)
kept = io.BytesIO()
joblib.dump(model, kept)
kept.seek(0)
good = joblib.load(kept).score(x, y)
tags = seqeval.metrics.f1_score([["B-PER", "O"]], [["B-PER", "O"]])
print(jinja2.Template("{{ name }}: {{ good }} {{ tags }}").render(name=run.name, good=good > 0.95, tags=tags))
print(joblib.__version__, len(list(importlib.metadata.distributions())))
END
KILN_RUNTIMES="${KILN_RUNTIMES:-crun bwrap}" tests/base/run.sh "$(field "$work/one.json" image)" python -c "$(cat "$work/train.py")" >"$work/ran" 2>"$work/ran.err" ||
	fail "the training: $(tail -n 5 "$work/ran.err")"
same "$(cat "$work/ran")" "7-run: True 1.0
1.5.2 16" "what the training says"

# Only joblib is another: its layer, which small packages share, config, manifest. What the last layer
# says is of conda's packages.
run two 1.4.2
new=$(comm -13 "$work/one.blobs" "$work/two.blobs")
same "$(wc -l <<<"$new")" 3 "blobs that the second image brings"
sent=$(awk '{ n += $2 } END { print n }' <<<"$new")
all=$(field "$work/two.json" size)
[ $((sent * 100)) -lt "$all" ] || fail "$sent bytes of $all are new, which is no hundredth"
same "$(field "$work/two.json" layers | "$python" -c 'import json, sys
new = [layer["packages"] for layer in json.load(sys.stdin) if not layer["reused"]]
print(len(new), sum("joblib" in packages for packages in new), ["environment"] in new)')" "1 1 False" "new layers"
no_leftovers "$KILN_CACHE"
