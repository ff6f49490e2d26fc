"""kiln beside py-rattler on a channel as large as the largest there is.

    python3 tests/bench/solve.py [RECORDS]      (called by `make bench-solve`)

Makes the channel in build/bench unless it is there (see largest.py), then solves three requests:
kiln without a cache (the scan of half a gigabyte of JSON is in it), kiln with one, py-rattler.
Seconds are those of a whole process, for kiln the median of three runs, rattler runs once; memory
is the largest resident set. The last column tells whether the very same files were chosen.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time

import largest

FOLDER = "build/bench"
CACHE = f"{FOLDER}/solve-cache"
PROGRAM = "build/plain/solve_bench"
PYTHON = "build/venv/bin/python"
RUNS = 3
REQUESTS = [
    ["python 3.11.*", "py11900", "py11000", "py10000", "py9000", "py8000", "lib7000", "lib300"],
    ["python 3.12.*", "py10", "lib300"],
    ["py8000"],
]
VIRTUALS = (("__glibc", "2.36"), ("__unix", "0"))


def measured(command):
    """Seconds, peak in MB and what the process printed; None when it failed."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        return None
    return seconds, usage.ru_maxrss // 1024, printed


def of_kiln(channel, request, keep_cache):
    runs = []
    for _ in range(RUNS):
        if not keep_cache:
            shutil.rmtree(CACHE, ignore_errors=True)
        run = measured([PROGRAM, "--list", CACHE, f"./{channel}", *request])
        if not run:
            return None
        runs.append(run)
    files = sorted(runs[0][2].splitlines()[1:])
    return statistics.median(r[0] for r in runs), max(r[1] for r in runs), files


def of_rattler(channel, request):
    if not os.access(PYTHON, os.X_OK):
        return None
    run = measured([PYTHON, __file__, "--rattler", channel, *request])
    return (run[0], run[1], json.loads(run[2])) if run else None


async def rattler_solve(channel, request):
    import rattler

    of = rattler.Channel("file://" + os.path.abspath(channel))
    data = [
        rattler.SparseRepoData(of, subdir, f"{channel}/{subdir}/repodata.json")
        for subdir in ("linux-64", "noarch")
    ]
    virtuals = [
        rattler.GenericVirtualPackage(
            rattler.PackageName(name), rattler.Version(version), rattler.package.BuildString("0")
        )
        for name, version in VIRTUALS
    ]
    found = await rattler.solve_with_sparse_repodata(
        specs=request, sparse_repodata=data, virtual_packages=virtuals
    )
    print(json.dumps(sorted(f"{r.subdir}/{r.file_name}" for r in found)), flush=True)
    os._exit(0)


def compare(channel, request):
    first = of_kiln(channel, request, keep_cache=False)
    later = of_kiln(channel, request, keep_cache=True)
    if not first or not later:
        return ["-"] * 8, "kiln finds no solution"
    rattler = of_rattler(channel, request)
    row = [f"{first[0]:.2f}", f"{later[0]:.2f}", "-", "-", "-", str(first[1]), str(later[1]), "-"]
    same = "not compared"
    if rattler:
        row[2:5] = [f"{rattler[0]:.1f}", f"{rattler[0] / first[0]:.0f}", f"{rattler[0] / later[0]:.0f}"]
        row[7] = str(rattler[1])
        differ = len(set(first[2]) ^ set(rattler[2])) + len(set(first[2]) ^ set(later[2]))
        same = "the same" if not differ else f"{differ} files differ"
    return row, f"{len(first[2])} packages, {same}"


def main():
    if sys.argv[1:2] == ["--rattler"]:
        import asyncio

        asyncio.new_event_loop().run_until_complete(rattler_solve(sys.argv[2], sys.argv[3:]))
    records = int(sys.argv[1]) if len(sys.argv) > 1 else largest.RECORDS
    channel = f"{FOLDER}/largest-{records}"
    largest.make(channel, records)
    heads = ["first s", "later s", "rattler s", "x first", "x later", "first MB", "later MB", "rattler MB"]
    print(*(f"{head:>11}" for head in heads), sep="")
    for request in REQUESTS:
        row, says = compare(channel, request)
        print(*(f"{cell:>11}" for cell in row), sep="", end="  ")
        print(f"{', '.join(request)}: {says}", flush=True)
    shutil.rmtree(CACHE, ignore_errors=True)


if __name__ == "__main__":
    main()
