"""Every sample of tests/cases/azureml, broken in one place: each value of a wrong kind, keys twice, and what no
environment can be. kiln build must refuse it with the place, exit 2, and leave nothing.

usage: bad_samples.py KILN CASES WORK"""

import json
import os
import re
import shutil
import subprocess
import sys

import yaml

KILN, CASES, WORK = sys.argv[1:]
OUT = os.path.join(WORK, "out")
# Any scalar is text where a conda file or an environment has a text; v2's checks are its client's.
ANY_SCALAR = re.compile(r"^(conda_file\.)?(name|variables\..*|prefix)$|^version$|^tags\.|^properties\.|(dependencies|pip)\.\d+$")
bad = []
count = 0


def paths(value, at=()):
    """The path of every value, lists' first members only: the others are alike."""
    if at:
        yield at
    if isinstance(value, dict):
        for key in value:
            yield from paths(value[key], at + (key,))
    elif isinstance(value, list):
        for i in range(len(value)):
            yield from paths(value[i], at + (i,))


def replaced(value, path, new):
    if not path:
        return new
    made = dict(value) if isinstance(value, dict) else list(value)
    made[path[0]] = replaced(value[path[0]], path[1:], new)
    return made


def get(value, path):
    for key in path:
        value = value[key]
    return value


def wrong_kinds(value, name):
    """Values of other kinds; none where all kinds are right."""
    if value is None:
        return [[[1]]]
    if isinstance(value, bool):
        return ["yes", []]
    if isinstance(value, dict):
        return [["a"]] if name[-1].isdigit() else ["text", ["a"]]  # a text in a list may be right
    if isinstance(value, list):
        return ["text", {"a": "b"}]
    return [{"a": "b"}] + ([] if ANY_SCALAR.search(name) else [5])


def expect(definition, what, says=""):
    global count
    count += 1
    done = subprocess.run([KILN, "build", definition, "--base", "scratch", "-t", f"oci:{OUT}", "-q", "--offline", "-c", "x"],
                          capture_output=True, text=True, timeout=60)
    place = re.search(r":\d+:\d+: ", done.stderr)
    lines = done.stderr.count("\n")
    if done.returncode != 2 or not (says or place) or says not in done.stderr or lines != 1 or os.path.exists(OUT):
        bad.append(f"{what}: exit {done.returncode}: {done.stderr.strip()[:300]}")
        shutil.rmtree(OUT, ignore_errors=True)


def dumps(document):
    return json.dumps(document, indent=1, default=str)


def write(path, text):
    with open(path, "w") as out:
        out.write(text)


def break_each(sample, document, save, definition, known):
    for path in paths(document):
        name = ".".join(str(part) for part in path)
        if known(name):
            for new in wrong_kinds(get(document, path), name):
                save(dumps(replaced(document, path, new)))
                expect(definition, f"{sample}: {name} is {json.dumps(new)}")
    for key in document:
        text = dumps(document)
        save(text[:-2] + f',\n {json.dumps(key)}: null\n}}')
        expect(definition, f"{sample}: {key} twice")
    for cut in (1, 4, 7):
        text = dumps(document)
        save(text[: len(text) * cut // 8])
        expect(definition, f"{sample}: cut at {cut}/8")
    save(dumps([document]))
    expect(definition, f"{sample}: in a list")


def with_docker(document, **docker):
    return {**document, "docker": {**document.get("docker", {}), **docker}}


def break_v1(folder):
    sample, made = os.path.basename(folder), os.path.join(WORK, "v1")
    shutil.rmtree(made, ignore_errors=True)
    shutil.copytree(folder, made)
    path = os.path.join(made, "azureml_environment.json")
    with open(path) as file:
        document = json.load(file)
    registry = document["docker"].get("baseImageRegistry")
    if registry:  # one sample has a login, and would be refused for that
        document = with_docker(document, baseImageRegistry={**registry, "username": None, "password": None})
    # A map of variables has any scalar; packages of a user-managed environment are not read.
    break_each(sample, document, lambda text: write(path, text), made,
               lambda name: not name.startswith("environmentVariables."))
    whole = {
        "both sources": (with_docker(document, baseImage="a", buildContext={"locationType": "git", "location": "l"}), "one of them is the base"),
        "a path that leads out": (with_docker(document, baseImage=None, baseDockerfile=None, buildContext={
            "locationType": "git", "location": "https://h.example/r.git", "dockerfilePath": "../D"}), "leads out of the build context"),
        "a password": (with_docker(document, baseImageRegistry={"address": "r.example", "username": "u", "password": "p"}), "a password in a definition"),
        "half a login": (with_docker(document, baseImageRegistry={"username": "u"}), "a login has both"),
        "a login in the image": (with_docker(document, baseImage="https://u:p@r.example/a", buildContext=None, baseDockerfile=None), "no login"),
        "Windows": (with_docker(document, platform={"os": "Windows", "architecture": "amd64"}), "not for Windows"),
        "another system": (with_docker(document, platform={"os": "BeOS"}), "Linux, Windows or OSX"),
        "storage": (with_docker(document, baseImage=None, baseDockerfile=None, buildContext={
            "locationType": "storageAccount", "location": "l"}), "in AzureML's storage"),
    }
    for what, (broken, says) in whole.items():
        if what in ("a path that leads out", "storage", "a login in the image") and os.path.exists(os.path.join(made, "BaseDockerfile")):
            continue  # both sources, again
        write(path, dumps(broken))
        expect(made, f"{sample}: {what}", says)
    write(path, dumps(with_docker(document, baseImage=None, buildContext=None)))
    write(os.path.join(made, "BaseDockerfile"), "RUN true\n" * 12000)
    expect(made, f"{sample}: a Dockerfile of 105 KB", "is larger than 102400 bytes")


def break_v2(file):
    sample, path = os.path.basename(file), os.path.join(WORK, "env.yml")
    with open(file) as text:
        conda = yaml.safe_load(text)
    full = {"name": "x", "version": "1", "description": "d", "tags": {"a": "b"}, "image": "h.example/a:1", "os_type": "linux", "conda_file": conda}
    # Of a conda file inside only what kiln reads: the rest is a key that warns.
    break_each(sample, full, lambda text: write(path, text), path, lambda name: "variables" not in name)
    full["conda_file"] = {"dependencies": ["python"]}
    without = {key: full[key] for key in full if key != "image"}
    for what, broken, says in [
            ("both sources", {**full, "build": {"path": "."}}, "one of them is the base"), ("no source", without, "one of them is the base"),
            ("a folder that is not there", {**without, "build": {"path": "nowhere"}}, "there is no folder"),
            ("a path that leads out", {**without, "build": {"path": ".", "dockerfile_path": "/etc/passwd"}}, "leads out of the build context"),
            ("a login in the image", {**full, "image": "https://u:p@r.example/a"}, "no login"),
            ("a login in the context", {**without, "build": {"path": "https://u:p@r.example/a.git"}}, "a login in the address"),
            ("Windows", {**full, "os_type": "Windows"}, "not for Windows"), ("an unknown key", {**full, "images": "a"}, "did you mean"),
            ("a file that is not there", {**full, "conda_file": "nowhere.yml"}, "conda_file: ")]:
        write(path, dumps(broken))
        expect(path, f"{sample}: {what}", says)


def break_conda(file):
    sample, path = os.path.basename(os.path.dirname(file)), os.path.join(WORK, "conda.yml")
    with open(file) as text:
        document = yaml.safe_load(text)
    break_each(f"{sample}: conda", document, lambda text: write(path, text), path, lambda name: True)


write(os.path.join(WORK, "other.txt"), "")  # which a sample names
for entry in sorted(os.listdir(CASES)):
    folder = os.path.join(CASES, entry)
    if os.path.exists(os.path.join(folder, "azureml_environment.json")):
        break_v1(folder)
    if os.path.exists(os.path.join(folder, "conda_dependencies.yml")):
        break_conda(os.path.join(folder, "conda_dependencies.yml"))
for entry in sorted(os.listdir(os.path.join(CASES, "v2"))):
    if entry.endswith(".yml"):
        break_v2(os.path.join(CASES, "v2", entry))
print(f"{count} broken samples")
print("\n".join(bad))
sys.exit(1 if bad else 0)
