"""Definitions as AzureML's own clients have them: what azureml-core and azure-ai-ml write kiln reads, and
what kiln writes they load, equal; the versions of v2 environments without a name are theirs.

Every entry of the catalogue, saved and cloned. On generated definitions: v1 folders by all constructors, with keys that older releases did not write
left out; v2 YAML, right and wrong; build contexts with ignore files. RULES are the differences that are
meant. KILN_CASES: how many of each; KILN_SEED: another run."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from kit import driver
from kit.generate import Generator
from kit.report import Report

CASES = int(os.environ.get("KILN_CASES", "25"))
SEED = int(os.environ.get("KILN_SEED", "20261121"))
CLIENTS = os.path.join(driver.ROOT, "build", "clients", "bin", "python")
SERVER = os.path.join(driver.ROOT, "tests", "differential", "kit", "azureml_client.py")

RULES = {
    "anonymous": "a file without a name is an environment without one; the client wants a name in files",
    "tag": "a tag's value is text; the client takes lists and fails when it sends them",
    "version": "a version is text or a number; the client makes the text True of true",
    "dockerfile_path": "a path out of the build context is refused; the client sends it",
    "image": "an image is a reference; the client takes any text",
    "empty": "an empty image or build is refused; the client sends it",
    "port": "a port is a whole number up to 65535; the client cuts others off",
}


class Client:
    def __init__(self):
        self.process = subprocess.Popen([CLIENTS, SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.DEVNULL)

    def ask(self, do, **request):
        self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            print("the clients do not start")
            sys.exit(77)
        return json.loads(line)


def kiln(*words):
    done = subprocess.run([driver.program("kiln"), *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def files(folder):
    return {name: open(os.path.join(folder, name), newline="").read() for name in sorted(os.listdir(folder))}


# ---- what people have ----

class Definitions(Generator):
    def packages(self):
        names = ["numpy=1.26", "pytorch::pytorch=2.1.0", "pip=23.3", "scipy>=1.10,<2", "zlib", "pip", "cudatoolkit=11.8.*"]
        pip = ["scikit-learn==1.3.2", "azureml-defaults", "pandas>=2 ; python_version >= '3.9'", "--extra-index-url https://e.example/simple",
               "name[extra1,extra2]==1.0", "long-name-of-a-package[with,many,extras]>=1.0.0,<2.0.0,!=1.5.0 ; sys_platform == 'linux' and python_version >= '3.9'",
               "# a comment", ""]
        made = [self.one(["python=3.10.13", "python>=3.8", "python"])]
        made += [self.one(names) for _ in range(self.one([0, 1, 3]))]
        if self.chance(70):
            made.append({"pip": [self.one(pip) for _ in range(self.one([0, 1, 2, 4]))]})
        return made

    def conda(self):
        made = {"name": self.one(["my-env", "yes", "é", "a b"]), "channels": [self.one(["conda-forge", "defaults", "c/d"]) for _ in range(self.one([0, 1, 2]))],
                "dependencies": self.packages()}
        if self.chance(30):
            made["variables"] = {"A": self.one(["1", "x y", "true", "'"]), "B": self.one([1, True, 1.5])}
        keys = list(made)
        self.random.shuffle(keys)
        return {k: made[k] for k in keys}

    def value(self, depth=0):
        return self.one([None, True, "text", "é\U0001F600", 1, [], {}, ["a", {"b": "c"}]])

    def settings(self):
        every = {
            "version": "7", "environment_variables": {"A": "1", "B.C": "x y", "É": "\"\\\n\t"}, "python.interpreter_path": "/opt/py/bin/python",
            "python.user_managed_dependencies": True, "docker.shm_size": "8g", "docker.arguments": ["--ulimit", "nofile=1024"],
            "docker.base_image_registry.address": "reg.example.com", "spark.repositories": ["https://m.example"], "add_spark": ["g", "a", "1"],
            "inferencing_stack_version": "latest", "docker.enabled": True, "spark.precache_packages": False, "asset_id": "azureml://x",
        }
        return {k: every[k] for k in every if self.chance(25)}

    def constructor(self, work):
        conda = os.path.join(work, "conda.yml")
        pip = os.path.join(work, "requirements.txt")
        dockerfile = os.path.join(work, "Dockerfile")
        with open(conda, "w") as out:
            out.write("# a comment\n" * self.chance(30) + json.dumps(self.conda(), ensure_ascii=False) + "\n")
        with open(pip, "w") as out:
            out.write("numpy==1.26.0\n\n# why\npandas\n")
        with open(dockerfile, "w") as out:
            out.write("FROM ubuntu:22.04\nRUN echo 'hi é'\n")
        packages = self.one([{}, {"conda_specification": conda}, {"pip_requirements": pip}])
        return self.one([
            ("default", ["x"]), ("from_conda_specification", ["conda-env", conda]), ("from_pip_requirements", ["pip-env", pip]),
            ("from_docker_image", ["img", "team/base:1", packages]), ("from_dockerfile", ["df", dockerfile, packages])])

    # ---- v2 ----

    def image(self):
        return self.one(["mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1", "a", "h.example:5000/b/c:1", "debian:12"])

    def right(self):
        made = {"image": self.image()}
        if self.chance(70):
            made["conda_file"] = self.one([self.conda(), "conda.yml"])
        if self.chance(20):
            made["tags"] = {"a": "b", "c d": "é"}
        if self.chance(20):
            made["description"] = self.one(["two words", "line\nline", "x: y", "'"])
        if self.chance(20):
            made["os_type"] = self.one(["linux", "Linux", "WINDOWS"])
        if self.chance(15):
            route = {"port": 5001, "path": "/score"}
            made["inference_config"] = {"liveness_route": route, "readiness_route": dict(route), "scoring_route": dict(route, port=80)}
        if self.chance(20):
            del made["image"]
            made["build"] = {"path": "context"}
            if self.chance(50):
                made["build"]["dockerfile_path"] = self.one(["Dockerfile", "Sub/Dockerfile.gpu", "é/D"])
        made["name"] = self.one(["", "x", "sklearn-1.5"])
        if made["name"] and self.chance(40):
            made["version"] = self.one(["1", "1.10", 1, 1.5, "true"])
        return made

    def wrong(self):
        made = self.right()
        changes = [
            (None, lambda d: d.update(image=None)), (None, lambda d: d.update(image=5)), (None, lambda d: d.update(dependencies=[])),
            (None, lambda d: d.update(unknown=1)), (None, lambda d: d.update(os_type="mac")), (None, lambda d: d.update(tags=["a"])),
            (None, lambda d: d.update(name=5)), (None, lambda d: d.update(conda_file="nowhere.yml")), (None, lambda d: d.update(conda_file=["a"])),
            (None, lambda d: (d.pop("image", None), d.update(build={"path": "nowhere"}))), (None, lambda d: d.update(image="a", build={"path": "context"})),
            (None, lambda d: (d.pop("image", None), d.pop("build", None))), (None, lambda d: d.update(inference_config={"liveness_route": {"port": 1, "path": "/"}})),
            (None, lambda d: d.update(build="context")), (None, lambda d: d.update(description=None)), (None, lambda d: d.update(os_type=None)),
            ("anonymous", lambda d: (d.pop("name", None), d.pop("version", None))), ("tag", lambda d: d.update(tags={"a": ["b"]})),
            ("version", lambda d: d.update(name="x", version=True)), ("image", lambda d: (d.pop("build", None), d.update(image="A B"))),
            ("empty", lambda d: (d.pop("image", None), d.update(build={}))),
            ("dockerfile_path", lambda d: (d.pop("image", None), d.update(build={"path": "context", "dockerfile_path": "../D"}))),
        ]
        rule, change = self.one(changes)
        change(made)
        return rule, made

    def context(self, folder):
        os.makedirs(folder)
        for name in self.random.sample(["Dockerfile", "a.txt", "B.txt", "b.log", "Sub/x.txt", "Sub/deep/y.log", "build/out.o", "é.txt", "É.log",
                                        "data/a b.csv", "Sub/build/z", ".hidden", "[x].txt", "data/data/x"], self.one([1, 5, 10, 14])):
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as out:
                out.write(name + "\n")
        if self.chance(40):
            os.makedirs(os.path.join(folder, "empty"))
        if self.chance(30):
            os.symlink(self.one(["Sub", "a.txt", "nowhere", "../other"]), os.path.join(folder, "link"))
        for name in [".gitignore", ".amlignore"]:
            if self.chance(45):
                with open(os.path.join(folder, name), "w") as out:
                    out.write("\n".join(self.pattern() for _ in range(self.one([1, 2, 4]))) + "\n")

    def pattern(self):
        return self.one(["", "!"][: 1 + self.chance(25)]) + self.one([
            "*.log", "*.txt", "Sub", "Sub/", "/Sub", "Sub/*", "build", "build/", "**/build", "Sub/**", "**/deep/*", "data/**/x", "?.txt", "[ab].txt",
            "[!a].txt", "a.txt ", "  ", "# comment", "\\#x", "/", "**", "*", "**/", "empty/", ".gitignore", "É*", "deep/y.log", "Sub/deep/", "data/a b.csv",
            "\\[x\\].txt", "link", "link/", "/*", "data/*/"])


def unset(value, definitions):
    """As an older release would have written it: without some keys."""
    if isinstance(value, dict):
        return {k: unset(v, definitions) for k, v in value.items() if k == "name" or not definitions.chance(20)}
    return [unset(v, definitions) for v in value] if isinstance(value, list) else value


# ---- comparisons ----

def check_v1(client, definitions, report, work):
    made, ours, old, again = (os.path.join(work, name) for name in ["made", "ours", "old", "again"])
    kind, arguments = definitions.constructor(work)
    sets = definitions.settings()
    answer = client.ask("make", to=made, kind=kind, arguments=arguments, sets=sets)
    if "no" in answer:
        report.check("the client makes it", "Python package is missing" in answer["no"], kind, arguments, sets, answer["no"])
        return
    code, _, said = kiln("env", "save", made, ours, "-q")
    report.check("kiln reads a v1 folder", code == 0, kind, sets, said)
    if code:
        return
    client.ask("resave", path=made, to=again)  # what it writes of what it has read: ends of lines are one then
    report.check("a v1 folder to the byte", files(ours) == files(again), kind, sets, files(ours), files(again))
    shutil.rmtree(again)
    loaded = client.ask("load", path=ours)
    report.check("the client loads what kiln saved", loaded.get("ok") == answer["ok"], kind, sets, loaded, answer)

    shutil.copytree(made, old)
    path = os.path.join(old, "azureml_environment.json")
    document = unset(json.load(open(path)), definitions)
    if not set(document) - {"name", "version"}:
        return
    json.dump(document, open(path, "w"))
    answer = client.ask("resave", path=old, to=again)
    code, _, said = kiln("env", "save", old, ours, "-q", "--overwrite")
    if "ok" in answer:
        report.check("an old v1 folder", code == 0 and files(ours) == files(again), document, said, files(ours), files(again))


def check_v2(client, definitions, report, work, document, rule):
    path, saved = os.path.join(work, "env.yml"), os.path.join(work, "saved.yml")
    with open(os.path.join(work, "conda.yml"), "w") as out:
        json.dump(definitions.conda(), out, ensure_ascii=False)
    definitions.context(os.path.join(work, "context"))
    with open(path, "w") as out:
        json.dump(document, out, ensure_ascii=False, indent=definitions.one([None, 2]))
    theirs = client.ask("read_v2", path=path)
    code, shown, said = kiln("env", "show", path, "--json", "-q")
    if "ok" not in theirs or code:
        if rule:
            report.rule(rule)
        else:
            report.check("a wrong v2 definition", "ok" not in theirs and code == 2, document, theirs, said)
        return
    shown = json.loads(shown)
    report.check("name of a v2 definition", shown["name"] == theirs["ok"]["name"], document, shown, theirs)
    report.check("version of a v2 definition", shown.get("version") == theirs["ok"]["version"], document, shown, theirs, os.listdir(os.path.join(work, "context")))
    code, _, said = kiln("env", "save", path, saved, "-q")
    again = client.ask("read_v2", path=saved) if code == 0 else said
    if "ok" in again and "build" in document:  # the folder's whole path
        again["ok"]["sent"]["build"] = theirs["ok"]["sent"]["build"]
    report.check("the client loads the v2 file that kiln saved", again == theirs, document, again, theirs)


def check_other_form(client, definitions, report, work):
    """What kiln makes of one client's definition for the other: it loads, or kiln has said why there is none."""
    made, v1, v2, env = (os.path.join(work, name) for name in ["made", "v1", "other.yml", "env.yml"])
    kind, arguments = definitions.constructor(work)
    sets = definitions.settings()
    if "ok" in client.ask("make", to=made, kind=kind, arguments=arguments, sets=sets):
        base = definitions.one([[], ["--base", "h.example/b:1"]])
        code, _, said = kiln("env", "save", made, v2, "--form", "v2", *base)
        answer = client.ask("read_v2", path=v2) if code == 0 else {}
        report.check("a v1 definition as v2", code == 2 or "ok" in answer, kind, sets, base, said, answer)
        for told in ["spark.repositories", "docker.arguments", "inferencingStackVersion"]:
            meant = {"inferencingStackVersion": "inferencing_stack_version"}.get(told, told) in sets
            report.check("what v2 has no place for", code == 2 or (f'"{told}"' in said) == meant, told, sets, said)
    document = definitions.right()
    with open(os.path.join(work, "conda.yml"), "w") as out:
        json.dump(definitions.conda(), out, ensure_ascii=False)
    definitions.context(os.path.join(work, "context"))
    with open(env, "w") as out:
        json.dump(document, out, ensure_ascii=False)
    code, _, said = kiln("env", "save", env, v1, "--form", "v1")
    answer = client.ask("load", path=v1) if code == 0 else {}
    report.check("a v2 definition as v1", code == 2 or "ok" in answer, document, said, answer)
    for told in ["tags", "description", "inference_config"]:
        report.check("what v1 has no place for", code == 2 or (f'"{told}": it is left out' in said) == (told in document), told, document, said)


def check_entry(client, report, work, name):
    """Of the catalogue: saved and cloned as the client does it."""
    saved, ours, theirs = (os.path.join(work, to) for to in ["saved", "ours", "theirs"])
    code, _, said = kiln("env", "save", name, saved)
    report.check("kiln saves an entry", code == 0, name, said)
    code, _, said = kiln("env", "save", saved, ours, "--overwrite")
    report.check("a file with a name of the catalogue's is not saved", code == 2 and "first make a copy" in said, name, said)
    for words, do, request in [
            (["save", name, ours, "--overwrite"], "resave", {"path": saved, "to": theirs}),
            (["clone", name, "mine", ours, "--overwrite"], "clone", {"path": saved, "name": "mine", "to": theirs})]:
        code, _, said = kiln("env", *words)
        answer = client.ask(do, **request)
        report.check(f"{do} of an entry", code == 0 and "ok" in answer and files(ours) == files(theirs), name, said, answer)


def main():
    if not os.path.exists(CLIENTS):
        print("no build/clients: azureml-core and azure-ai-ml could not be installed")
        return 77
    client, definitions, report = Client(), Definitions(SEED), Report(SEED, RULES)
    for i in range(CASES):
        for check in ["v1", "right", "wrong", "other"]:
            with tempfile.TemporaryDirectory() as work:
                if check == "other":
                    check_other_form(client, definitions, report, work)
                    continue
                if check == "v1":
                    check_v1(client, definitions, report, work)
                    continue
                rule, document = definitions.wrong() if check == "wrong" else (None, definitions.right())
                check_v2(client, definitions, report, work, document, rule)
    for entry in json.loads(kiln("env", "list", "--json")[1])["environments"]:
        with tempfile.TemporaryDirectory() as work:
            check_entry(client, report, work, entry["name"])
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
