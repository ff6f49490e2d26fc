"""Remedies that kiln names, taken at their word: the request as they change it."""

import re


def name_of(spec):
    return re.split(r"[ <>=!~\[]", spec.rsplit("::", 1)[-1])[0]


def tidy(spec):
    """As kiln shows a spec: without the ends of bounds that keep pre-releases out."""
    spec = re.sub(r"(<[^,| ]*?)(\.0a0|\.0\.a0|\.a0|a0)(?=[,|) ]|$)", r"\1", spec)
    return spec.removeprefix("file:///")


def is_shown_as(spec, shown, specs):
    """It is the only one of its name, or what it says is the same."""
    names = [name_of(s) for s in specs]
    if name_of(spec) != name_of(shown):
        return False
    return names.count(name_of(shown)) == 1 or tidy(spec) == shown


def relaxed(specs, spec, place, name, version, build=None):
    exact = (f"file:///{place}::" if place else "") + f"{name} =={version}"
    exact += f" {build}" if build else ""
    return [exact if is_shown_as(s, spec, specs) else s for s in specs]


def dropped(specs, spec):
    return [s for s in specs if not is_shown_as(s, spec, specs)]


REMEDIES = [
    (r"relax (.+) \((?:([^\s:]+)::)?(\S+) (\S+)(?: (\S+))? fits\)", relaxed),
    (r"drop (.+)", dropped),
    (r"write ([^\s:]+) for (\S+)", lambda specs, new, old: [renamed(s, old, new) for s in specs]),
    (r"write (\S+)::(.+)", lambda specs, where, spec: [placed(s, spec, where) for s in specs]),
    (r"ask for (\S+)::(\S+)", lambda specs, where, name: [*specs, f"file:///{where}::{name}"]),
]


def renamed(spec, old, new):
    return new + spec[len(old) :] if spec.split()[0] == old else spec


def placed(spec, wanted, where):
    return f"file:///{where}::{spec}" if tidy(spec) == tidy(wanted) else spec


def changed(asked, remedy):
    """None: a remedy that nobody can read."""
    virtual = re.fullmatch(r"add --virtual (\w+)=([^=\s]+)(?:=(\S+))?, if .*", remedy)
    if virtual:
        others = [v for v in asked["virtuals"] if v[0] != virtual[1]]
        return dict(asked, virtuals=[*others, [virtual[1], virtual[2], virtual[3] or "0"]])
    if remedy == "use --channel-priority flexible":
        return dict(asked, priority="flexible")
    specs = asked["specs"]
    for part in re.split(r"(?:, | and )(?=relax |drop )", remedy):
        for pattern, change in REMEDIES:
            found = re.fullmatch(pattern, part)
            if found:
                specs = change(specs, *found.groups())
                break
        else:
            return None
    return dict(asked, specs=specs)


def named(text):
    """One each; several changes at once are one remedy."""
    _, _, tail = text.partition("\nto solve it")
    return [line.strip() for line in tail.split("\n")[1:]]


def useless(asked, text, solver):
    """Remedies that solve nothing, as the other solver sees it."""
    for remedy in named(text):
        question = changed(asked, remedy)
        if not question or "files" not in (solver.ask(question) or {}):
            yield f"solves nothing: {remedy}"
