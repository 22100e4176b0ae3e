"""Searches: what a query means, and what of a text it matches.

from:@ines in:#plans before:2026-01-31 has:file "second draft" -old
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from ninefold.core.errors import InvalidInputError
from ninefold.systems.messaging.model.searches import Having, SearchQuery

QUERY_LENGTH_MAX: Final = 500
OPERATORS_MAX: Final = 20

_OPERATOR: Final = re.compile(
    r"(?<!\S)(?P<name>from|in|before|after|on|has|is):(?P<value>\S+)", re.ASCII | re.IGNORECASE
)
_TERM: Final = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))')
_WORD: Final = re.compile(r"\w+")
_HAVING: Final[dict[str, Having]] = {"file": "file", "link": "link", "pin": "pin"}
_DAY: Final = timedelta(days=1)


def parse_query(text: str) -> SearchQuery:
    """Return what a query means. An empty one means all messages.

    Raises:
        InvalidInputError: it is too long, or an operator has a value that isn't possible.
    """
    if len(text) > QUERY_LENGTH_MAX:
        raise _invalid("The query is too long.", f"Use at most {QUERY_LENGTH_MAX} characters.")
    operators = [(match["name"].lower(), match["value"]) for match in _OPERATOR.finditer(text)]
    words = " ".join(_OPERATOR.sub(" ", text).split())
    if len(operators) > OPERATORS_MAX:
        raise _invalid("The query has too many operators.", f"Use at most {OPERATORS_MAX}.")
    starts, ends = _times_of(operators)
    return SearchQuery(
        words=words,
        authors=tuple(value.removeprefix("@").lower() for name, value in operators if name == "from"),
        channels=tuple(value.removeprefix("#").lower() for name, value in operators if name == "in"),
        having=frozenset(_having_of(value) for name, value in operators if name == "has"),
        is_in_thread=any(_check_thread(value) for name, value in operators if name == "is"),
        not_before=max(starts, default=None),
        before=min(ends, default=None),
    )


def find_highlights(text: str, words: str) -> list[tuple[int, int]]:
    """Return where a text has the words of a query, as pairs of the first code point and the one after the last."""
    wanted = {
        word.lower()
        for match in _TERM.finditer(words)
        if not match["minus"]
        for word in _WORD.findall(match["phrase"] or match["word"] or "")
    }
    return [match.span() for match in _WORD.finditer(text) if match[0].lower() in wanted]


def mark_highlights(text: str, highlights: Iterable[tuple[int, int]], *, start: str, end: str) -> str:
    """Return a text with a mark before and after each highlight."""
    parts: list[str] = []
    position = 0
    for first, last in highlights:
        parts += [text[position:first], start, text[first:last], end]
        position = last
    return "".join([*parts, text[position:]])


def _times_of(operators: list[tuple[str, str]]) -> tuple[list[datetime], list[datetime]]:
    """Return the times from which on messages match, and those before which they do. Days are those of UTC."""
    starts, ends = [], []
    for name, value in operators:
        if name == "before":
            ends.append(_day_of(value))
        elif name == "after":
            starts.append(_day_of(value) + _DAY)
        elif name == "on":
            starts.append(_day_of(value))
            ends.append(_day_of(value) + _DAY)
    return starts, ends


def _day_of(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise _invalid(f"{text[:40]!r} isn't a date.", "Write it as 2026-01-31.") from error
    if not date(1970, 1, 1) <= day <= date(9000, 1, 1):
        raise _invalid(f"{text[:40]!r} isn't a possible date.", "Write it as 2026-01-31.")
    return datetime.combine(day, time(), UTC)


def _having_of(value: str) -> Having:
    having = _HAVING.get(value.lower().removesuffix("s"))
    if having is None:
        raise _invalid(f"has:{value[:40]} isn't possible.", "Use has:file, has:link or has:pin.")
    return having


def _check_thread(value: str) -> bool:
    if value.lower() != "thread":
        raise _invalid(f"is:{value[:40]} isn't possible.", "Use is:thread.")
    return True


def _invalid(detail: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(detail, field="q", remedy=remedy)
