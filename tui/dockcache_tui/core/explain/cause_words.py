"""The sentence of each cause, and of what would help."""

import re
from collections.abc import Mapping, Sequence
from shlex import quote

from dockcache_tui.core.builds.cache_places import CachePlace
from dockcache_tui.core.builds.cause import CauseKind, Fix, MissCause, MissEvidence
from dockcache_tui.core.explain.differences import Found
from dockcache_tui.core.records.tombstone import Certainty, LossKind, Tombstone, either
from dockcache_tui.core.wording import count, cut

_MAX_VALUE = 60
_MAX_REASON = 200
_NEEDLESS = re.compile(
    r"""(?P<top>\.(?:git|github|gitlab|idea|vscode)(?=/|$)|(?:[\w.-]*\.dockerignore|[\w.-]*Dockerfile[\w.-]*)$
    |(?:docker-)?compose[\w.-]*\.ya?ml$)
    |(?:.*/)?(?P<anywhere>__pycache__|\.DS_Store|\.(?:pytest|mypy|ruff)_cache)(?=/|$)""",
    re.VERBOSE | re.ASCII,
)
"""What a build seldom reads; some of it at the top of a context only."""
_GONE = "Nothing that it depends on changed, but the builder no longer has its result"
_KEEP_MORE = "Let the builder keep more: raise the limits of its garbage collection."
_THEM = ("it", "them")
_BY_DIGEST = "Name the image by its digest, to decide when it changes."
_SAME_TIME = "Give SOURCE_DATE_EPOCH to builds that are released only, or always the same."
_CHMOD = "; --chmod does not help, since their own modes count too"
_COMMAND = {
    "user": "It runs as {new} instead of {old}.",
    "cwd": "It runs in {new} instead of {old}.",
    "dest": "It writes to {new} instead of {old}.",
    "owner": "Its files belong to {new} instead of {old}.",
    "chmod": "It gives its files the mode {new} instead of {old}.",
    "timestamp": "It gives its files another time: SOURCE_DATE_EPOCH is {new} instead of {old}.",
    "network": "Its network is {new} instead of {old}.",
    "hosts": "The names that --add-host gives it are {new} instead of {old}.",
    "other": "The options that it runs with are {new} instead of {old}.",
}
_NOTHING = {
    "owner": "their own",
    "chmod": "their own",
    "timestamp": "not set",
    "hosts": "none",
    "other": "the usual",
}
_MOUNT = {
    "id": "Its mount at {name} has the id {new} instead of {old}.",
    "kind": "Its mount at {name} is of the kind {new} instead of {old}.",
    "target": "Its mount at {old} is now at {new}.",
    "option": "Its mount at {name} has other options.",
}
_CONTENT = {
    "content": "{name} changed.",
    "mode": "The mode of {name} changed from {old} to {new}.",
    "added": "{name} was added.",
    "removed": "{name} was removed.",
    "renamed": "{old} was renamed to {name}.",
    "link": "The link {name} points to {new} instead of {old}.",
    "type": "{name} is a {new} and was a {old}.",
    "xattr": "The extended attributes of {name} changed.",
    "owner": "The owner of {name} changed.",
}
_SHORT = {
    CauseKind.FLAG: {"": "{name}"},
    CauseKind.FIRST_BUILD: {"": "first build"},
    CauseKind.NEW_STEP: {"": "new step"},
    CauseKind.ENVIRONMENT: {
        "": "{name} changed",
        "added": "{name} is new",
        "removed": "{name} is gone",
        "order": "order of variables",
    },
    CauseKind.COMMAND: {
        "": "options changed",
        "args": "command changed",
        "user": "user changed",
        "cwd": "folder changed",
        "dest": "destination changed",
        "owner": "--chown changed",
        "chmod": "--chmod changed",
        "timestamp": "SOURCE_DATE_EPOCH changed",
        "network": "network changed",
        "hosts": "host names changed",
    },
    CauseKind.MOUNT: {"": "mount {name} changed"},
    CauseKind.PLATFORM: {"": "platform {new}"},
    CauseKind.BASE: {"": "new image {name}"},
    CauseKind.CONTENT: {
        "": "{name} changed",
        "mode": "mode of {name}",
        "added": "{name} added",
        "removed": "{name} removed",
        "renamed": "{name} renamed",
        "link": "link {name} changed",
        "xattr": "attributes of {name}",
        "owner": "owner of {name}",
    },
    CauseKind.PARENT: {"": "step above changed", "removed": "step above is gone"},
    CauseKind.EVICTED: {
        "": "gone from {place}",
        "gc": "gone: cleaned up?",
        "prune": "gone: pruned?",
        "restart": "gone: a restart?",
        "other root": "gone: builder made anew",
    },
    CauseKind.NOT_IMPORTED: {"": "not read from {name}"},
    CauseKind.DEAD_BLOB: {"": "its data was gone"},
    CauseKind.CASCADE: {"": "after a step that ran"},
    CauseKind.UNKNOWN: {"": "not known"},
}
"""A few words by kind and by what differs first; those under the empty name are for all else."""
_COUNTED = (CauseKind.CONTENT, CauseKind.ENVIRONMENT, CauseKind.MOUNT)
_MAX_NAME = 24


def needless(path: str) -> str:
    """Return the line of .dockerignore that leaves out what a build seldom reads; empty for a path that it may."""
    found = _NEEDLESS.match(path)
    return "" if not found else found["top"] or f"**/{found['anywhere']}"


def of_instruction(
    found: Sequence[Found], request: Mapping[str, str], command: str, base: MissCause | None
) -> MissCause:
    """Return the cause of a step that does something else; `base` is that of its image, where that changed too."""
    kind, first = found[0]
    if kind is CauseKind.ENVIRONMENT:
        text, fix = _environment(first, request, command, base)
    elif kind is CauseKind.MOUNT:
        text, fix = _mount(first), ""
    elif kind is CauseKind.PLATFORM:
        text, fix = of_platform(first).text, ""
    else:
        text, fix = _command(first), _SAME_TIME if first.what == "timestamp" else ""
    if len(found) > 1:
        text += f" {count(len(found) - 1, 'more difference')}."
    return MissCause(kind, text, tuple(one for _, one in found), fix=_fix(fix))


def of_platform(one: MissEvidence) -> MissCause:
    """Return the cause of a step that is for another platform, or stands on an image of another."""
    return MissCause(CauseKind.PLATFORM, f"The platform changed from {one.old} to {one.new}.", (one,))


def of_mount(one: MissEvidence) -> MissCause:
    """Return the cause of a step with another mount."""
    return MissCause(CauseKind.MOUNT, _mount(one), (one,))


def of_other_paths(old: str, new: str) -> MissCause:
    """Return the cause of a step that takes other files from where it took some before."""
    return MissCause(CauseKind.COMMAND, f"It takes {new} instead of {old}.", (MissEvidence("args", "", old, new),))


def of_base(one: MissEvidence, old_reference: str) -> MissCause:
    """Return the cause of a step that stands on another image than before, or copies from it."""
    if one.name != old_reference:
        return MissCause(CauseKind.BASE, f"The image is {one.name} instead of {old_reference}.", (one,))
    text = f"The image {one.name} changed: it is {_digest(one.new)} and was {_digest(one.old)}."
    return MissCause(CauseKind.BASE, text, (one,), fix=Fix(_BY_DIGEST))


def of_address(one: MissEvidence) -> MissCause:
    """Return the cause of a step that adds files from an address."""
    return MissCause(CauseKind.CONTENT, f"What {one.name} serves changed.", (one,))


def of_content(found: Sequence[MissEvidence], *, sets_mode: bool = False, takes_all: bool = False) -> MissCause:
    """Return the cause of a step whose files changed; it may give them a mode, or take the whole context."""
    names = list(dict.fromkeys(one.name for one in found))
    left_out = dict.fromkeys(line.removeprefix("**/") for name in names if (line := needless(name)))
    needed = [one for one in found if not needless(one.name)]
    only_modes = {one.what for one in found} == {"mode"}
    first = _main(found)
    text = _CONTENT[first.what].format(name=first.name, old=_value(first.old), new=_value(first.new))
    if not needed and list(left_out) == [".git"]:
        text = "Only .git changed."
    elif only_modes and len(names) > 1:
        text = f"Only the modes of {count(len(names), 'path')} changed, that of {first.name} is one."
    elif len(names) > 1:
        text = f"{text} {count(len(names) - 1, 'more path')} differ{'s' * (len(names) == 2)}."
    fix = ""
    if left_out:
        fix = f"Add {' and '.join(left_out)} to .dockerignore, unless the build reads {_THEM[len(left_out) > 1]}."
    elif only_modes:
        fix = f"Give {'them their modes' if len(names) > 1 else 'it its mode'} back{_CHMOD * sets_mode}."
    elif takes_all:
        fix = "Copy what the steps below need by its name, and the rest further down."
    return MissCause(CauseKind.CONTENT, text, tuple(found), fix=_fix(fix))


def of_cascade(root: str, name: str) -> MissCause:
    """Return the cause of a step below one that ran, or that takes files from it."""
    return MissCause(CauseKind.CASCADE, f"It builds on “{cut(name, _MAX_VALUE)}”, which ran.", root=root)


def of_flag(stages: str) -> MissCause:
    """Return the cause of a step that was told not to be reused; `stages` is empty for all."""
    flag = "--no-cache-filter" if stages else "--no-cache"
    difference = MissEvidence("no-cache-filter" if stages else "no-cache", flag, None, stages or None)
    text = f"{flag}={stages} says not to reuse its stage." if stages else f"{flag} says to reuse nothing."
    return MissCause(CauseKind.FLAG, text, (difference,), fix=Fix(f"Build without {flag}."))


def of_parent(above: str, old_above: str, *, is_gone: bool) -> MissCause:
    """Return the cause of a step that was reused on another step only."""
    old, new = cut(old_above, _MAX_VALUE), cut(above, _MAX_VALUE)
    if is_gone:
        text = f"The step that was above it is gone: “{old}”."
        return MissCause(CauseKind.PARENT, text, (MissEvidence("removed", old_above, old_above, above),))
    text = f"It now builds on “{new}”, and before on “{old}”."
    return MissCause(CauseKind.PARENT, text, (MissEvidence("swapped", above, old_above, above),))


def of_gone(seen: str, since: str) -> MissCause:
    """Return the cause of a step whose result the builder had and has no more."""
    return MissCause(CauseKind.EVICTED, f"{_GONE}.", (MissEvidence("unknown", "", seen, since),))


def of_loss(lost: Sequence[Tombstone]) -> MissCause:
    """Return the cause of a step whose result is one of these; it is told what took it, as sure as that is known."""
    found = dict.fromkeys(cause for one in lost for cause in one.causes)
    one_story = len({one.causes for one in lost}) == 1
    seen, since = str(min(one.seen_at for one in lost)), str(max(one.gone_at for one in lost))
    evidence = [MissEvidence(one.kind.value, one.name, seen, since) for one in found]
    best = lost[0].told[0].certainty
    if one_story and best is Certainty.CERTAIN:
        text = f"{_GONE}: {lost[0].story}."
    elif one_story and best is Certainty.FITS:
        text = f"{_GONE}. What went is just what {either(lost[0].told)} would have taken."
        text += f" It may also have been {either(lost[0].possible)}." if lost[0].possible else ""
    else:
        text = f"{_GONE}. What took it is not known; it may have been {either(found)}."
    if len({one.kind for one in found}) > 1 or best is Certainty.UNKNOWN:
        evidence.insert(0, MissEvidence("unknown", "", seen, since))
    collected = {(one.kind, one.certainty) for one in found} == {(LossKind.GC, Certainty.FITS)}
    return MissCause(CauseKind.EVICTED, text, tuple(evidence), fix=Fix(_KEEP_MORE) if collected else None)


def of_elsewhere(builder: str) -> MissCause:
    """Return the cause of a step that another builder has."""
    text = f"The builder {builder} has its result, and this build read no cache that does."
    fix = f"Write the cache of {builder} with --cache-to, and read it here with --cache-from."
    return MissCause(CauseKind.NOT_IMPORTED, text, (MissEvidence("builder", builder),), fix=Fix(fix))


def of_unread(place: CachePlace, *, is_gone: bool) -> MissCause:
    """Return the cause of a step that is in a cache which was not read; `is_gone` when its own builder had it too."""
    text = f"This build did not read {place.words}, where an earlier build wrote its result."
    if is_gone:
        text = f"The builder no longer has its result, and this build did not read {place.words}, where one wrote it."
    return _not_imported(text, f"Read it with --cache-from {quote(place.option)}.", place)


def of_unreadable(place: CachePlace, error: str) -> MissCause:
    """Return the cause of a step that is in a cache which could not be read."""
    reason = cut(" ".join(error.split()), _MAX_REASON)
    text = f"This build could not read {place.words}, where an earlier build wrote its result: {reason}."
    return _not_imported(text, "See that what builds here can reach it.", place)


def of_not_written(place: CachePlace) -> MissCause:
    """Return the cause of a step that is not of the image, where a cache holds those of the image only."""
    text = f"Only the steps of the image itself were written to {place.words}, without mode=max."
    return _not_imported(text, "Write it with mode=max in --cache-to.", place)


def of_read_elsewhere(builder: str, places: Sequence[CachePlace]) -> MissCause:
    """Return the cause of a step that another builder had, or found in one of the caches that it read."""
    named = " or ".join(place.words for place in places)
    text = f"The builder {builder} has its result, or read it from {named}; this build read neither."
    options = " ".join(f"--cache-from {quote(place.option)}" for place in places)
    return _not_imported(text, f"Build with {options}.", CachePlace("builder", builder), *places)


def of_gone_there(place: CachePlace, seen: str, since: str) -> MissCause:
    """Return the cause of a step that a cache had and has no more, though it was read."""
    why = "it was evicted there, or a later build wrote over it"
    if place.kind == "gha scope":
        why = "it was evicted there, a later build wrote over it, or this branch may not read it"
    text = f"This build read {place.words}, which no longer has its result: {why}."
    difference = MissEvidence(place.kind, place.name, seen, since)
    return MissCause(CauseKind.EVICTED, text, (difference,), fix=Fix("Write the cache anew with --cache-to."))


def of_unfinished(*, failed: bool) -> MissCause:
    """Return the cause of a step of which the earlier build has no result, since it failed or was canceled."""
    what = "it failed in the earlier build" if failed else "the earlier build ended before it"
    return MissCause(CauseKind.NEW_STEP, f"It has no result yet: {what}.")


def of_dead_blob(blob: str, places: Sequence[CachePlace] = ()) -> MissCause:
    """Return the cause of a step that one of the caches that were read named and did not have."""
    named = " or ".join(place.words for place in places) or "The cache"
    text = f"{named[0].upper()}{named[1:]} named its result, but the data of it was gone."
    found = [MissEvidence("blob", blob)] if blob else []
    found += [MissEvidence(place.kind, place.name) for place in places]
    return MissCause(CauseKind.DEAD_BLOB, text, tuple(found), fix=Fix("Write the cache anew with --cache-to."))


def short(cause: MissCause, root: str = "") -> str:
    """Return a cause in a few words; `root` is what the step at the end of a cascade is called."""
    if cause.kind is CauseKind.CASCADE and root:
        return f"after {root}"
    texts, found = _SHORT[cause.kind], cause.differences
    if not found:
        return cause.kind.value if "{" in texts[""] else texts[""]
    names = list(dict.fromkeys(one.name for one in found))
    if cause.kind is CauseKind.CONTENT and {name.partition("/")[0] for name in names} == {".git"}:
        return "only .git changed"
    first = _main(found)
    name = first.name if len(first.name) <= _MAX_NAME else f"…{first.name[1 - _MAX_NAME :]}"
    text = texts.get(first.what, texts[""]).format(name=name, place=name or "the builder", new=_value(first.new))
    return f"{text} +{len(names) - 1}" if len(names) > 1 and cause.kind in _COUNTED else text


def unknown(reason: str) -> MissCause:
    """Return that the cause is not known, and why, as a sentence."""
    return MissCause(CauseKind.UNKNOWN, f"Not known. {reason}")


FIRST_BUILD = MissCause(CauseKind.FIRST_BUILD, "No earlier build of this project is known.")
NEW_STEP = MissCause(CauseKind.NEW_STEP, "The earlier build had no such step.")


def _main(found: Sequence[MissEvidence]) -> MissEvidence:
    """Return what is told first: a file that the build may need."""
    return next((one for one in found if not _NEEDLESS.match(one.name)), found[0])


def _not_imported(text: str, fix: str, *places: CachePlace) -> MissCause:
    differences = tuple(MissEvidence(place.kind, place.name) for place in places)
    return MissCause(CauseKind.NOT_IMPORTED, text, differences, fix=Fix(fix))


def _fix(text: str) -> Fix | None:
    return Fix(text) if text else None


def _environment(
    one: MissEvidence, request: Mapping[str, str], command: str, base: MissCause | None
) -> tuple[str, str]:
    argument = f"build-arg:{one.name}" in request
    noun = "build argument" if argument else "variable"
    texts = {
        "changed": f"The {noun} {one.name} changed from {_value(one.old)} to {_value(one.new)}.",
        "added": f"The {noun} {one.name} is new.",
        "removed": f"The {noun} {one.name} is gone.",
        "order": "Its variables are in another order.",
    }
    text = texts[one.what]
    if one.what == "changed" and one.old == one.new:
        text = f"The {noun} {one.name} changed; its value is not shown."
    if base and not argument:
        return f"{text} {base.text}", base.fix.text if base.fix else ""
    is_named = re.search(rf"\b{re.escape(one.name)}\b", command)
    if one.what not in ("changed", "added") or is_named:
        return text, ""
    what = f"Declare ARG {one.name}" if argument else f"Set {one.name}"
    return text, f"{what} below this step, unless what it runs reads it."


def _command(one: MissEvidence) -> str:
    if one.what == "args":
        old, new = _value(one.old), _value(one.new)
        if not one.old:
            return f"“{new}” is new in it."
        return f"“{old}” in it became “{new}”." if one.new else f"“{old}” in it is gone."
    nothing = _NOTHING.get(one.what, "none")
    return _COMMAND[one.what].format(old=_value(one.old) or nothing, new=_value(one.new) or nothing)


def _mount(one: MissEvidence) -> str:
    if one.old is None and one.what == "kind":
        return f"Its {one.new} mount at {one.name} is new."
    if one.new is None and one.what == "kind":
        return f"Its {one.old} mount at {one.name} is gone."
    return _MOUNT[one.what].format(name=one.name, old=one.old, new=one.new)


def _value(text: str | None) -> str:
    return cut(" ".join((text or "").split()), _MAX_VALUE)


def _digest(text: str | None) -> str:
    return (text or "").removeprefix("sha256:")[:12]
