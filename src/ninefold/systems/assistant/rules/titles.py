"""The titles of conversations, and searching in them."""

from typing import Final

TITLE_LENGTH_MAX: Final = 200
DERIVED_TITLE_LENGTH_MAX: Final = 60


def title_of(text: str) -> str:
    """Return the title that a conversation gets from its first message: its first line, shortened at a word."""
    line = " ".join(next((line for line in text.splitlines() if line.strip()), "").split())
    if len(line) <= DERIVED_TITLE_LENGTH_MAX:
        return line
    shortened = line[: DERIVED_TITLE_LENGTH_MAX - 1]
    head, _, _ = shortened.rpartition(" ")
    return f"{head or shortened}…"


def like_pattern(text: str) -> str:
    """Return the pattern for `ILIKE` that matches whatever contains a text."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
