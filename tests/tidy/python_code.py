"""Checks of Python files: the size of files and functions, their names, and marks of unfinished work."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from tidy.tree import name_of

FILE_LINES_MAX: Final = 400
FUNCTION_LINES_MAX: Final = 70

STRAY_NAMES: Final = frozenset({"common", "helper", "helpers", "misc", "shared", "stuff", "util", "utils"})
"""Names that don't say what a file contains, so that anything ends up there."""

_MARKS: Final = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"]) + r")\b")


def find_long_files(files: Iterable[Path], *, ratchet: Mapping[str, int]) -> Iterator[str]:
    """Report files with too many lines, and ratchet entries that could be lower.

    Args:
        files: the files to look at.
        ratchet: the number of lines allowed for files that were too long when the rule was introduced.
    """
    lengths = {name_of(file): len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    for name, lines in lengths.items():
        allowed = ratchet.get(name, FILE_LINES_MAX)
        if lines > allowed:
            yield f"{name} has {lines} lines; at most {allowed} are allowed: split it by concern"
    for name, allowed in ratchet.items():
        if max(lengths.get(name, 0), FILE_LINES_MAX) < allowed:
            yield f"{name} has fewer than {allowed} lines now: lower its number or remove it"


def find_long_functions(files: Iterable[Path]) -> Iterator[str]:
    """Report functions with too many lines, docstring included."""
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    where = f"{name_of(file)}:{node.lineno}"
                    yield f"{where} {node.name} has {lines} lines; at most {FUNCTION_LINES_MAX} are allowed"


def find_stray_names(files: Iterable[Path]) -> Iterator[str]:
    """Report files and folders whose names don't say what they contain."""
    for file in files:
        name = file.parent.name if file.stem == "__init__" else file.stem
        if name in STRAY_NAMES or name.endswith(("_utils", "_helpers")):
            yield f"{name_of(file)} has a name that doesn't say what it contains"


def find_marks(files: Iterable[Path]) -> Iterator[str]:
    """Report marks of unfinished work."""
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if match := _MARKS.search(line):
                yield f"{name_of(file)}:{number} has a mark of unfinished work: {match[0]}"


def find_leaked_records(files: Iterable[Path]) -> Iterator[str]:
    """Report functions of a `store` that return records of the driver instead of structs of the model."""
    for file in files:
        if "store" not in {file.stem, file.parent.name}:
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            if node.returns is not None and "Record" in ast.unparse(node.returns):
                yield f"{name_of(file)}:{node.lineno} {node.name} returns records of the driver: map them to the model"


def find_unmirrored_folders(tests: Path, source: Path) -> Iterator[str]:
    """Report folders with tests that have no corresponding folder in the source."""
    for folder in sorted({file.parent.relative_to(tests) for file in tests.rglob("test_*.py")}):
        first, *rest = folder.parts or ("",)
        if first in _WHOLE_STACK or _is_mirror(first, rest, source):
            continue
        yield f"{name_of(tests / folder)} mirrors no folder of {name_of(source)}"


_WHOLE_STACK: Final = frozenset({"conformance", "e2e", "chaos", "tidy"})
_SYSTEM_PARTS: Final = frozenset({"db", "api"})
"""Folders of a system's tests that don't correspond to the source: tests with the database, and over HTTP."""


def _is_mirror(first: str, rest: list[str], source: Path) -> bool:
    package = source / first if first in {"core", "edge", "contracts"} else source / "systems" / first
    if not first or not package.is_dir():
        return False
    return (package.parent.name == "systems" and set(rest) <= _SYSTEM_PARTS) or package.joinpath(*rest).is_dir()
