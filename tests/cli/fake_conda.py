#!/opt/conda/bin/python
"""What a rendered Dockerfile wants of conda, by rattler: `conda create` of an exact list, `conda clean`.

No registry that tests reach has conda itself. The list is read and its packages are fetched, checked
and linked by code that is not kiln's."""

import asyncio
import os
import re
import sys

import rattler
from rattler.package import BuildString

LINE = re.compile(r"^(.*)/(linux-64|noarch)/(.+)-([^-]+)-([^-]+?)(\.conda|\.tar\.bz2)#([0-9a-f]{32})$")
VIRTUALS = [("__glibc", "2.36"), ("__linux", "6.1"), ("__unix", "0")]


async def create(prefix, path):
    lines = [line for line in open(path).read().splitlines() if line and not line.startswith("#")]
    assert lines.pop(0) == "@EXPLICIT", lines
    found = [LINE.match(line) for line in lines]
    assert all(found), lines
    virtuals = [rattler.GenericVirtualPackage(rattler.PackageName(n), rattler.Version(v), BuildString("0")) for n, v in VIRTUALS]
    records = await rattler.solve(sorted({m[1] for m in found}), [f"{m[3]} =={m[4]} {m[5]}" for m in found],
                                  platforms=["linux-64", "noarch"], virtual_packages=virtuals)
    assert sorted(r.md5.hex() for r in records) == sorted(m[7] for m in found), "other packages than the list's"
    await rattler.install(records, target_prefix=prefix, cache_dir="/tmp/rattler", show_progress=False)


words = sys.argv[1:]
if words[:4] == ["create", "--yes", "--quiet", "--prefix"] and words[5] == "--file" and len(words) == 7:
    asyncio.run(create(words[4], words[6]))
elif words != ["clean", "--all", "--yes"]:
    sys.exit(f"conda: {words}")
sys.stdout.flush()
os._exit(0)  # rattler's threads may abort an interpreter that ends
