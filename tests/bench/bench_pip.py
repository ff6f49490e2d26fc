"""tests/bench/bench_pip.py - a Python of conda with a long pip list, beside what people use.

    bench_pip.py WORK        (called by `make bench-pip`, in the top folder of the project)

Every real wheel of the tests, the newest of each name, and those of wheels.txt, from an index on
loopback; versions are pinned and locked, so that nobody resolves:
  kiln             build and push: nothing on disk, all downloaded, all packed once, one wheel changed
  uv               (c) `uv pip install` alone, with a warm cache; (d) then tar, igzip, `crane append`
  docker           (e) `docker build` with `pip install` on an image that has the Python, `docker push`
(c) to (e) do not install Python itself, which kiln does.
"""
import os
import pathlib
import shutil
import subprocess
import sys

import bench
from bench import CHANNEL, KILN, ROOT, WORK, Kiln, Table, run, timed
from packaging.utils import parse_wheel_filename

WHEELS = WORK / "wheels"
FETCHED = WORK.parent / "wheels"  # once
UV = ROOT / "build/venv/bin/uv"
CHANGED = "pandas"  # to the version before


def gather_wheels():
    FETCHED.mkdir(exist_ok=True)
    pins = pathlib.Path(__file__).with_name("wheels.txt")
    run("timeout", "600", sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check",
        "--only-binary=:all:", "--find-links", FETCHED, "-d", FETCHED, "-r", pins)
    WHEELS.mkdir()
    for folder in (ROOT / "build/channel-work/wheels", FETCHED):
        for wheel in folder.glob("*.whl"):
            (WHEELS / wheel.name).symlink_to(wheel)


def serve_wheels():
    """The index; it ends with its standard input."""
    server = subprocess.Popen([sys.executable, "-B", ROOT / "tests/fake/wheels.py", WHEELS],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return server, f"http://127.0.0.1:{server.stdout.readline().strip()}/open/simple"


def newest():
    """name -> versions, the newest first; what conda's Python brings itself is left to it."""
    found = {}
    for path in WHEELS.glob("*.whl"):
        name, version, *_ = parse_wheel_filename(path.name)
        found.setdefault(name, []).append(version)
    return {name: sorted(found[name], reverse=True) for name in sorted(found)}


def write_spec(name, index, pins, conda=("python=3.11",)):
    path = WORK / f"{name}.yml"
    lines = [f"channels: ['{CHANNEL}']", "dependencies:", *(f"- {c}" for c in conda)]
    if pins:
        lines += ["- pip:", f"  - --index-url {index}", *(f"  - {n}=={v}" for n, v in pins.items())]
    path.write_text("\n".join(lines) + "\n")
    return path


class Locked(Kiln):
    """Builds from locks; each of its caches holds as much as a row says."""

    def lock(self, spec):
        lock = spec.with_suffix(".lock")
        if not lock.exists():
            run(KILN, "lock", spec, "--cache", self.cache, "--base", f"{self.host}/base/debian:bookworm", "-q",
                "-o", lock, env={"PATH": f"{UV.parent}:{os.environ['PATH']}"})
        return ["--locked", lock]

    def build_locked(self, spec):
        return self.build(spec, *self.lock(spec))

    def forget_all(self):
        shutil.rmtree(self.cache, ignore_errors=True)
        self.repository += 1


def uv_install(python, index, pins, cache):
    """Into WORK/prefix/opt/env, as a layer would have it."""
    shutil.rmtree(WORK / "prefix", ignore_errors=True)
    (WORK / "prefix/opt").mkdir(parents=True)
    (WORK / "pins.txt").write_text("".join(f"{n}=={v}\n" for n, v in pins.items()))
    run(UV, "pip", "install", "-q", "--no-config", "--no-deps", "--index-url", index, "--python", python,
        "--cache-dir", cache, "--target", WORK / "prefix/opt/env", "-r", WORK / "pins.txt",
        env={"UV_PYTHON_DOWNLOADS": "never"})


def beside_uv(table, kiln, index, pins):
    run(KILN, "install", write_spec("python", index, {}).with_suffix(".lock"), WORK / "python", "--cache", kiln.cache,
        "-q")
    python, cache = WORK / "python/bin/python3.11", WORK / "uv"
    install = lambda: uv_install(python, index, pins, cache)
    install()
    table.row("(c) uv pip install alone, warm cache", *timed(install))
    crane = bench.install_crane()
    if not crane:
        return table.skip("(d) skipped: no go or igzip")

    def append():
        install()
        bench.append_prefix(kiln.host, crane)

    table.row("(d) uv pip install, tar, igzip, crane append", *timed(append))


def beside_docker(table, kiln, index, pins, folder):
    docker = bench.start_docker(folder)
    if not docker:
        return table.skip("(e) skipped: no docker daemon")
    kiln.build(write_spec("with-pip", index, {}, ("python=3.11", "pip")))
    shutil.copy(WORK / "pins.txt", WORK / "prefix/pins.txt")
    shutil.rmtree(WORK / "prefix/opt")
    lines = [f"FROM {kiln.result['image']}", "COPY pins.txt /pins.txt",
             f"RUN /opt/env/bin/python -m pip install -q --no-cache-dir --no-deps -i {index} -r /pins.txt"]
    table.row("(e) docker build with pip install, docker push",
              *timed(lambda: bench.with_docker(kiln.host, docker, lines, "host"), times=1))


def of_kiln(table, kiln, spec, changed):
    build = lambda: kiln.build_locked(spec)
    build()
    kiln.build_locked(changed)
    kiln.build_locked(write_spec("python", None, {}))
    table.row("kiln build, all on disk, nothing packed", *timed(build, before=kiln.forget_packing))
    def other_repository():
        kiln.repository += 1
        shutil.rmtree(kiln.cache / "records.db", ignore_errors=True)

    build()
    table.row("kiln build, all packed, another repository", *timed(build, before=other_repository))

    def change():
        kiln.forget_packing()
        build()

    table.row("kiln build, one wheel changed", *timed(lambda: kiln.build_locked(changed), before=change))
    uploaded = [layer for layer in kiln.result["layers"] if not layer["reused"]]
    print("changed build uploaded: " + "; ".join(
        f"{layer['size'] / 1e6:.1f} MB ({', '.join(layer['packages'][:3])})" for layer in uploaded))
    table.row("kiln build, nothing on disk", *timed(build, before=kiln.forget_all))


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    gather_wheels()
    table = Table()
    host = bench.registry("registry")
    server, index = serve_wheels()
    try:
        versions = newest()
        pins = {name: each[0] for name, each in versions.items()}
        kiln = Locked(host)
        spec = write_spec("spec", index, pins)
        changed = write_spec("changed", index, {**pins, CHANGED: versions[CHANGED][1]})
        of_kiln(table, kiln, spec, changed)
        beside_uv(table, kiln, index, pins)
        beside_docker(table, kiln, index, pins, WORK / "dockerd")
        size = sum(p.stat().st_size for p in WHEELS.glob("*.whl")
                   if parse_wheel_filename(p.name)[1] == pins[parse_wheel_filename(p.name)[0]])
        print(f"{len(pins)} wheels, {size / 1e6:.0f} MB")
    finally:
        server.stdin.close()
        run("tests/base/dockerd.sh", "stop", WORK / "dockerd")
        run("tests/base/registry.sh", "stop", WORK / "registry")
    table.show()


if __name__ == "__main__":
    main()
