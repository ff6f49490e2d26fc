#!/usr/bin/env bash
# A base that is made by a Dockerfile, of a text or a folder with .dockerignore: built and pushed by
# an engine, once, and the environment goes onto it.
. tests/shell.sh
needs build/channel/noarch/repodata.json
DOCKER_HOST=$(tests/base/dockerd.sh start "$work/dockerd" 2>/dev/null) || { echo "no dockerd here"; exit 77; }
export DOCKER_HOST
trap 'tests/base/dockerd.sh stop "$work/dockerd"; finish' EXIT
registry_alone
"$python" -B tests/cli/fake_base.py "$work/base" it usr/lib/x86_64-linux-gnu/libc.so.6:2.36,etc/base PATH=/usr/bin
skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$work/base:it" "docker://$host/team/base:1" || exit 1
build() { "$kiln" build "$@" --engine docker --json --progress plain; }
paths() { # IMAGE: names in its layers
	skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$1" "oci:$work/got:it" || return
	"$python" -B tests/cli/image_names.py "$work/got" it
}
tags() { curl -s --noproxy '*' "http://$host/v2/$1/tags/list" | grep -o 'base-[0-9a-f]*'; }

# v2: a folder, less what .dockerignore names.
mkdir -p "$work/ctx/deep/er"
printf 'FROM --platform=linux/amd64 %s/team/base:1\nENV STEP=made\nCOPY . /from-context/\n' "$host" >"$work/ctx/deep/Dockerfile"
printf '*.log\ndeep\n!deep/er/kept\n' >"$work/ctx/.dockerignore"
touch "$work/ctx/noise.log" "$work/ctx/deep/er/left-out" "$work/ctx/deep/er/kept"
echo text >"$work/ctx/file"
ln -s file "$work/ctx/link"
cat >"$work/env.yml" <<-END2
	name: steps
	build: {path: ctx, dockerfile_path: deep/Dockerfile}
	conda_file: {channels: ["$channel"], dependencies: [openssl]}
END2
expect 0 "COPY . /from-context/" build "$work/env.yml" -t "$host/env/steps:1"
cp "$work/stdout" "$work/first.json"
paths "$host/env/steps:1" >"$work/names" || fail "no image"
for path in from-context/file from-context/link from-context/deep/er/kept opt/env/lib/libssl.so.3 etc/base; do
	grep -qx "$path" "$work/names" || fail "the image has no $path"
done
grep -E 'noise.log|left-out' "$work/names" && fail "what .dockerignore names was sent"
skopeo inspect --tls-verify=false --config "docker://$host/env/steps:1" >"$work/config"
grep -q 'STEP=made' "$work/config" && grep -q 'PATH=/opt/env/bin:' "$work/config" || fail "settings: $(cat "$work/config")"
same "$(tags env/steps | wc -l)" 1 "bases that were pushed"

# Again: found. Other packages on the same steps: the base is there. Another file: it is made anew.
expect 0 "" build "$work/env.yml" -t "$host/env/steps:1"
same "$(field "$work/stdout" cached)" true "cached"
echo more >"$work/ctx/noise.log" # which is left out
expect 0 "" build "$work/env.yml" -t "$host/env/steps:1"
same "$(field "$work/stdout" cached)" true "cached, after a change of what .dockerignore names"
sed 's/openssl/libzlib/' "$work/env.yml" >"$work/other.yml"
expect 0 "" build "$work/other.yml" -t "$host/env/steps:2"
grep -q 'from-context' "$work/stderr" && fail "the base was built again"
same "$(tags env/steps | wc -l)" 1 "bases after other packages"
echo other >"$work/ctx/file"
expect 0 "from-context" build "$work/env.yml" -t "$host/env/steps:3"
same "$(tags env/steps | wc -l)" 2 "bases after another file"

# v1: the text of a BaseDockerfile.
cp -r tests/cases/azureml/v1-09-from-dockerfile "$work/v1"
printf 'FROM %s/team/base:1\nLABEL made=by-steps\n' "$host" >"$work/v1/BaseDockerfile"
expect 0 "LABEL made=by-steps" build "$work/v1" -t "$host/env/v1:1"
skopeo inspect --tls-verify=false --config "docker://$host/env/v1:1" | grep -q by-steps || fail "v1: no label"

# A context in a git repository: what its branch has now, less .git; links must not lead out.
mkdir "$work/repo"
(
	cd "$work/repo" && git init -qb main . && git config user.email a@b && git config user.name a && mkdir sub &&
		printf 'FROM %s/team/base:1\nCOPY . /from-git/\n' "$host" | tee Dockerfile >sub/Dockerfile && echo 1 >sub/one &&
		ln -s /etc/hostname Dockerfile.out && ln -s /etc out && git add . && git commit -qm one
) || fail "git"
git_env() { # FRAGMENT DOCKERFILE
	printf '{"name": "g", "docker": {"buildContext": {"locationType": "git", "location": "file://%s/repo%s", "dockerfilePath": "%s"}}}' \
		"$work" "$1" "$2" >"$work/git.json"
}
git_env '#main:sub' Dockerfile
expect 0 "COPY . /from-git/" build "$work/git.json" -t "$host/env/git:1" -c "$channel"
paths "$host/env/git:1" | grep -qx from-git/one || fail "the image has no file of the repository"
expect 0 "" "$kiln" key "$work/git.json"
key=$(cat "$work/stdout")
git_env '' ./Dockerfile
expect 0 "COPY . /from-git/" build "$work/git.json" -t "$host/env/git:2" -c "$channel"
paths "$host/env/git:2" >"$work/names"
grep -qx from-git/sub/one "$work/names" || fail "the whole repository: $(cat "$work/names")"
grep -q '^from-git/.git' "$work/names" && fail ".git was sent"
(cd "$work/repo" && echo 2 >sub/one && git commit -qam two) || fail "git"
git_env '#main:sub' Dockerfile
[ "$("$kiln" key "$work/git.json")" != "$key" ] || fail "another commit has the same key"
git_env '' Dockerfile.out
expect 2 "Dockerfile.out leads out of the repository" "$kiln" key "$work/git.json"
git_env '#main:out' Dockerfile
expect 2 "out leads out of the repository" "$kiln" key "$work/git.json"
git_env '#main:none' Dockerfile
expect 2 "the repository has no none" "$kiln" key "$work/git.json"
git_env '#nothing' Dockerfile
expect 3 "nothing" "$kiln" key "$work/git.json"

# Steps behind the packages; the environment is in PATH by then.
printf 'LABEL of=%s\nENV WHERE=$PATH\n' steps >"$work/after"
printf 'channels: ["%s"]\ndependencies: [libzlib]\n' "$channel" >"$work/plain.yml"
expect 0 "LABEL of=steps" build "$work/plain.yml" --base "$host/team/base:1" --steps "$work/after" -t "$host/env/after:1"
skopeo inspect --tls-verify=false --config "docker://$host/env/after:1" >"$work/config"
grep -q '"WHERE=/opt/env/bin:/usr/bin"' "$work/config" && grep -q '"of": "steps"' "$work/config" || fail "steps behind: $(cat "$work/config")"
[ "$("$kiln" key "$work/plain.yml" --steps "$work/after")" != "$("$kiln" key "$work/plain.yml")" ] || fail "the key does not tell of steps"
expect 0 "" "$kiln" render "$work/plain.yml" --base "$host/team/base:1" --steps "$work/after" -o "$work/rendered" -q
same "$(tail -n 3 "$work/rendered/Dockerfile")" "# steps behind the packages
LABEL of=steps
ENV WHERE=\$PATH" "the end of the Dockerfile"
expect 2 "--steps wants --engine docker" "$kiln" build "$work/plain.yml" --steps "$work/after" -t "$host/env/after:2"
printf 'RUN a \\\n  FROM b\nfrom other\n' >"$work/after"
expect 2 "after:3:1: FROM begins another image" build "$work/plain.yml" --steps "$work/after" -t "$host/env/after:2"
expect 1 "--steps: " build "$work/plain.yml" --steps "$work/nowhere" -t "$host/env/after:2"

# What goes wrong: the step, the engine's words.
printf 'FROM %s/team/base:1\nCOPY nothing /\n' "$host" >"$work/ctx/deep/Dockerfile"
expect 1 "the base: the engine says: COPY failed" build "$work/env.yml" -t "$host/env/steps:4"
printf 'FROM %s/team/base:1\nRUN --mount=type=cache,target=/c true\n' "$host" >"$work/ctx/deep/Dockerfile"
expect 1 "docker build it, and name it with --base" build "$work/env.yml" -t "$host/env/steps:4"
printf 'FROM\n' >"$work/ctx/deep/Dockerfile"
expect 1 "HTTP 400" build "$work/env.yml" -t "$host/env/steps:4"
echo '[a' >"$work/ctx/.dockerignore"
expect 2 ".dockerignore:1: \"[a\" is no pattern" build "$work/env.yml" -t "$host/env/steps:4"
rm "$work/ctx/.dockerignore"
expect 2 "name a destination in a registry" build "$work/env.yml" -t docker-daemon:env/steps:4
expect 2 "needs kiln build --engine docker" "$kiln" build "$work/env.yml" -t "$host/env/steps:4"
