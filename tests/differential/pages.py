"""Pages as html5lib, strict, reads them: of generated documents, with texts that mean harm.

Every text stands in the page as text and nowhere as an element; tables are sorted by size, the areas
of the treemap are in proportion, and equal documents give equal bytes. KILN_CASES: how many documents;
KILN_SEED: another run."""

import json
import os
import re
import subprocess
import sys

import html5lib
from kit import driver
from kit.generate import Generator
from kit.report import Report

CASES = int(os.environ.get("KILN_CASES", "120"))
SEED = int(os.environ.get("KILN_SEED", "20261121"))
HARM = [
    "<script>alert(1)</script>", "</title><script>alert(1)</script>", '" onload="alert(1)', "'><img src=x onerror=alert(1)>",
    "</style><b>", "<!--", "-->", "]]>", "&lt;b&gt;", "&#60;b>", "{{title}}", "{{{main}}}", "javascript:alert(1)", "<svg/onload=x>",
    "</text></svg><p>", "a\u202egnp.exe", "\x01\x7f\x85", "\ufffe", "\U0001f642 Größe 你好", "</option></select>", "x" * 300, "a b\tc\nd",
]
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]")
WORDS = ["numpy", "python", "libstdcxx", "a", "tzdata", "scikit-learn"]


class Documents(Generator):
    def text(self):
        word = self.one(WORDS) + str(self.random.randrange(10**6))
        return word + self.one(HARM) if self.chance(40) else word

    def digest(self):
        return f"sha256:{self.random.getrandbits(256):064x}"

    def size(self):
        return self.random.randrange(2 ** self.random.randrange(1, 34)) if self.chance(95) else 0

    def part(self):
        part = {"name": self.text(), "size": self.size(), "unpacked": self.size(), "new": self.chance(50)}
        if self.chance(95):
            part |= {"version": self.text(), "manager": self.one(["conda", "pip"])}
        return part

    def layer(self):
        parts = [self.part() for _ in range(self.one([1, 1, 1, 2, 5, 30]))]
        size = sum(part["size"] for part in parts)
        size += self.random.randrange(size // 50 + 1)
        return {"digest": self.digest(), "size": size, "reused": self.chance(40), "contents": parts}

    def image(self):
        image = {"platform": self.one(["linux/amd64", "linux/arm64", self.text()]), "size": self.size()}
        if self.chance(80):
            image["base"] = {"image": self.text(), "digest": self.digest(), "layers": self.random.randrange(30), "size": self.size()}
        return image | {"layers": [self.layer() for _ in range(self.one([0, 1, 2, 5, 40]))]}

    def build(self):
        head = {"image": self.text(), "digest": self.digest(), "key": self.text(), "cached": self.chance(30)}
        phases = {name: self.random.random() for name in ["key", "solve", self.text()][: self.random.randrange(4)]}
        head["lock_digest"] = self.digest()
        head["seconds"] = phases | {"total": sum(phases.values())}
        images = [self.image() for _ in range(self.one([1, 1, 1, 2]))]
        return head | (images[0] if len(images) == 1 else {"platforms": [image | {"digest": self.digest()} for image in images]})

    def environment(self, i):
        texts = {key: self.text() for key in ("python", "base", "framework", "description", "successor", "key") if self.chance(80)}
        names = {"name": self.text(), "version": str(i), "kind": self.one(["curated", "registered"])}
        return names | texts | {"state": self.one(["current", "deprecated", "archived"]), "gpu": self.chance(50)}

    def document(self):
        if self.chance(70):
            return self.build()
        return {"environments": [self.environment(i) for i in range(self.one([0, 1, 2, 50]))]}


def page_of(document):
    text = json.dumps(document).encode()
    done = subprocess.run([driver.program("page_driver")], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    if done.returncode:
        sys.exit(f"page_driver: {done.stderr.decode(errors='replace')[-2000:]}\n{text!r}")
    return done.stdout


def shown(text):
    """As the page has it, blanks run together as a reader does."""
    return " ".join(UNSEEN.sub("\ufffd", text).split())


def texts_of(value):
    if isinstance(value, dict):
        return [text for key, member in value.items() if key not in ("packages",) for text in texts_of(member)]
    if isinstance(value, list):
        return [text for member in value for text in texts_of(member)]
    return [value] if isinstance(value, str) else []


def words(element):
    return " ".join("".join(element.itertext()).split())


def elements(root, name, kind=None):
    return [e for e in root.iter(name) if kind is None or kind in e.get("class", "").split()]


def check_texts(report, document, root):
    body = words(root.find("body"))
    blank = {text for image in document.get("platforms", [document]) if not image.get("layers", True) for text in texts_of(image)}
    for text in texts_of(document):
        report.check("a text of the document is not in the page", text in blank or shown(text) in body, text)
    report.check("elements that the document brought", len(elements(root, "script")) == 1 and not elements(root, "img"), document)


def check_order(report, image, rows):
    sizes = {}
    for layer in image["layers"]:
        for part in layer["contents"]:
            sizes.setdefault(shown(part["name"] + " " + part.get("version", "") + " " + part.get("manager", "")), part["size"])
    order = [sizes[words(row.find("th"))] for row in rows]
    report.check("packages by size", order == sorted(order, reverse=True), order)
    report.check("a row a package", len(rows) == sum(len(layer["contents"]) for layer in image["layers"]), len(rows))


def area(rect):
    return float(rect.get("width")) * float(rect.get("height"))


def check_areas(report, image, picture):
    """Of what is large enough that a tenth of a unit and the gaps between layers are little."""
    wanted = [part["size"] for layer in image["layers"] for part in layer["contents"] if part["size"]]
    found = sorted((area(rect) for rect in elements(picture, "rect")), reverse=True)
    *_, width, height = map(float, picture.get("viewBox").split())
    report.check("a field a package", len(found) == len(wanted), len(found), len(wanted))
    for size, is_area in zip(sorted(wanted, reverse=True), found):
        share = size / sum(layer["size"] for layer in image["layers"])
        if share > 0.05:
            report.check("areas in proportion", abs(is_area / (width * height) / share - 1) < 0.15, share, is_area)
    for rect in elements(picture, "rect"):
        x, y, w, h = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
        report.check("inside the picture", min(x, y, w, h) >= 0 and x + w <= width + 0.1 and y + h <= height + 0.1, x, y, w, h)


def check_images(report, document, root):
    known = [image for image in document.get("platforms", [document]) if image["layers"]]
    sections = [s for s in elements(root, "section") if s.find("figure") is not None]
    report.check("a section an image", len(sections) == len(known))
    for image, section in zip(known, sections):
        body = next(e for e in section.iter("tbody") if e.get("id", "").startswith("rows-"))
        check_order(report, image, list(body))
        for kind in ("broad", "narrow"):
            check_areas(report, image, elements(section, "svg", kind)[0])


def check_page(report, document):
    page = page_of(document)
    report.check("equal documents, equal bytes", page == page_of(document))
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    try:
        root = parser.parse(page, transport_encoding="utf-8")
    except html5lib.html5parser.ParseError as error:
        return report.check("html5lib refuses it", False, parser.errors, str(error), document)
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rsplit("}", 1)[-1]
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    report.check("an id stands twice", len(ids) == len(set(ids)), ids)
    check_texts(report, document, root)
    if "environments" not in document:
        check_images(report, document, root)


def main():
    report, documents = Report(SEED), Documents(SEED)
    for _ in range(CASES):
        check_page(report, documents.document())
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
