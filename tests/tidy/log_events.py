"""Checks that the operations page lists every log event."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

LEVELS: Final = {"debug", "info", "warning", "error", "exception"}

_NAME: Final = re.compile(r"[a-z]+(?:\.[a-z_]+)+")


def list_log_events(files: Iterable[Path]) -> set[str]:
    """Return the names of the events that these files log.

    Where the last part is computed, as in `log.info(f"jobs.job.{participle}")`, it is `*`.
    """
    return {name for file in files for name in _events_in(ast.parse(file.read_text(encoding="utf-8")))}


def find_undocumented_events(events: Iterable[str], document: str) -> Iterator[str]:
    """Return an error for each event without a row in the table. In a row, `.retrying` stands for another last part."""
    documented = set(_documented_events(document))
    for event in sorted(events):
        prefix = event.removesuffix("*")
        if not (any(name.startswith(prefix) for name in documented) if event.endswith("*") else event in documented):
            yield f"{event} has no row"


def find_unknown_events(events: Iterable[str], document: str) -> Iterator[str]:
    """Return an error for each row whose event is never logged."""
    known = set(events)
    for name in _documented_events(document):
        if name not in known and f"{name.rpartition('.')[0]}.*" not in known:
            yield f"nothing logs {name}"


def _documented_events(document: str) -> Iterator[str]:
    section = re.search(r"(?ms)^## Logs$(?P<text>.*?)(?=^## |\Z)", document)
    for cell in re.findall(r"(?m)^\| (`[^|]*`) \|", section["text"] if section else ""):
        prefix = ""
        for name in re.findall(r"`([^`]+)`", cell):
            full = prefix + name if name.startswith(".") else name
            prefix = full.rpartition(".")[0]
            yield full


def _events_in(tree: ast.Module) -> Iterator[str]:
    # The level is often chosen first: `write = log.info if … else log.warning`, then `write(…)`.
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and _is_log_call(node.func):
            name = _first_text(node.args[0])
            if _NAME.fullmatch(name.replace("*", "x")):
                yield name


def _is_log_call(function: ast.expr) -> bool:
    match function:
        case ast.Attribute(value=ast.Name(id="log"), attr=level):
            return level in LEVELS
        case ast.Name(id="write"):
            return True
        case _:
            return False


def _first_text(argument: ast.expr) -> str:
    match argument:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=[ast.Constant(value=str() as text), ast.FormattedValue()]):
            return f"{text}*"
        case _:
            return ""
