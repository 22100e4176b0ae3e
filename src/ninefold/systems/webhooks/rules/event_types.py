"""Event types, and the patterns with which a subscription chooses among them.

A type is words joined by dots (`order.created`). A pattern is a type, or `order.*` for all below `order`, or `*`.
"""

import re
from collections.abc import Sequence
from typing import Final

from ninefold.systems.webhooks.errors import InvalidEventTypeError

EVENT_TYPE_LENGTH_MAX: Final = 128
EVENT_TYPES_PER_SUBSCRIPTION_MAX: Final = 100

_WORD: Final = "[A-Za-z0-9_-]+"
EVENT_TYPE_FORM: Final = rf"^{_WORD}(\.{_WORD})*$"
PATTERN_FORM: Final = rf"^(\*|{_WORD}(\.{_WORD})*(\.\*)?)$"

_TYPE: Final = re.compile(EVENT_TYPE_FORM)
_PATTERN: Final = re.compile(PATTERN_FORM)
_REMEDY: Final = (
    "Use letters, digits, _ and -, in words joined by dots, such as order.created; "
    f"at most {EVENT_TYPE_LENGTH_MAX} characters."
)


def check_event_type(event_type: str, *, field: str) -> None:
    """Accept the type of an event that is published.

    Raises:
        InvalidEventTypeError: it has another form; names `field`.
    """
    if len(event_type) > EVENT_TYPE_LENGTH_MAX or _TYPE.fullmatch(event_type) is None:
        raise InvalidEventTypeError(
            f"{event_type[:EVENT_TYPE_LENGTH_MAX]!r} isn't an event type.", field=field, remedy=_REMEDY
        )


def check_patterns(patterns: Sequence[str], *, field: str) -> None:
    """Accept the patterns of a subscription.

    Raises:
        InvalidEventTypeError: none, too many, or one of another form; names `field` and the element.
    """
    if not 0 < len(patterns) <= EVENT_TYPES_PER_SUBSCRIPTION_MAX:
        raise InvalidEventTypeError(
            f"A subscription has between 1 and {EVENT_TYPES_PER_SUBSCRIPTION_MAX} event types, not {len(patterns)}.",
            field=field,
            remedy="Name the types, or use a pattern such as order.* or *.",
        )
    for position, pattern in enumerate(patterns):
        if len(pattern) > EVENT_TYPE_LENGTH_MAX or _PATTERN.fullmatch(pattern) is None:
            raise InvalidEventTypeError(
                f"{pattern[:EVENT_TYPE_LENGTH_MAX]!r} isn't an event type or a pattern.",
                field=f"{field}[{position}]",
                remedy=f"{_REMEDY} A pattern ends in .* or is a single *.",
            )


def is_wanted(event_type: str, patterns: Sequence[str]) -> bool:
    """Whether a subscription with these patterns gets events of this type."""
    return any(_matches(event_type, pattern) for pattern in patterns)


def wanted_form(patterns: Sequence[str]) -> str:
    """Return a regular expression, in Python's and PostgreSQL's language, for the types that these patterns want."""
    forms = [pattern.replace(".", r"\.").replace("*", ".*") for pattern in patterns]
    return f"^({'|'.join(forms)})$"


def _matches(event_type: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return event_type.startswith(pattern[:-1])
    return event_type == pattern
