"""Packages that are neither a wheel nor a library: Python, data, and one of every odd kind.

Each function fills STAGE and returns what archive.write takes: (index, options).
"""

import json
import os
import shutil
from pathlib import Path

import archive
import debs

HOOK = "bin/.{name}-{when}.sh"


def cpython(stage, work, row):
    shutil.copytree(work / "cpython/stage", stage, symlinks=True)
    compile_library(stage / "lib/python3.11", stage)
    index = dict(
        name="python", version=row["version"], depends=row["depends"], constrains=row["constrains"]
    )
    index["build"] = archive.build_string("", row["version"], *row["depends"]) + "_cpython"
    index["python_site_packages_path"] = "lib/python3.11/site-packages"
    return index, {
        "about": {"home": "python.org", "summary": "General purpose programming language"}
    }


def compile_library(folder, stage):
    import compileall

    compileall.compile_dir(folder, quiet=2, stripdir=str(stage), workers=1)


def tzdata(stage, work, _row):
    """noarch: generic, with many symlinks (Debian's) between zones."""
    unpacked = stage.with_name("tzdata.deb")
    deb = debs.find(work / "debs", "tzdata")
    debs.unpack(deb, unpacked)
    shutil.copytree(unpacked / "usr/share/zoneinfo", stage / "share/zoneinfo", symlinks=True)
    shutil.rmtree(unpacked)
    (stage / "share/zoneinfo/localtime").unlink(missing_ok=True)
    return (
        dict(
            name="tzdata",
            version=debs.version(deb),
            build="h78e105d_0",
            noarch="generic",
            depends=[],
        ),
        {},
    )


def ca_certificates(stage, work, _row):
    """A bundle, a symlink to it, and an activation script that names it."""
    unpacked = stage.with_name("ca-certificates.deb")
    deb = debs.find(work / "debs", "ca-certificates")
    debs.unpack(deb, unpacked)
    bundle = "".join(
        p.read_text() for p in sorted((unpacked / "usr/share/ca-certificates").rglob("*.crt"))
    )
    shutil.rmtree(unpacked)
    text(stage, "ssl/cacert.pem", bundle)
    (stage / "ssl/cert.pem").symlink_to("cacert.pem")
    text(
        stage,
        "etc/conda/activate.d/ca-certificates.sh",
        'export SSL_CERT_FILE="$CONDA_PREFIX/ssl/cacert.pem"\n',
    )
    text(stage, "etc/conda/deactivate.d/ca-certificates.sh", "unset SSL_CERT_FILE\n")
    version = debs.field(deb, "Version").split("~")[0].split("+")[0]
    return (
        dict(
            name="ca-certificates",
            version=version,
            build="hbd8a1cb_0",
            noarch="generic",
            depends=["__unix"],
        ),
        {},
    )


def text(stage, name, content, mode=0o644):
    path = stage / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(mode)


def metapackage(name, version, build, depends=(), **more):
    """A package without files."""

    def fill(stage, _work, _row):
        stage.mkdir(parents=True)
        return dict(name=name, version=version, build=build, depends=list(depends), **more), {}

    return fill


def one_file(name, version, depends=(), **more):
    """A package with one small file, where only its record matters."""

    def fill(stage, _work, _row):
        text(stage, f"share/{name}/version", version + "\n")
        return (
            dict(name=name, version=version, build="h0dd0000_0", depends=list(depends), **more),
            {},
        )

    return fill


def post_link(stage, _work, _row):
    text(
        stage,
        HOOK.format(name="kiln-post-link", when="post-link"),
        '#!/bin/sh\nset -e\nmkdir -p "$PREFIX/etc"\n'
        'echo "$PKG_NAME $PKG_VERSION $PKG_BUILDNUM" >"$PREFIX/etc/kiln-post-link.txt"\n'
        'echo "kiln-post-link: configured" >>"$PREFIX/.messages.txt"\n',
        0o755,
    )
    text(stage, "share/kiln-post-link/data", "data\n")
    return dict(name="kiln-post-link", version="1.0", build="h0dd0001_0", depends=[]), {}


def pre_link(stage, _work, _row):
    text(
        stage,
        HOOK.format(name="kiln-pre-link", when="pre-link"),
        '#!/bin/sh\nset -e\nmkdir -p "$PREFIX/etc"\ntest -d "$SOURCE_DIR"\n'
        'echo "$PKG_NAME" >"$PREFIX/etc/kiln-pre-link.txt"\n',
        0o755,
    )
    return dict(name="kiln-pre-link", version="1.0", build="h0dd0002_0", depends=[]), {
        "forms": [".tar.bz2"]
    }


def activation(stage, _work, _row):
    text(
        stage,
        "etc/conda/activate.d/kiln-activation.sh",
        'export KILN_ACTIVATED="$CONDA_PREFIX/share"\n',
    )
    text(
        stage,
        "etc/conda/env_vars.d/kiln-activation.json",
        json.dumps({"KILN_VARIABLE": "from a package"}),
    )
    return dict(name="kiln-activation", version="1.0", build="h0dd0003_0", depends=[]), {}


def old_style(stage, _work, _row):
    """An archive from before paths.json: info/files and info/has_prefix in both of its forms."""
    old = "/opt/" + "anaconda1anaconda2anaconda3"
    text(stage, "bin/kiln-old-style", f"#!{old}/bin/python\nprint('old style')\n", 0o755)
    text(stage, "etc/kiln-old-style.cfg", f"prefix = {archive.PLACEHOLDER}\n")
    (stage / "share").mkdir()
    (stage / "share/kiln-old.bin").write_bytes(b"\1" + archive.PLACEHOLDER.encode() + b"/share\0\2")
    (stage / "share/kiln-old-link").symlink_to("kiln-old.bin")
    names = archive.members(stage)
    text(stage, "info/files", "".join(name + "\n" for name in names))
    text(
        stage,
        "info/has_prefix",
        "bin/kiln-old-style\n"
        f"{archive.PLACEHOLDER} text etc/kiln-old-style.cfg\n"
        f'"{archive.PLACEHOLDER}" binary "share/kiln-old.bin"\n',
    )
    index = dict(name="kiln-old-style", version="0.9", build="0", depends=["python"])
    return index, {"old": True, "forms": [".tar.bz2"]}


def clobber(letter):
    """Two of these own one path, each with its own content."""

    def fill(stage, _work, _row):
        text(stage, "share/kiln-clobber/shared", f"from {letter}\n")
        text(stage, f"share/kiln-clobber/only-{letter}", f"{letter}\n")
        return (
            dict(name=f"kiln-clobber-{letter}", version="1.0", build="h0dd0004_0", depends=[]),
            {},
        )

    return fill


def shebangs(stage, _work, _row):
    """Lines that grow past the kernel's limit with a long prefix, and one that always does."""
    prefix = archive.PLACEHOLDER
    text(
        stage, "bin/kiln-shebang-python", f"#!{prefix}/bin/python3.11 -u\nprint('python')\n", 0o755
    )
    text(stage, "bin/kiln-shebang-sh", f"#!{prefix}/bin/sh -e\necho sh\n", 0o755)
    text(
        stage,
        "bin/kiln-shebang-long",
        f"#!{prefix}/bin/{'long/../' * 20}python3.11\nprint('long')\n",
        0o755,
    )
    (stage / "bin/long").mkdir()
    text(stage, "bin/long/keep", "")
    return (
        dict(
            name="kiln-shebangs",
            version="1.0",
            build="h0dd0005_0",
            depends=["python >=3.11,<3.12.0a0"],
        ),
        {},
    )


def placeholders(stage, _work, _row):
    """Binary: several in one string, several strings, one at the end without NUL, UTF-16."""
    prefix = archive.PLACEHOLDER
    data = f"head\0{prefix}/lib:{prefix}/lib64\0middle\0{prefix}\0tail\0".encode()
    (stage / "share/kiln-placeholders").mkdir(parents=True)
    (stage / "share/kiln-placeholders/several").write_bytes(data)
    (stage / "share/kiln-placeholders/end").write_bytes(b"\0x\0" + prefix.encode() + b"/end")
    (stage / "share/kiln-placeholders/wide").write_bytes(
        b"\0\1" + f"{prefix}/wide\0".encode("utf-16-le") + f"{prefix}/narrow\0".encode()
    )
    text(stage, "share/kiln-placeholders/text", f"a={prefix}/a b={prefix}/b\nc={prefix}\n")
    return dict(name="kiln-placeholders", version="1.0", build="h0dd0006_0", depends=[]), {}


def links(stage, _work, _row):
    """Hard links inside the archive, symlinks to files, folders, nothing; modes."""
    text(stage, "share/kiln-links/one", "one inode\n")
    os.link(stage / "share/kiln-links/one", stage / "share/kiln-links/two")
    text(stage, "share/kiln-links/dir/file", "file\n", 0o600)
    text(stage, "bin/kiln-links", "#!/bin/sh\necho links\n", 0o775)
    (stage / "share/kiln-links/to-dir").symlink_to("dir")
    (stage / "share/kiln-links/to-file").symlink_to("dir/file")
    (stage / "share/kiln-links/dangling").symlink_to("not-there")
    text(stage, "share/kiln-links/a name with spaces and \u00e9", "text\n")
    return dict(name="kiln-links", version="1.0", build="h0dd0007_0", depends=[]), {
        "forms": [".tar.bz2"]
    }


def folders(stage, _work, _row):
    """path_type directory, which other clients refuse to link."""
    (stage / "var/kiln-folders/empty").mkdir(parents=True)
    text(stage, "var/kiln-folders/file", "file\n")
    index = dict(name="kiln-folders", version="1.0", build="h0dd0008_0", depends=[])
    return index, {"directories": ["var/kiln-folders/empty"]}


def entry_points(stage, _work, _row):
    """noarch: python with commands, a script of its own, data outside of site-packages."""
    text(
        stage,
        "site-packages/kiln_commands/__init__.py",
        "class Group:\n    @staticmethod\n    def run():\n        print('group')\n"
        "\n\ndef main():\n    print('main')\n",
    )
    text(stage, "site-packages/kiln_commands/broken.py", "this is not Python\n")
    text(
        stage,
        "python-scripts/kiln-script",
        f"#!{archive.PLACEHOLDER}/bin/python\nprint('script')\n",
        0o755,
    )
    text(stage, "share/kiln-commands/data", "data\n")
    link = {
        "noarch": {
            "type": "python",
            "entry_points": [
                "kiln-main = kiln_commands:main",
                "kiln-group=kiln_commands:Group.run",
            ],
        }
    }
    index = dict(
        name="kiln-commands",
        version="2.0",
        build="pyhd8ed1ab_0",
        noarch="python",
        depends=["python >=3.8"],
    )
    return index, {"link": link, "forms": [".conda", ".tar.bz2"]}


OTHERS = [
    tzdata,
    ca_certificates,
    metapackage("_libgcc_mutex", "0.1", "conda_forge"),
    metapackage(
        "_openmp_mutex", "4.5", "2_gnu", ["_libgcc_mutex 0.1 conda_forge", "libgomp >=7.5.0"]
    ),
    metapackage(
        "python_abi",
        "3.11",
        "8_cp311",
        noarch="generic",
        build_number=8,
        constrains=["python 3.11.* *_cpython"],
    ),
    metapackage(
        "python_abi",
        "3.10",
        "8_cp310",
        noarch="generic",
        build_number=8,
        constrains=["python 3.10.* *_cpython"],
    ),
    one_file("kiln-needs-cuda", "12.0", ["__cuda >=12"]),
    one_file("kiln-needs-glibc", "1.0", ["__glibc >=2.17,<3.0.a0"]),
    one_file("kiln-needs-new-glibc", "1.0", ["__glibc >=9"]),
    one_file("kiln-constrains", "1.0", constrains=["numpy <2"]),
    one_file("kiln-featured", "1.0", track_features="kiln_feature"),
    one_file("kiln-featured", "0.9"),
    one_file("kiln-conflict", "1.0", ["numpy <2", "pandas >=99"]),
    post_link,
    pre_link,
    activation,
    old_style,
    clobber("a"),
    clobber("b"),
    shebangs,
    placeholders,
    links,
    folders,
    entry_points,
]
