"""Event types, and the patterns by which subscriptions select them.

A type consists of words joined by dots (`order.created`). A pattern is a type, or `order.*` for every type that begins
with `order.`, or `*` for all types.

Types that begin with `_forward.` are private: Ninefold alone publishes them, for requests that it forwards, and no
pattern but the type itself matches them. `ninefold.test` is private too: it is the type of tests, which a
subscription gets when a person asks for one. Types that begin with `callback.` are for verified callbacks:
subscriptions receive them like others, but only Ninefold publishes them. So it is with `ninefold.alert.fired` and
`ninefold.alert.resolved`, which the pattern `*` doesn't match: customers of an organisation that have subscribed to
everything must not learn how its other customers' endpoints are doing.
"""

import re
from collections.abc import Sequence
from typing import Final

from ninefold.contracts.webhooks import CALLBACK_EVENT_PREFIX
from ninefold.core.validation_messages import alternatives
from ninefold.systems.webhooks.errors import InvalidEventTypeError

EVENT_TYPE_LENGTH_MAX: Final = 128
EVENT_TYPES_PER_SUBSCRIPTION_MAX: Final = 100

_WORD: Final = "[A-Za-z0-9_-]+"
EVENT_TYPE_REGEX: Final = rf"^{_WORD}(\.{_WORD})*$"
PATTERN_REGEX: Final = rf"^(\*|{_WORD}(\.{_WORD})*(\.\*)?)$"

PRIVATE_PREFIX: Final = "_forward."
TEST_EVENT_TYPE: Final = "ninefold.test"

ALERT_TYPE_PREFIX: Final = "ninefold.alert."
ALERT_FIRED: Final = "ninefold.alert.fired"
ALERT_RESOLVED: Final = "ninefold.alert.resolved"
OPERATIONAL_EVENT_TYPES: Final = frozenset({ALERT_FIRED, ALERT_RESOLVED})

_ALERT_PATTERNS: Final = {f"{ALERT_TYPE_PREFIX}*", *OPERATIONAL_EVENT_TYPES}

_DOT: Final = r"\."
_NOT_PRIVATE: Final = r"(?!_forward\.)"
_NOT_ALERT: Final = r"(?!ninefold\.alert\.)"
_TYPE: Final = re.compile(EVENT_TYPE_REGEX)
_PATTERN: Final = re.compile(PATTERN_REGEX)
_REMEDY: Final = (
    "Use letters, digits, _ and -, in words joined by dots, such as order.created; "
    f"at most {EVENT_TYPE_LENGTH_MAX} characters."
)


def check_type(event_type: str, *, field: str) -> None:
    """Check that a text is the type of an event, no matter who publishes it.

    Raises:
        InvalidEventTypeError: it is malformed or too long; the error names `field`.
    """
    if len(event_type) > EVENT_TYPE_LENGTH_MAX or _TYPE.fullmatch(event_type) is None:
        raise InvalidEventTypeError(
            f"{event_type[:EVENT_TYPE_LENGTH_MAX]!r} isn't an event type.", field=field, remedy=_REMEDY
        )


def check_event_type(event_type: str, *, field: str, is_by_user: bool = True) -> None:
    """Check the type of an event to publish.

    Args:
        event_type: the type.
        field: what an error names.
        is_by_user: whether a user publishes it, rather than another system.

    Raises:
        InvalidEventTypeError: the type is malformed or too long, or only Ninefold publishes events of this type.
    """
    check_type(event_type, field=field)
    if is_private(event_type):
        raise InvalidEventTypeError(
            f"Event types that begin with {PRIVATE_PREFIX} are private.", field=field, remedy="Use another first word."
        )
    if is_by_user and event_type.startswith(CALLBACK_EVENT_PREFIX):
        raise InvalidEventTypeError(
            f"Only verified callbacks become events whose type begins with {CALLBACK_EVENT_PREFIX}",
            field=field,
            remedy="Use another first word, or create a source and let its provider call it: POST /api/v1/sources.",
        )
    if is_by_user and event_type.startswith(ALERT_TYPE_PREFIX):
        raise InvalidEventTypeError(
            f"Events whose type begins with {ALERT_TYPE_PREFIX} are alerts, which only Ninefold publishes.",
            field=field,
            remedy="Use another type. A subscription to ninefold.alert.* receives alerts.",
        )
    if event_type == TEST_EVENT_TYPE:
        raise InvalidEventTypeError(
            f"Events of the type {TEST_EVENT_TYPE} are tests, which only Ninefold publishes.",
            field=field,
            remedy="Send a test to a subscription: POST /api/v1/subscriptions/{subscription_id}/test.",
        )


def check_patterns(patterns: Sequence[str], *, field: str) -> None:
    """Check the patterns of a subscription.

    Raises:
        InvalidEventTypeError: there are none or too many, or one is malformed, or is for alerts that don't exist; the
            error names `field` and the element.
    """
    if not 0 < len(patterns) <= EVENT_TYPES_PER_SUBSCRIPTION_MAX:
        raise InvalidEventTypeError(
            f"A subscription needs 1 to {EVENT_TYPES_PER_SUBSCRIPTION_MAX} event types, not {len(patterns)}.",
            field=field,
            remedy="List the types, or use a pattern such as order.* or *.",
        )
    for position, pattern in enumerate(patterns):
        check_pattern(pattern, field=f"{field}[{position}]")
        if pattern.startswith(ALERT_TYPE_PREFIX) and pattern not in _ALERT_PATTERNS:
            raise InvalidEventTypeError(
                f"No event has the type {pattern}.",
                field=f"{field}[{position}]",
                remedy=f"Use {alternatives(sorted(_ALERT_PATTERNS))}.",
            )


def check_pattern(pattern: str, *, field: str) -> None:
    """Check one type or pattern.

    Raises:
        InvalidEventTypeError: it is malformed or too long; the error names `field`.
    """
    if len(pattern) > EVENT_TYPE_LENGTH_MAX or _PATTERN.fullmatch(pattern) is None:
        raise InvalidEventTypeError(
            f"{pattern[:EVENT_TYPE_LENGTH_MAX]!r} isn't an event type or a pattern.",
            field=field,
            remedy=f"{_REMEDY} A pattern ends in .* or is a single *.",
        )


def matches_any(event_type: str, patterns: Sequence[str]) -> bool:
    """Return whether an event type matches any of these patterns."""
    return any(_matches(event_type, pattern) for pattern in patterns)


def wants(event_type: str, patterns: Sequence[str]) -> bool:
    """Return whether a subscription with these patterns gets a delivery of this type: if one matches, and tests."""
    return event_type == TEST_EVENT_TYPE or matches_any(event_type, patterns)


def patterns_regex(patterns: Sequence[str]) -> str:
    """Return a regular expression that matches the same types as these patterns, for both Python and PostgreSQL."""
    alternatives = [f"{_excluded(pattern)}{pattern.replace('.', _DOT).replace('*', '.*')}" for pattern in patterns]
    return f"^({'|'.join(alternatives)})$"


def is_private(event_type: str) -> bool:
    """Return whether only Ninefold publishes events of this type."""
    return event_type.startswith(PRIVATE_PREFIX)


def _excluded(pattern: str) -> str:
    """Return what keeps the types out that a pattern doesn't match although they begin so."""
    if pattern == "*":
        return _NOT_PRIVATE + _NOT_ALERT
    return _NOT_PRIVATE if "*" in pattern else ""


def _matches(event_type: str, pattern: str) -> bool:
    if pattern == "*":
        return not event_type.startswith((PRIVATE_PREFIX, ALERT_TYPE_PREFIX))
    if pattern.endswith("*"):
        return event_type.startswith(pattern[:-1]) and not is_private(event_type)
    return event_type == pattern
