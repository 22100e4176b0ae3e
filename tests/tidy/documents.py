"""Checks of documents and lock files: links, settings, commands, decisions, the changelog, hashes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import cyclopts

from tidy.tree import name_of

DECISION_PARTS: Final = {
    "what we need": r"## What we need",
    "the choice": r"## The choice",
    "when it fails": r"## When it fails",
    "what simpler thing would have been enough": r"## Wh(?:at|ich)\b.*\bwould have been enough",
    "what we measured": r"## What we measured",
}

_LINK: Final = re.compile(r"(?<!\\)\[[^\]\n]*\]\((?P<target>[^)\s]+)\)")
_FENCED: Final = re.compile(r"(?ms)^```.*?^```")
_HEADING: Final = re.compile(r"(?m)^#+ (?P<words>.+)$")
_DECISION_NAME: Final = re.compile(r"(?P<number>\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md")
_REQUIREMENT: Final = re.compile(r"(?m)^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==\S+")


def find_dead_links(documents: Iterable[Path]) -> Iterator[str]:
    """Report relative links to files or headings that don't exist."""
    for document in documents:
        text = _FENCED.sub("", document.read_text(encoding="utf-8"))
        for match in _LINK.finditer(text):
            target = match["target"]
            if "://" in target or target.startswith("mailto:"):
                continue
            path, _, anchor = target.partition("#")
            file = (document.parent / path) if path else document
            if not file.exists() or (anchor and anchor not in _anchors(file)):
                yield f"{name_of(document)} links to {target}, which doesn't exist"


def find_undocumented_settings(defaults: Mapping[str, object], document: str) -> Iterator[str]:
    """Report settings without a row in a table that has their default.

    Args:
        defaults: the default of each variable; an Ellipsis if it depends on the machine.
        document: the text that must have the rows.
    """
    for name, default in defaults.items():
        row = re.search(rf"(?m)^\| `{name}` \| (?P<default>[^|]+) \| (?P<meaning>[^|]+) \|$", document)
        if row is None:
            yield f"{name} has no row | `{name}` | default | meaning |"
        elif default is not ... and row["default"] != _as_written(default):
            yield f"{name} has the default {_as_written(default)}, but its row has {row['default']}"


def find_unknown_settings(names: Iterable[str], document: str) -> Iterator[str]:
    """Report rows for settings that don't exist."""
    known = {*names, *[f"{name}_FILE" for name in names]}
    for name in re.findall(r"(?m)^\| `(NINEFOLD_[A-Z0-9_]+)` \|", document):
        if name not in known:
            yield f"{name} isn't a setting"


def list_commands(app: cyclopts.App, prefix: str) -> list[str]:
    """Return every command that can be run, such as `ninefold keys create`."""
    names = [name for name in app if not name.startswith("-")]
    return [command for name in names for command in list_commands(app[name], f"{prefix} {name}")] or [prefix]


def find_repeated_commands(owners: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Report commands of the same name: with two, every call of the program fails.

    Args:
        owners: the names of the commands of each owner, such as `webhooks`.
    """
    owner_of: dict[str, str] = {}
    for owner, names in owners.items():
        for name in names:
            if name in owner_of:
                yield f"`ninefold {name}` is a command of {owner_of[name]} and of {owner}"
            owner_of[name] = owner


def find_undocumented_commands(commands: Iterable[str], document: str) -> Iterator[str]:
    """Report commands without a row in a table."""
    for command in commands:
        if not re.search(rf"(?m)^\| `{re.escape(command)}\b", document):
            yield f"`{command}` has no row"


def find_bad_decisions(folder: Path) -> Iterator[str]:
    """Report decisions with a missing number, a wrong file name or a missing part."""
    numbers = []
    for file in sorted(folder.iterdir()):
        match = _DECISION_NAME.fullmatch(file.name)
        if match is None:
            yield f"{name_of(file)} isn't named NNNN-what.md"
            continue
        numbers.append(int(match["number"]))
        text = file.read_text(encoding="utf-8")
        if not re.match(rf"# {match['number']}\. \S", text):
            yield f"{name_of(file)} doesn't begin with # {match['number']}. and a title"
        for part, heading in DECISION_PARTS.items():
            if not re.search(rf"(?m)^{heading}", text):
                yield f"{name_of(file)} lacks the part: {part}"
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the decisions of {name_of(folder)} aren't numbered 1, 2, 3, … without a gap"


def find_bad_changelog(text: str, *, version: str) -> Iterator[str]:
    """Report a changelog without a section for this version."""
    if not re.search(rf"(?m)^## \[(?:Unreleased|{re.escape(version)})\]", text):
        yield f"the changelog has neither [Unreleased] nor [{version}]"


def find_bad_locks(text: str, *, needed: Iterable[str]) -> Iterator[str]:
    """Report a lock file without hashes, with a registry address, or without a needed package."""
    if "://" in text or "-index" in re.sub(r"(?m)^#.*$", "", text):
        yield "it has the address of a registry"
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", text)
    locked = set()
    for block in blocks:
        match = _REQUIREMENT.match(block)
        if match is None:
            if not block.startswith("#") and block.strip():
                yield f"it has something other than name==version: {block[:40]!r}"
            continue
        locked.add(_normal(match["name"]))
        if not re.search(r"--hash=sha256:[0-9a-f]{64}", block):
            yield f"{match['name']} has no hash"
    for name in needed:
        if _normal(re.split(r"[^A-Za-z0-9._-]", name)[0]) not in locked:
            yield f"{name} isn't locked"


def _anchors(file: Path) -> set[str]:
    """Return the anchors that GitHub generates for the headings of a document."""
    text = _FENCED.sub("", file.read_text(encoding="utf-8"))
    words = [match["words"].strip().lower() for match in _HEADING.finditer(text)]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in words}


def _as_written(default: object) -> str:
    if default is None or default == ():
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return "`" + ",".join(_number(value) for value in default) + "`"
    return f"`{_number(default)}`"


def _number(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
