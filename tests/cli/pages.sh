#!/usr/bin/env bash
# Pages of the catalogue and of builds: written whole or not at all, equal for equal input, and as a
# browser shows them. Screenshots: build/test-logs/pages-BUILD.
. tests/shell.sh
needs build/channel/noarch/repodata.json build/base/index.json
spec=tests/channel/small.yml
base=oci:build/base:bookworm
pages=build/test-logs/pages-${KILN_BUILD:-plain}

# The list.
expect 0 "" "$kiln" env list --html "$work/list.html"
same "$(cat "$work/stdout")" "" "what is printed beside a page"
expect 0 "" "$kiln" env list --html -
cmp "$work/stdout" "$work/list.html" || fail "two pages of one list differ"
same "$(grep -c '<li id=' "$work/list.html")" 41 "cards"
expect 0 "" "$kiln" env list --gpu tensorflow --html "$work/list.gpu.html"
grep -q '"AzureML-tensorflow-2.16-cuda12:1"' "$work/list.gpu.html" || fail "no TensorFlow for GPUs"
grep -q 'data-device="cpu"' "$work/list.gpu.html" && fail "CPUs among GPUs"
expect 2 "one of them" "$kiln" env list --html "$work/no.html" --json
expect 1 "No such file" "$kiln" env list --html "$work/nowhere/no.html"

# A build: refused before anything is done; made, with a page; made before; unknown to this machine.
expect 2 "is no file but a folder" "$kiln" build $spec --base "$base" -t "oci:$work/out" --report "$work"
expect 1 "--report: " "$kiln" build $spec --base "$base" -t "oci:$work/out" --report "$work/nowhere/no.html"
expect 2 "standard output is for one" "$kiln" build $spec --base "$base" -t "oci:$work/out" --report - --json
[ ! -e "$work/out" ] && [ ! -e "$work/no.html" ] || fail "something was made"
expect 0 "" "$kiln" build $spec --base "$base" -t "oci:$work/out" --report "$work/new.html"
image=$(cat "$work/stdout")
grep -qF "<code>$image</code>" "$work/new.html" || fail "the image is not in its report"
grep -q '<td>new</td>' "$work/new.html" || fail "nothing is new"
sed 's/- pytz/- pytz\n  - wheel/' $spec >"$work/more.yml"
expect 0 "" "$kiln" build "$work/more.yml" --base "$base" -t "oci:$work/out" --report "$work/more.html"
for state in new "packed before" "there already"; do
	grep -qF "<td>$state</td>" "$work/more.html" || fail "nothing is $state"
done
expect 0 "" "$kiln" build $spec --base "$base" -t "oci:$work/out" --report -
grep -q 'was there already' "$work/stdout" || fail "the report of what was there"
grep -q '<td>new</td>' "$work/stdout" && fail "what was there is new"
expect 0 "" "$kiln" build $spec --base "$base" -t "oci:$work/out" --cache "$work/cache2" --report "$work/unknown.html"
grep -q 'Another machine has made' "$work/unknown.html" || fail "the report of what nobody knows"
no_leftovers "$work"

# Texts that mean harm, and an image of many packages on two platforms.
"$python" - >"$work/harm.json" <<'END'
import json
harm = ["<script>alert(1)</script>", '" onload="alert(1)', "</style><img src=http://127.0.0.1/x>", "</svg>", "x" * 200]
parts = [{"name": text, "version": text, "manager": "pip", "size": 9**9 >> i, "unpacked": 9**9, "new": i % 2 == 0} for i, text in enumerate(harm * 60)]
layers = [{"digest": "sha256:" + "0" * 64, "size": sum(p["size"] for p in parts[i::20]), "reused": i == 3, "contents": parts[i::20]} for i in range(20)]
image = {"platform": "linux/amd64", "digest": "sha256:1", "size": 10**9, "layers": layers, "base": {"image": harm[2], "digest": "d", "layers": 3, "size": 10**8}}
print(json.dumps({"image": harm[0], "digest": harm[1], "key": harm[2], "platforms": [image, image | {"platform": harm[3]}], "seconds": {harm[0]: 1, "total": 2}}))
END
"${kiln%/*}/page_driver" <"$work/harm.json" >"$work/harm.html" || fail "page_driver"
"$python" - >"$work/harm-list.json" <<'END'
import json
rows = [{"name": f"tensorflow-2.16-cuda12-{i}" if i < 2 else f"<b>{i}", "version": "1", "kind": ["curated", "registered"][i % 2], "gpu": i % 2 == 0,
         "state": ["current", "deprecated", "archived"][i % 3], "successor": "<b>6" if i == 10 else "", "description": '"><script>alert(1)</script>'} for i in range(60)]
print(json.dumps({"environments": rows}))
END
"${kiln%/*}/page_driver" <"$work/harm-list.json" >"$work/harm-list.html" || fail "page_driver"

"$python" tests/cli/check_pages.py "$pages" "$work"/{list,harm-list,new,more,unknown,harm}.html
code=$?
[ $code = 0 ] || [ $failures != 0 ] || exit $code
[ $code = 0 ] || fail "pages in a browser"
