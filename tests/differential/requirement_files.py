"""Requirements files as pip itself reads them, on generated files: continuations, comments,
variables, options, nested files. RULES are the differences that are meant.

KILN_CASES: how many files; KILN_SEED: another run."""

import os
import re
import sys
import tempfile
from types import SimpleNamespace

try:
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name
    from pip._internal.exceptions import PipError
    from pip._internal.models.format_control import FormatControl
    from pip._internal.req import req_file
    from pip._internal.req.constructors import is_url
except ImportError as missing:
    print(missing)
    sys.exit(77)
from kit import driver
from kit.generate import Generator

CASES = int(os.environ.get("KILN_CASES", "1500"))
SEED = int(os.environ.get("KILN_SEED", "20250214"))
HASH = "sha256:" + "0123456789abcdef" * 4

RULES = {
    "one": "pip reads one -r, -c, -e or -f a line and drops the others in silence; an error here",
    "words": "words behind options are dropped by pip in silence; an error here",
    "hash": "the digits of a hash are counted and looked at, before anything is downloaded",
    "user part": "a variable in the user part of an address stays what it is called",
}


class Texts(Generator):
    def requirement(self):
        return self.one([
            "numpy", "Foo_Bar==1.0", "a[x,y]>=1,<2", "b ; python_version < '3.8'", "c==${NUMPY}",
            "d==${lower}", "e==1 # because", "f==1#not", "g @ https://h/g.whl#sha256=00",
            "https://h.example/x-1-py3-none-any.whl", "git+https://h/r.git@main#egg=r",
            "https://${TOKEN}@h.example/y-1.tar.gz", "./local", "./local[x]", "x", "h~=1.4",
            "j>=2,", "k ==1;", "./local ; os_name == 'nt'", "m = 1", "o==1 p", "${NAME}==1",
            "git+ssh://git@h/r.git", "https://h/z.zip ; python_version > '3'"])

    def options(self):
        return self.one([
            "-r nested.txt", "-rnested.txt", "--requirement=nested.txt", "-c limits.txt", "-e ./local",
            "--editable ./local[x]", "-i https://i.example/simple", "-ihttps://i2.example",
            "--index-url=https://i3.example/a b", "--extra-index-url https://e.example",
            "--extra-index https://e2.example", "-f links", "-f https://l.example/", "--no-index",
            "--pre", "--prefer-binary", "--require-hashes", "--trusted-host h.example", "--nope",
            "--no-binary :all:", "--only-binary=a,b", "-i", "-x 1", "-r nested.txt -c limits.txt",
            "--pre --no-index", "-i 'https://q.example/a'", '-i "https://q.example/b"',
            "-i https://a\\ b", "-i 'open", "-e git+https://h/r.git#egg=r", "--no-index=1"])

    def hashed(self):
        return self.requirement().split(" #")[0] + self.one([
            " --hash=" + HASH, " --hash " + HASH, " \\\n    --hash=" + HASH + " \\\n  --hash=" + HASH,
            "\t--hash=" + HASH, " --hash=sha1:00", " --index-url https://ignored.example"])

    def line(self):
        kind = self.random.randrange(10)
        if kind < 5:
            text = self.requirement()
        elif kind < 7:
            text = self.options()
        elif kind < 8:
            text = self.hashed()
        else:
            text = self.one(["", "# comment", "  # comment \\", "click\\\n==8", "click \\\n  >=8", "a\\",
                             "a\\ ", "\\", "#a\nb", "a\\\n# comment\nb", "a\x0cb", "a\x85b", "a\u2028b"])
        if self.chance(10):
            text = self.one([" ", "\t", "  "]) + text + self.one([" ", "\t"])
        if self.chance(10):
            text += self.one([" # end", " #", "#x", "\t# é"])
        return text

    def file(self):
        count = self.one([1, 1, 2, 2, 3])
        return "".join(self.line() + self.one(["\n", "\n", "\r\n", "\r"]) for _ in range(count))


def canonical(text):
    """The requirement without its address's extras and marker, as the driver writes it."""
    text = text.strip()
    if is_url(text) or re.match(r"[^@;]*/", text) or text.endswith((".whl", ".tar.gz", ".zip")):
        sep = "; " if is_url(text) else ";"
        target, _, marker = text.partition(sep)
        found = re.match(r"^(.+)(\[[^\]]+\])$", target.strip())
        target, extras = found.groups() if found else (target.strip(), "")
        rest = Requirement("x" + extras + (";" + marker if marker.strip() else ""))
        return target + written(rest, "")
    text = re.sub(r",\s*(;|$)", r"\1", re.sub(r";\s*$", "", text))
    # packaging wants a blank before the marker of an address, pip does not
    text = re.sub(r"(@[^;]*\S);", r"\1 ;", text)
    wanted = Requirement(text)
    return written(wanted, canonicalize_name(wanted.name))


def written(requirement, name):
    extras = sorted(canonicalize_name(x) for x in requirement.extras)
    text = name + (f"[{','.join(extras)}]" if extras else "")
    text += f" @ {requirement.url}" if requirement.url else ""
    text += ",".join(sorted(str(s) for s in requirement.specifier))
    return text + (f" ; {requirement.marker}" if requirement.marker else "")


class Finder:
    """What pip tells of options, kept."""

    def __init__(self):
        self.search_scope = SimpleNamespace(no_index=False, find_links=[], index_urls=[])
        self.format_control, self.hosts, self.pre, self.prefer = FormatControl(), [], False, False

    find_links = property(lambda self: self.search_scope.find_links)
    index_urls = property(lambda self: self.search_scope.index_urls)

    def set_allow_all_prereleases(self):
        self.pre = True

    def set_prefer_binary(self):
        self.prefer = True


def theirs(path):
    """What pip reads, in the driver's words; or None."""
    finder = Finder()
    session = SimpleNamespace(update_index_urls=lambda urls: None,
                              add_trusted_host=lambda host, source: finder.hosts.append(host))
    options = SimpleNamespace(require_hashes=False, features_enabled=[])
    fields, hashed = [], False
    indexes = SimpleNamespace(last=None, extra=[])

    def keep(opts, *rest, **more):
        """pip drops indexes that come before --no-index; both are wanted here."""
        indexes.last = opts.index_url or indexes.last
        indexes.extra += opts.extra_index_urls or []
        return original(opts, *rest, **more)

    original, req_file.handle_option_line = req_file.handle_option_line, keep
    shown, sys.stderr = sys.stderr, open(os.devnull, "w")  # optparse prints its usage
    try:
        lines = list(req_file.parse_requirements(path, session, finder=finder, options=options))
        for line in lines:
            number = re.search(r"line (\d+)", line.comes_from).group(1)
            text = canonical(line.requirement)
            fields.append(("constraint:" if line.constraint else "requirement:")
                          + ("editable:" if line.is_editable else "") + number + ":" + text)
            for hashes in ((line.options or {}).get("hashes") or {}).items():
                fields += [f"hash {hashes[0]}:{value}" for value in hashes[1]]
                hashed = True
            if line.constraint and (line.is_editable or "[" in text or not re.search(r"\d:[a-z0-9-]+( |[=<>!~]|$)", fields[-1])):
                return None
    except (PipError, InvalidRequirement, RecursionError):
        return None
    except SystemExit:
        return None
    finally:
        req_file.handle_option_line = original
        sys.stderr.close()
        sys.stderr = shown
    fields += [f"index {indexes.last}"] if indexes.last else []
    fields += [f"extra {url}" for url in indexes.extra]
    fields += [f"links {os.path.relpath(x) if x.startswith('/') else x}" for x in finder.search_scope.find_links]
    fields += [f"trusted {host}" for host in finder.hosts]
    flags = (finder.search_scope.no_index, finder.prefer, finder.pre, options.require_hashes or hashed)
    return fields + ["".join("01"[bool(flag)] for flag in flags)]


def rule_for(text):
    line = re.sub(r"\\\n", "", text)
    if re.search(r"--hash.*\w#", line):
        return "hash"
    for one in line.splitlines():
        if len(re.findall(r"(?<!\S)(-[rcef]|--requirement|--editable)", one)) > 1:
            return "one"
        if re.search(r"(?<!\S)-", one) and re.search(r"(-\S+[= ]\S+) [^-#\s]", one):
            return "words"
    return None


def ours(answer):
    """The specifiers of a line in one order."""
    def sort(field):
        found = re.match(r"((?:requirement|constraint):(?:editable:)?\d+:[a-z0-9-]+(?:\[[^\]]*\])?)([=<>!~][^ ;]*)(.*)", field)
        return found[1] + ",".join(sorted(found[2].split(","))) + found[3] if found else field
    return [sort(field) for field in answer.fields] if answer.ok else None


def main():
    t, bad, rules = Texts(SEED), 0, {}
    os.environ.update(NUMPY="1.26", TOKEN="secret", EMPTY="")
    os.environ.pop("NAME", None)
    program = driver.program()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, text in (("nested.txt", "nested==1\n-c limits.txt\n"), ("limits.txt", "limit<2\n"),
                           ("local/setup.py", ""), ("links/x", "")):
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
            with open(name, "w") as file:
                file.write(text)
        texts = list(dict.fromkeys(t.file() for _ in range(CASES)))
        cases = []
        for at, text in enumerate(texts):
            with open(f"{at}.txt", "w", encoding="utf-8", newline="") as file:
                file.write(text)
            cases.append(("requirements", f"{at}.txt"))
        driver.program = lambda name="specs_driver": program
        for (_, path), text, answer in zip(cases, texts, driver.ask(cases)):
            want, got = theirs(path), ours(answer)
            if want is not None:
                want = [w.replace("secret@", "${TOKEN}@") for w in want]
            if want == got:
                continue
            if got is None and rule_for(text):
                rules[rule_for(text)] = rules.get(rule_for(text), 0) + 1
                continue
            bad += 1
            if bad <= int(os.environ.get("KILN_SHOW", "8")):
                print(f"DIFFERS {text!r}\n  pip  {want}\n  kiln {got or str(answer)}")
        os.chdir("/")
    for name, count in sorted(rules.items()):
        print(f"  {count:5} by the rule: {RULES[name]}")
    print(f"{len(texts)} files, seed {SEED}, {bad} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    driver.finish(main())
