"""What kiln says of requests without a solution, beside what rattler says of the same.

Prints both for every case (KILN_ONLY=WORD: those whose title has it). Fails when kiln does not
name the cause or the remedy that the table below expects, or names a package that has no part in
it; when rattler finds no solution of the request as a remedy changes it; and when kiln's text is
the longer one in half of the cases, or in one where rattler has several lines to say.
"""

import os
import sys
import tempfile

from kit import remedies, solvers

ANSWER_S = 60
BASE = [["__glibc", "2.28", "0"], ["__unix", "0", "0"], ["__linux", "5.10", "0"]]
PYTHONS = ["3.10.14", "3.11.9", "3.12.7", "3.13.1"]


# ---- channels in a few words ----


def record(text, depends=(), constrains=()):
    """ "name version [build]" with what it needs and allows."""
    name, version, build = (text.split() + ["0"])[:3]
    return {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "depends": list(depends),
        "constrains": list(constrains),
        "subdir": "linux-64",
    }


def versions(name, numbers, depends=(), constrains=()):
    return [record(f"{name} {n}", depends, constrains) for n in numbers]


def pythons(numbers=PYTHONS):
    return versions("python", numbers, ["openssl >=3.0,<4.0a0", "__glibc >=2.17"]) + versions(
        "openssl", ["1.1.1w", "3.0.15", "3.3.2"]
    )


def for_pythons(name, version, minors, depends=()):
    """A build for each Python, as conda-build makes them."""
    found = []
    for minor in minors:
        above = int(minor.split(".")[1]) + 1
        python = f"python >={minor},<3.{above}.0a0"
        tag = minor.replace(".", "")
        found.append(record(f"{name} {version} py{tag}_0", [python, *depends]))
    return found


def flat(*lists):
    return [r for records in lists for r in records]


def numpies():
    old = [for_pythons("numpy", f"1.{n}.0", ["3.10", "3.11", "3.12"]) for n in range(22, 27)]
    new = [for_pythons("numpy", f"2.{n}.0", ["3.11", "3.12", "3.13"]) for n in range(0, 3)]
    return flat(*old, *new)


def scipies(low=8, high=15, numpy="numpy >=2"):
    made = [
        for_pythons("scipy", f"1.{n}.0", ["3.11", "3.12", "3.13"], [numpy])
        for n in range(low, high)
    ]
    return flat(*made)


TENSORFLOW = flat(
    *[
        for_pythons("tensorflow", f"2.{n}.{m}", ["3.10", "3.11"], ["numpy >=1.22,<2.0a0"])
        for n in range(10, 16)
        for m in range(3)
    ]
)
TORCH = flat(
    [
        record(f"pytorch 2.{n}.0 cuda{cuda}_0", [f"__cuda >={cuda}", "python"])
        for n in range(1, 6)
        for cuda in (11, 12)
    ],
    [record(f"pytorch 2.{n}.0 cpu_0", ["python"]) for n in range(1, 6)],
)


def case(title, channels, request, **more):
    """expect: words that kiln's text must hold; never: words that it must not."""
    if isinstance(channels, list):
        channels = {"main": channels}
    return {"title": title, "channels": channels, "request": request, **more}


CASES = [
    case(
        "a name with two letters swapped",
        flat(pythons(), numpies(), versions("numpydoc", ["1.7"]), versions("numba", ["0.60"])),
        ["python 3.12.*", "nupmy >=1.26"],
        expect=["nupmy >=1.26: no channel has nupmy", "nearest: numpy", "main (linux-64", "write numpy"],
        never=["python"],
    ),
    case(
        "a name as Python's index has it",
        flat(pythons(), for_pythons("scikit-learn", "1.5.2", ["3.12"]), numpies()),
        ["scikit_learn", "python"],
        expect=["nearest: scikit-learn", "write scikit-learn for scikit_learn"],
    ),
    case(
        "a name that is another's here",
        flat(pythons(), TORCH),
        ["torch", "python 3.12.*"],
        expect=["nearest: pytorch", "write pytorch for torch"],
    ),
    case(
        "a version that is not there any more",
        pythons(),
        ["python 3.9.*"],
        expect=["python 3.9.*", "3.10.14 to 3.13.1 (4 versions)", "relax python 3.9.*"],
    ),
    case(
        "a build that is not there",
        flat(pythons(), [r for r in TORCH if "cpu" in r["build"]]),
        ["python 3.12.*", "pytorch 2.3.* *cuda*"],
        expect=["pytorch 2.3.* *cuda*", "2.3.0 cpu_0", "relax pytorch 2.3.* *cuda* (pytorch 2.3.0 cpu_0 fits)"],
        never=["python 3.12"],
    ),
    case(
        "a Python newer than all builds",
        flat(pythons(), TENSORFLOW, numpies()),
        ["python 3.13.*", "tensorflow"],
        expect=["every tensorflow (2.10.0 to 2.15.2)", "excludes python 3.13.*", "drop tensorflow"]
        + ["relax python 3.13.* (python 3.11.9 fits)"],
        never=["numpy"],
    ),
    case(
        "two that want different numpy",
        flat(pythons(), numpies(), scipies(), TENSORFLOW),
        ["python", "tensorflow", "scipy", "openssl"],
        expect=["every tensorflow", "numpy >=1.22,<2", "every scipy", "numpy >=2", "drop scipy"],
        never=["openssl"],
    ),
    case(
        "constrains against a dependency of a dependency",
        flat(
            versions("pandas", ["1.5.3"], ["numpy"], ["numpy <2"]),
            versions("app", ["4.0", "4.1"], ["scipy >=1.10"]),
            versions("scipy", [f"1.{n}" for n in range(8, 15)], ["numpy >=2"]),
            versions("numpy", ["1.24", "1.26", "2.0", "2.1"]),
            versions("irrelevant", ["1"]),
        ),
        ["irrelevant", "pandas 1.*", "app"],
        expect=["pandas 1.5.3 allows only numpy <2", "every app (4.0, 4.1) needs scipy >=1.10"]
        + ["needs numpy >=2", "drop app", "drop pandas 1.*"],
        never=["irrelevant"],
    ),
    case(
        "a GPU build for an image without CUDA",
        flat(pythons(), TORCH),
        ["python", "pytorch * cuda*"],
        expect=["__cuda >=11", "the target has no __cuda", "add --virtual __cuda=11"],
    ),
    case(
        "a C library that is too old",
        flat(
            pythons(),
            versions("nodejs", [f"{n}.1.0" for n in range(18, 24)], ["__glibc >=2.34,<3.0.a0"]),
        ),
        ["nodejs >=20"],
        expect=["nodejs 20.1.0 to 23.1.0", "the target has __glibc 2.28", "add --virtual __glibc=2.34"],
    ),
    case(
        "a virtual package deep down",
        flat(
            versions("trainer", ["0.9", "1.0"], ["accelerate >=0.20"]),
            versions("accelerate", ["0.20", "0.21", "0.30"], ["torch-gpu"]),
            versions("torch-gpu", ["2.1", "2.2"], ["cudatoolkit 12.*"]),
            versions("cudatoolkit", ["12.1", "12.4"], ["__cuda >=12"]),
        ),
        ["trainer"],
        expect=["every trainer", "every accelerate", "every torch-gpu", "__cuda >=12"]
        + ["add --virtual __cuda=12"],
    ),
    case(
        "a dependency that no channel has",
        flat(
            pythons(),
            versions("app", ["2.0", "2.1"], ["python", "libsecret >=0.20"]),
            versions("app", ["1.9"], ["python"]),
            versions("libsecrets", ["0.21"]),
        ),
        ["python 3.12.*", "app 2.*"],
        expect=["app 2.0, 2.1 needs libsecret >=0.20: no channel has libsecret", "nearest: libsecrets"]
        + ["relax app 2.* (app 1.9 fits)"],
        never=["python"],
    ),
    case(
        "a version that a channel behind has",
        {
            "first": versions("numpy", ["1.24.0", "1.26.4"]),
            "second": versions("numpy", ["1.26.4", "2.0.0", "2.1.3"])
            + versions("scipy", ["1.14.0"], ["numpy"]),
        },
        ["numpy >=2"],
        expect=["second has numpy 2.1.3, hidden by first: strict channel priority"]
        + ["--channel-priority flexible", "write second::numpy >=2"],
    ),
    case(
        "a dependency that a channel behind has",
        {
            "first": versions("numpy", ["1.24.0", "1.26.4"]),
            "second": versions("numpy", ["2.0.0", "2.1.3"])
            + versions("scipy", ["1.13.0", "1.14.0"], ["numpy >=2"]),
        },
        ["scipy"],
        expect=["every scipy (1.13.0, 1.14.0) needs numpy >=2", "numpy 1.24.0, 1.26.4"]
        + ["second has numpy 2.1.3, hidden by first", "ask for second::numpy"],
    ),
    case(
        "a package of another platform",
        flat(pythons(), versions("pywinpty", ["2.0"]), versions("py", ["1.11"])),
        ["python", "pywin32"],
        elsewhere={"pywin32": "win-64 of main"},
        expect=["no channel has pywin32", "only for other platforms: win-64", "drop pywin32"],
    ),
    case(
        "old and new OpenSSL, three steps away",
        flat(
            versions("openssl", ["1.1.1u", "1.1.1w", "3.0.15", "3.3.2"]),
            versions("libcurl", [f"8.{n}.0" for n in range(9)], ["openssl >=3.0,<4.0a0"]),
            versions("git", [f"2.{n}.0" for n in range(39, 47)], ["libcurl >=8.0"]),
            versions("dvc", ["3.48", "3.55"], ["git >=2.40"]),
            versions("mysql-client", ["5.7.24", "5.7.44"], ["openssl >=1.1.1u,<1.1.2a"]),
        ),
        ["dvc", "mysql-client 5.7.*"],
        expect=["every dvc", "git 2.40.0 to 2.46.0", "every libcurl", "openssl >=3.0,<4"]
        + ["every mysql-client", "openssl >=1.1.1u,<1.1.2a", "drop dvc"],
    ),
    case(
        "what was built for Python 2 only",
        flat(
            pythons(["2.7.18", *PYTHONS]),
            flat(
                *[
                    [record(f"supervisor 3.{n} py27_0", ["python >=2.7,<2.8.0a0"])]
                    for n in range(12)
                ]
            ),
        ),
        ["python 3.11.*", "supervisor"],
        expect=["every supervisor (3.0 to 3.11) needs python 2.7.*", "python 3.11.*"]
        + ["relax python 3.11.* (python 2.7.18 fits)"],
    ),
    case(
        "one name asked for twice",
        flat(pythons(), numpies()),
        ["python", "numpy 1.*", "numpy 2.*"],
        expect=["numpy 1.*", "numpy 2.*, which excludes numpy 1.*", "relax numpy 1.*"],
        never=["python"],
    ),
    case(
        "one wrong pin of many",
        flat(
            pythons(),
            numpies(),
            versions("requests", ["2.31.0", "2.32.3"], ["urllib3 >=1.21.1,<3", "certifi >=2017"]),
            versions("urllib3", ["1.26.19", "2.2.2", "2.2.3"]),
            versions("certifi", ["2024.7.4", "2024.8.30"]),
            versions("botocore", [f"1.{n}.0" for n in range(29, 36)], ["urllib3 >=1.25.4,<1.27"]),
            versions("boto3", [f"1.{n}.0" for n in range(29, 36)], ["botocore"]),
        ),
        ["python ==3.12.7", "numpy ==1.26.0", "requests ==2.32.3", "urllib3 ==2.2.3"]
        + ["certifi ==2024.8.30", "boto3 ==1.34.0"],
        expect=["urllib3 ==2.2.3", "boto3 ==1.34.0", "every botocore", "urllib3 >=1.25.4,<1.27"]
        + ["relax urllib3 ==2.2.3 (urllib3 1.26.19 fits)"],
        never=["numpy", "requests", "certifi", "python"],
    ),
    case(
        "packages that need each other, and an old Python",
        flat(
            pythons(["3.8.18", *PYTHONS]),
            versions("jupyterlab", ["4.0", "4.1", "4.2"], ["jupyter-server >=2", "python >=3.8"]),
            versions("jupyter-server", ["2.0", "2.4"], ["jupyterlab", "nbformat >=5.3"]),
            versions("nbformat", ["5.3", "5.10"], ["python >=3.9"]),
        ),
        ["python 3.8.*", "jupyterlab"],
        expect=["python 3.8.*", "every jupyterlab", "every jupyter-server", "needs python >=3.9"],
    ),
    case(
        "two faults at once",
        flat(pythons(), numpies(), versions("app", ["1.0"], ["numpy >=3"])),
        ["python 3.9.*", "app", "numpy"],
        expect=["python 3.9.*: there is only", "and besides", "app 1.0 needs numpy >=3"]
        + ["relax python 3.9.* (python 3.13.1 fits) and drop app"],
        never=["drop numpy"],
    ),
    case(
        "versions that each need their own",
        flat(
            versions("libtorch", [f"2.{n}.0" for n in range(8)]),
            flat(*[versions("torchvision", [f"0.{n}.0"], [f"libtorch ==2.{n - 12}.0"])
                   for n in range(12, 20)]),
        ),
        ["libtorch 1.*", "torchvision"],
        expect=["libtorch 1.*", "libtorch 2.0.0 to 2.7.0", "relax libtorch 1.*"],
        never=["torchvision"],
    ),
    case(
        "exact pins of another generation",
        flat(
            versions("libarrow", [f"{n}.0.0" for n in range(8, 18)]),
            flat(*[versions("pyarrow", [f"{n}.0.0"], [f"libarrow =={n}.0.0"])
                   for n in range(8, 18)]),
            versions("datasets", ["2.14", "2.20", "3.0"], ["pyarrow >=15"]),
        ),
        ["libarrow <12", "datasets"],
        expect=["every datasets (2.14 to 3.0) needs pyarrow >=15", "pyarrow 15.0.0 to 17.0.0"]
        + ["excludes libarrow <12", "relax libarrow <12 (libarrow 17.0.0 fits)"],
    ),
]


# ---- asking both ----


def question(wanted):
    channels = []
    for name, records in wanted["channels"].items():
        subdirs = {
            "linux-64": {"packages.conda": {}},
            "noarch": {"packages.conda": {}},
        }
        for r in records:
            stem = f"{r['name']}-{r['version']}-{r['build']}.conda"
            subdirs["linux-64"]["packages.conda"][stem] = r
        channels.append({"name": name, "subdirs": subdirs})
    return {
        "channels": channels,
        "specs": wanted["request"],
        "virtuals": BASE,
        "priority": "strict",
        "elsewhere": wanted.get("elsewhere", {}),
    }


def faults(wanted, text):
    missing = [word for word in wanted["expect"] if word not in text]
    needless = [word for word in wanted.get("never", []) if word in text]
    return [f"does not say {w!r}" for w in missing] + [f"says {w!r}" for w in needless]


def show(title, text):
    print(f"--- {title}, {len(text)} characters")
    print(text)


def main():
    if why := solvers.missing():
        print(why)
        return 77
    bad = shorter = ours = theirs = 0
    wanted = [c for c in CASES if os.environ.get("KILN_ONLY", "") in c["title"]]
    with tempfile.TemporaryDirectory() as folder:
        kiln, rattler = solvers.kiln(), solvers.rattler(ANSWER_S)
        for one in wanted:
            asked = question(one)
            asked["channels"] = solvers.write_channels(asked["channels"], folder)
            mine = kiln.ask(asked)["conflict"]
            other = rattler.ask(asked)["conflict"]
            print(f"== {one['title']}: {', '.join(one['request'])}")
            show("kiln", mine)
            show("rattler", other)
            for fault in [*faults(one, mine), *remedies.useless(asked, mine, rattler)]:
                print(f"FAILED {one['title']}: {fault}")
                bad += 1
            shorter += len(mine) < len(other)
            if len(mine) >= len(other) and other.count("\n") > 6:
                print(f"FAILED {one['title']}: longer than rattler's")
                bad += 1
            ours += len(mine)
            theirs += len(other)
        kiln.close()
        rattler.close()
    print(f"{len(wanted)} cases, {shorter} shorter than rattler's; {ours} characters of {theirs}")
    return 1 if bad or shorter * 2 <= len(wanted) > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
