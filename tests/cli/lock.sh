#!/usr/bin/env bash
# lock, key, search and install.
. tests/shell.sh
needs build/channel/noarch/repodata.json
spec=tests/channel/small.yml

expect 0 "" "$kiln" lock $spec
cp "$work/stdout" "$work/conda-lock.yml"
expect 0 "" "$kiln" lock $spec
cmp -s "$work/stdout" "$work/conda-lock.yml" || fail "two locks of one definition differ"
expect 0 "" "$kiln" lock $spec --explicit
cp "$work/stdout" "$work/explicit.txt"
same "$(grep -c '^file://' "$work/explicit.txt")" "$(grep -c '^- name:' "$work/conda-lock.yml")" "packages of both forms"
head -n 5 "$work/explicit.txt" | grep -q '^@EXPLICIT$' || fail "no @EXPLICIT line"

expect 0 "" "$kiln" key $spec
key=$(cat "$work/stdout")
{ echo '# a comment'; sed 's/six$/"SIX"  # as well/' $spec; } >"$work/same.yml"
expect 0 "" "$kiln" key "$work/same.yml"
same "$(cat "$work/stdout")" "$key" "the key does not depend on comments, quotes and case"
sed 's/six$/six >=1.16/' $spec >"$work/other.yml"
expect 0 "" "$kiln" key "$work/other.yml"
[ "$(cat "$work/stdout")" != "$key" ] || fail "another spec has the same key"
expect 0 "" "$kiln" key $spec --explain
grep -q six "$work/stdout" || fail "key --explain does not name six"

expect 0 "" "$kiln" search -c "$channel" 'numpy >=2' --json
same "$(field "$work/stdout" records 0 version)" 2.2.6 "the best numpy"
same "$(field "$work/stdout" records 0 build_number)" 0 "its build number"
expect 2 "1.x" "$kiln" search -c http://127.0.0.1:9/c six 'six 1.x|'
expect 1 "nothing matches no-such-package" "$kiln" search -c "$channel" no-such-package
expect 1 "nothing matches nunpy; nearest: numpy" "$kiln" search -c "$channel" nunpy

# Several specs: each one's records in its place, and the channel is asked once.
start_fake peer.py "$PWD/build/channel"
expect 0 "" "$kiln" search -c "http://$fake/files" six 'numpy >=2' pytz
same "$(cut -d ' ' -f 1 "$work/stdout" | uniq | tr '\n' ' ')" "six numpy pytz " "the records' order"
for subdir in linux-64 noarch; do
	asked=$(curl -s "http://$fake/count/files/$subdir/repodata_shards.msgpack.zst")
	same "$asked" 1 "requests for $subdir"
done

# In one run each file of a channel is asked for once, however many platforms there are.
printf 'channels: [http://%s/files]\ndependencies: [ca-certificates]\n' "$fake" >"$work/both.yml"
both() { expect 0 "" "$kiln" lock --platform linux/amd64,linux/arm64 "$work/both.yml"; }
asked() { curl -s "http://$fake/count/files/noarch/repodata_shards.msgpack.zst"; }
both
before=$(asked)
both
same $(($(asked) - before)) 1 "requests for the noarch of two platforms"

expect 0 "" "$kiln" install "$work/conda-lock.yml" "$work/prefix"
"$work/prefix/bin/python" -c 'import six, pytz' || fail "Python in the prefix"
[ -e "$work/prefix/conda-meta/history" ] || fail "no conda-meta/history"
expect 0 "" "$kiln" install "$work/explicit.txt" "$work/prefix2"
# Scripts hold the prefix they were linked for; all else is the same.
diff <(cd "$work/prefix" && find . -not -path './conda-meta/*' | sort) \
	<(cd "$work/prefix2" && find . -not -path './conda-meta/*' | sort) || fail "the two forms install differently"
expect 2 "" "$kiln" install $spec "$work/prefix3"
[ ! -e "$work/prefix3" ] || fail "a refused lock has made a folder"

# Locks of other tools: what pixi wrote, and lists with any hash, none, and comments.
to_pixi() { # EXPLICIT-LIST: a pixi.lock with the same packages in the environment "work"
	"$python" - "$1" <<'END'
import sys
urls = [l.split("#") for l in open(sys.argv[1]).read().split() if l.startswith("file:")]
print("version: 6\nenvironments:\n  work:\n    channels: []\n    packages:\n      linux-64:")
for url, md5 in reversed(urls):
    print(f"      - conda: {url}")
print("packages:")
for url, md5 in urls:
    print(f"- conda: {url}\n  md5: {md5}")
END
}
to_pixi "$work/explicit.txt" >"$work/lock"
expect 2 "there is work" "$kiln" install "$work/lock" "$work/prefix3"
expect 0 "" "$kiln" install "$work/lock" "$work/prefix3" --environment work
diff <(cd "$work/prefix" && find . -not -path './conda-meta/*' | sort) \
	<(cd "$work/prefix3" && find . -not -path './conda-meta/*' | sort) || fail "a pixi.lock installs differently"
{ echo "# a comment"; echo @EXPLICIT; grep -E '/(tzdata|libzlib|liblzma)-' "$work/explicit.txt"; } >"$work/few.txt"
sed 's/#.*//' "$work/few.txt" >"$work/bare.txt"
sed 's/#[0-9a-f]\{32\}$/#00000000000000000000000000000000/' "$work/few.txt" >"$work/wrong.txt"
for list in few bare; do
	expect 0 "" "$kiln" install "$work/$list.txt" "$work/$list" --no-bytecode --cache "$work/fresh"
done
expect 6 "tzdata-" "$kiln" install "$work/wrong.txt" "$work/no" --cache "$work/fresh2"
