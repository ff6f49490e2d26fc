"""Looks at kiln's pages in a headless Chromium: check_pages.py SCREENSHOTS PAGE...

In light and dark, on a phone and on a desk,
with scripts and without: nothing is fetched, nothing is complained of, nothing is wider than the screen,
text can be read, every control has a name and is reached by the keyboard, filters do what they say."""

import base64
import os
import shutil
import signal
import sys

from browser import Browser

PHONE, DESK = (360, 740), (1200, 900)
LOOKS = [(PHONE, "light"), (PHONE, "dark"), (DESK, "light"), (DESK, "dark")]
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
LEAST_TARGET = 24  # pixels, 2.5.8

CONTRAST = """(() => {
	const numbers = (c) => c.match(/[\\d.]+/g).map(Number);
	const light = (c) => numbers(c).slice(0, 3).map((v) => v / 255)
		.map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
	const ground = (e) => {
		while (e.parentElement && numbers(getComputedStyle(e).backgroundColor)[3] === 0)
			e = e.parentElement;
		return getComputedStyle(e).backgroundColor;
	};
	const found = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node; (node = walk.nextNode());) {
		const e = node.parentElement;
		if (!node.data.trim() || e.closest("script, style, title, option") || !e.getClientRects().length)
			continue;
		const style = getComputedStyle(e);
		const pair = e.closest("svg")
			? [style.fill, getComputedStyle(e.parentElement.querySelector("rect")).fill]
			: [style.color, ground(e)];
		found.push([ratio(...pair), node.data.trim().slice(0, 40), ...pair]);
	}
	for (const e of document.querySelectorAll("input"))
		found.push([ratio(getComputedStyle(e, "::placeholder").color, ground(e)), "placeholder"]);
	return found;
})()"""
WIDER = """[...document.body.querySelectorAll("*")]
	.filter((e) => !e.closest(".scroll, .skip") && e.getBoundingClientRect().right > innerWidth + 0.5)
	.map((e) => e.outerHTML.slice(0, 80))"""
FORM = "document.querySelector('form.filters')"
FOCUS = """(() => {
	const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
	return {name: e.id || e.textContent.trim(), tag: e.tagName, width: box.width, height: box.height,
		ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2};
})()"""
REACHABLE = """[...document.querySelectorAll("a[href], input, select, button, [tabindex='0']")]
	.filter((e) => e.getClientRects().length).map((e) => e.id || e.textContent.trim())"""
NEED_NAMES = {"button", "combobox", "form", "image", "img", "link", "region", "search", "searchbox", "textbox"}

failures = []


def check(right, *what):
    if not right:
        failures.append(what)
        print("FAIL:", *(str(part)[:300] for part in what))


def check_quiet(tab, url):
    others = [asked for asked in tab.requests if asked != url and not asked.startswith("data:")]
    check(not others, url, "asks the network", others)
    check(not tab.complaints, url, "is complained of", tab.complaints)


def check_looks(tab, url, look):
    check(not tab.run(WIDER), url, look, "wider than the screen", tab.run(WIDER))
    wide = tab.run("document.documentElement.scrollWidth")
    check(wide <= look[0][0], url, look, "scrolls sideways", wide)
    texts = tab.run(CONTRAST)
    check(len(texts) > 10, url, "has texts", len(texts))
    pale = [text for text in texts if text[0] < LEAST_CONTRAST]
    check(not pale, url, look, "contrast", pale[:5])


def value(node, key):
    return node.get(key, {}).get("value")


def check_tree(tab, url):
    nodes = tab.tree()
    roles = [value(node, "role") for node in nodes]
    for node in nodes:
        focusable = any(p["name"] == "focusable" and p["value"].get("value") for p in node.get("properties", []))
        if value(node, "role") in NEED_NAMES or focusable and value(node, "role") != "main":
            check(value(node, "name"), url, "has no name", value(node, "role"))
    filters = ("search", "status") if tab.run(f"!!({FORM})") else ()
    for landmark in ("main", "banner", "contentinfo", *filters):
        check(landmark in roles, url, "has no", landmark)
    levels = tab.run("[...document.querySelectorAll('h1, h2, h3, h4')].map((e) => +e.tagName[1])")
    check(levels.count(1) == 1 and levels[0] == 1, url, "headings", levels)
    check(all(b - a <= 1 for a, b in zip(levels, levels[1:])), url, "skips a heading", levels)
    check(tab.run("document.documentElement.lang") == "en" and tab.run("document.title"), url, "language and title")


def check_keyboard(tab, url):
    """The Tab key reaches all there is, in the order of the page, and shows where it is."""
    wanted = tab.run(REACHABLE)
    found = []
    for _ in wanted:
        tab.press("Tab")
        focus = tab.run(FOCUS)
        found.append(focus["name"])
        check(focus["ring"], url, "shows no focus", focus)
        check(focus["height"] >= LEAST_TARGET or focus["tag"] == "A", url, "small", focus)
    check(found == wanted, url, "order of the Tab key", found, wanted)
    tab.open(url)
    tab.press("Tab")
    tab.press("Enter")
    check(tab.run("document.activeElement.id") == "main", url, "the skip link leads elsewhere")


def check_without_scripts(tab, url):
    tab.look(*DESK, scripts=False)
    tab.open(url)
    tab.look(*DESK)
    check(tab.run("[...document.querySelectorAll('form')].every((f) => !f.getClientRects().length)"), url, "filters without scripts")
    check(tab.run("[...document.querySelectorAll('[data-item]')].every((e) => e.getClientRects().length)"), url, "items without scripts")


def check_page(tab, url, screenshots):
    name = os.path.splitext(os.path.basename(url))[0]
    for size, scheme in LOOKS:
        tab.look(*size, phone=size == PHONE, scheme=scheme)
        tab.open(url)
        check_looks(tab, url, (size, scheme))
        check_quiet(tab, url)
        path = os.path.join(screenshots, f"{name}-{size[0]}-{scheme}.png")
        open(path, "wb").write(base64.b64decode(tab.screenshot()))
    check_tree(tab, url)
    check_keyboard(tab, url)
    check_without_scripts(tab, url)
    tab.open(url)


# ---- what filters do ----


def shown(tab):
    """Items of the first list that has filters."""
    return tab.run(f"[...document.getElementById({FORM}.dataset.list).querySelectorAll('[data-item]')]"
                   ".filter((e) => e.getClientRects().length).map((e) => e.querySelector('h2, th').textContent.trim())")


def status(tab):
    return tab.run("document.querySelector('[role=status]').textContent")


def focus_on(tab, where):
    tab.run(f"document.querySelector({where!r}).focus()")


def search(tab, text):
    focus_on(tab, "input[type=search]")
    tab.run("document.activeElement.select()")
    tab.type(text)
    return shown(tab)


def choose(tab, name, letters):
    """By the keyboard: the option that begins so."""
    focus_on(tab, f"select[name={name}]")
    for letter in letters:
        tab.press(letter)
    return shown(tab)


def show_all(tab):
    focus_on(tab, "button")
    tab.press("Enter")
    return shown(tab)


def check_list(tab, url):
    names = shown(tab)
    total = len(names)
    check(status(tab) == f"{total} environments", "status", status(tab))
    found = search(tab, "TensorFlow-2.16")
    check(len(found) == 2 and all("tensorflow-2.16" in name for name in found), "search", found)
    check(status(tab) == f"2 of {total} environments", "status", status(tab))
    check(search(tab, "cuda12 tensorflow") == [n for n in names if "tensorflow" in n and "cuda12" in n], "two words")
    check(search(tab, "nothing-like-it") == [], "a search without an answer")
    check(status(tab) == f"None of {total} environments fits", "status", status(tab))
    check(show_all(tab) == names and status(tab) == f"{total} environments", "show all", status(tab))
    gpu = choose(tab, "device", "g")
    check(0 < len(gpu) < total, "those for GPUs", len(gpu))
    both = choose(tab, "state", "d")
    check(0 < len(both) < len(gpu) and set(both) < set(gpu), "of them, deprecated ones", len(both))
    # A link to a card that is hidden shows it.
    target = tab.run("[...document.querySelectorAll('.cards a')].find((a) => a.getClientRects().length"
                     " && document.getElementById(decodeURIComponent(a.hash.slice(1))).hidden).hash")
    tab.click(f"[...document.querySelectorAll('.cards a')].find((a) => a.hash === {target!r} && a.getClientRects().length)")
    tab.settle()
    top = tab.run("document.querySelector(':target').getBoundingClientRect().top")
    check(-1 < top < DESK[1], "the successor is not seen", top)
    check(shown(tab) == names, "the successor is hidden")
    check_quiet(tab, url)


def check_report(tab, url):
    if not tab.run(f"!!({FORM})"):
        return
    names = shown(tab)
    word = names[0].split()[0]
    found = search(tab, word)
    check(found and found == [name for name in names if word in name], url, "search", word, found)
    check(show_all(tab) == names, url, "show all")
    if tab.run("document.querySelectorAll('select').length"):
        there = choose(tab, "state", "t")
        check(0 < len(there) < len(names), url, "those that were there", len(there))
        check(status(tab) == f"{len(there)} of {len(names)} entries", url, "status", status(tab))
    check_quiet(tab, url)


def main(screenshots, pages):
    program = shutil.which("chromium")
    if not program:
        print("no Chromium: make setup-tests installs Debian's chromium")
        return 77
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the browser is to end with this
    browser = Browser(program)
    os.makedirs(screenshots, exist_ok=True)
    try:
        tab = browser.tab()
        for page in pages:
            url = "file://" + os.path.abspath(page)
            check_page(tab, url, screenshots)
            filters = check_list if tab.run("!!document.getElementById('environments')") else check_report
            filters(tab, url)
    finally:
        browser.close()
    print(f"{len(pages)} pages seen, {len(failures)} faults")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
