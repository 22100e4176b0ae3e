"""The paths of this repository."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "src" / "ninefold"
TESTS: Final = ROOT / "tests"
DOCS: Final = ROOT / "docs"
DECISIONS: Final = DOCS / "decisions"
OPERATIONS: Final = DOCS / "operations.md"


def python_files(*folders: Path) -> Iterator[Path]:
    """Return the Python files below these folders, sorted."""
    for folder in folders:
        yield from sorted(folder.rglob("*.py"))


def documents(root: Path = ROOT) -> list[Path]:
    """Return the Markdown documents in the root folder and below `docs`."""
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])


def name_of(path: Path) -> str:
    """Return a path relative to the repository, or the file name if it is elsewhere."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name
