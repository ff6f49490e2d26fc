"""tests/bench/bench.py - kiln beside what people use, one machine, one run, the same packages.

    bench.py WORK        (called by `make bench`, in the top folder of the project)

The half-gigabyte environment, its archives on disk, nothing unpacked or packed:
  kiln             build and push
  rattler + crane  (a) py-rattler install, tar, igzip, `crane append`
  docker           (b) `docker build` with COPY of the prefix, `docker push`
then what a second build, and one with one package changed, cost kiln. Rows that need a tool the
machine lacks say so. Figures are seconds of wall clock, medians of three runs (docker: one).
"""
import asyncio
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path.cwd()
WORK = pathlib.Path(sys.argv[1]).resolve()
KILN = ROOT / "build/plain/kiln"
CHANNEL = f"file://{ROOT}/build/channel"
SPEC = ROOT / "tests/channel/environment.yml"
CRANE = "github.com/google/go-containerregistry/cmd/crane@v0.20.2"


def run(*command, env=None, **more):
    return subprocess.run([str(c) for c in command], check=True, env={**os.environ, **(env or {})}, **more)


def timed(function, times=3, before=lambda: None):
    """Median seconds; the largest peak of memory (MB) when the function gives one."""
    seconds, peaks = [], []
    for _ in range(times):
        before()
        start = time.monotonic()
        peak = function()
        seconds.append(time.monotonic() - start)
        peaks.append(peak or 0)
    return statistics.median(seconds), max(peaks)


def registry(name):
    folder = WORK / name
    run("tests/base/registry.sh", "start", folder)
    port = (folder / "port").read_text().strip()
    run("tests/base/push.sh", port, stdout=subprocess.DEVNULL)
    return f"127.0.0.1:{port}"


class Kiln:
    def __init__(self, host):
        self.host, self.cache = host, WORK / "cache"
        self.repository = 0

    def command(self, spec, *more):
        return [KILN, "build", spec, "-c", CHANNEL, "--override-channels", "--cache", self.cache,
                "--base", f"{self.host}/base/debian:bookworm", "-q", "--json",
                "-t", f"{self.host}/kiln/r{self.repository}:1", *more]

    def build(self, spec=SPEC, *more):
        """Peak memory in MB; the result stays in self.result."""
        log = WORK / "time"
        out = run("/usr/bin/time", "-f", "%M", "-o", log, *self.command(spec, *more),
                  stdout=subprocess.PIPE).stdout
        self.result = json.loads(out)
        return int(log.read_text().split()[-1]) / 1024

    def forget_packing(self):
        """What was downloaded and learnt stays, whatever was packed goes; a repository without blobs."""
        for folder in self.cache.iterdir() if self.cache.exists() else []:
            if folder.name not in ("packages", "channels", "indexes", "blobs") and folder.is_dir():
                shutil.rmtree(folder)
        self.repository += 1


def lock_records(kiln):
    """The archives of kiln's own solution: all take part with the same packages."""
    out = run(KILN, "lock", SPEC, "-c", CHANNEL, "--override-channels", "--cache", kiln.cache,
              "--explicit", "-q", stdout=subprocess.PIPE, text=True).stdout
    return [line.split("#")[0] for line in out.splitlines() if line.startswith("file:")]


async def rattler_install(urls, prefix):
    import rattler
    files = {u.rsplit("/", 1)[1] for u in urls}
    records = []
    for subdir in ("linux-64", "noarch"):
        data = rattler.RepoData.from_path(f"{ROOT}/build/channel/{subdir}/repodata.json")
        records += [r for r in data.into_repo_data(rattler.Channel(CHANNEL)) if r.file_name in files]
    assert len(records) == len(files)
    await rattler.install(records, target_prefix=prefix, cache_dir=WORK / "rattler", show_progress=False)


def install_prefix(urls):
    prefix = WORK / "prefix/opt/env"
    shutil.rmtree(WORK / "prefix", ignore_errors=True)
    shutil.rmtree(WORK / "rattler", ignore_errors=True)
    prefix.parent.mkdir(parents=True)
    asyncio.run(rattler_install(urls, prefix))


def install_crane():
    """None where there is no go; the rows that need it say so."""
    if not (shutil.which("go") and shutil.which("igzip")):
        return None
    run("go", "install", CRANE, env={"GOBIN": str(WORK / "bin"), "GOFLAGS": "-mod=mod"})
    return WORK / "bin/crane"


def append_prefix(host, crane):
    """WORK/prefix/opt as one layer on the base."""
    run("tar", "-C", WORK / "prefix", "-cf", WORK / "layer.tar", "opt")
    (WORK / "layer.tar.gz").unlink(missing_ok=True)
    run("igzip", "-1", "-f", "-o", WORK / "layer.tar.gz", WORK / "layer.tar")
    run(crane, "append", "--insecure", "-b", f"{host}/base/debian:bookworm", "-f", WORK / "layer.tar.gz",
        "-t", f"{host}/crane/r{time.monotonic_ns()}:1", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def with_crane(urls, host, crane):
    install_prefix(urls)
    append_prefix(host, crane)


def with_docker(host, docker, lines, network="none"):
    """Lines of a Dockerfile whose context is WORK/prefix."""
    (WORK / "prefix/Dockerfile").write_text("".join(line + "\n" for line in lines))
    tag = f"{host}/docker/r{time.monotonic_ns()}:1"
    env = {"DOCKER_HOST": docker, "DOCKER_BUILDKIT": "0"}
    for command in (["docker", "build", "-q", "--no-cache", "--network", network, "-t", tag, WORK / "prefix"],
                    ["docker", "push", "-q", tag]):
        run(*command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def start_docker(folder):
    """The DOCKER_HOST, or None where none can be started."""
    made = subprocess.run(["tests/base/dockerd.sh", "start", folder], stdout=subprocess.PIPE, text=True)
    return made.stdout.strip() if made.returncode == 0 else None


class Table:
    def __init__(self):
        self.rows, self.base = [], None

    def row(self, what, seconds, peak=0):
        """The first one is what the others are compared with."""
        self.base = self.base or seconds
        self.rows.append((what, f"{seconds:.3f}", f"{peak:.0f}" if peak else "", f"{seconds / self.base:.1f}"))

    def skip(self, what):
        self.rows.append((what, "", "", ""))

    def show(self):
        print(f"{'':52} {'seconds':>9} {'peak MB':>8} {'x kiln':>7}")
        for what, seconds, peak, ratio in self.rows:
            print(f"{what:52} {seconds:>9} {peak:>8} {ratio:>7}")


def changed_spec():
    """The environment with another pandas: one package changes."""
    path = WORK / "changed.yml"
    path.write_text(SPEC.read_text().replace("pandas=2.3", "pandas<2.3"))
    return path


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    table = Table()
    host = registry("registry")
    docker_dir = WORK / "dockerd"
    try:
        kiln = Kiln(host)
        kiln.build()  # downloads
        table.row("kiln build, packages on disk", *timed(kiln.build, before=kiln.forget_packing))
        # Neither (a) nor (b) compiles sources.
        table.row("kiln build --no-bytecode, packages on disk",
                  *timed(lambda: kiln.build(SPEC, "--no-bytecode"), before=kiln.forget_packing))
        urls = lock_records(kiln)
        size = sum(os.path.getsize(u.removeprefix("file://")) for u in urls)
        crane = install_crane()
        if crane:
            table.row("(a) rattler install, tar, igzip, crane append", *timed(lambda: with_crane(urls, host, crane)))
        else:
            table.skip("(a) skipped: no go or igzip")
            install_prefix(urls)
        docker = start_docker(docker_dir)
        if docker:
            copy = [f"FROM {host}/base/debian:bookworm", "COPY opt /opt"]
            table.row("(b) docker build with COPY, docker push",
                      *timed(lambda: with_docker(host, docker, copy), times=1))
        else:
            table.skip("(b) skipped: no docker daemon")
        kiln.build()
        table.row("kiln build again", *timed(kiln.build, times=9))

        def change():
            kiln.forget_packing()
            kiln.build()

        table.row("kiln build, one package changed", *timed(lambda: kiln.build(changed_spec()), before=change))
        uploaded = [layer for layer in kiln.result["layers"] if not layer["reused"]]
        print(f"{len(urls)} packages, {size / 1e6:.0f} MB of archives; {os.cpu_count()} cores")
        print(f"changed build uploaded: " + "; ".join(
            f"{layer['size'] / 1e6:.1f} MB ({', '.join(layer['packages'][:3])})" for layer in uploaded))
    finally:
        run("tests/base/dockerd.sh", "stop", docker_dir)
        run("tests/base/registry.sh", "stop", WORK / "registry")
    table.show()


if __name__ == "__main__":
    main()
