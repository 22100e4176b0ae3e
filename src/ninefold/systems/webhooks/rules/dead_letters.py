"""Dead letters: what their filters can be, and which of them a filter selects."""

from datetime import datetime
from typing import Final
from uuid import UUID

from ninefold.core.errors import InvalidInputError
from ninefold.systems.webhooks.model.replays import DeadLetterFilter, ReplayCandidate, ReplayPosition
from ninefold.systems.webhooks.rules.advice import KNOWN_ERROR_CLASSES
from ninefold.systems.webhooks.rules.event_types import check_pattern, matches_any
from ninefold.systems.webhooks.rules.subscription_fields import check_subscriber_id

YEARS: Final = range(1970, 9_999)
"""The years that a time can be in; in any time zone, it is then a time that PostgreSQL and Python can represent."""

_NO_ID: Final = UUID(int=0)
_BEGINNING: Final = ReplayPosition(datetime.fromisoformat("1970-01-01T00:00:00+00:00"), _NO_ID)
_END: Final = ReplayPosition(datetime.fromisoformat("9999-01-01T00:00:00+00:00"), _NO_ID)


def check_filter(only: DeadLetterFilter) -> None:
    """Check the values of a filter.

    Raises:
        InvalidInputError: a value can't match anything; the error names its field.
    """
    for field, time in (("failed_after", only.failed_after), ("failed_before", only.failed_before)):
        if time is not None:
            check_time(time, field=field)
    if only.subscriber_id is not None:
        check_subscriber_id(only.subscriber_id)
    if only.event_type is not None:
        check_pattern(only.event_type, field="event_type")
    if only.error_class is not None:
        check_error_class(only.error_class)


def check_error_class(error_class: str) -> None:
    """Check the error class of a filter.

    Raises:
        InvalidInputError: no attempt fails with it.
    """
    if error_class not in KNOWN_ERROR_CLASSES:
        raise InvalidInputError(
            "There is no such error class.",
            field="error_class",
            remedy=f"Use one of {', '.join(sorted(KNOWN_ERROR_CLASSES))}.",
        )


def check_time(time: datetime, *, field: str) -> None:
    """Check a time.

    Raises:
        InvalidInputError: it has no time zone, or its year is out of range.
    """
    if time.tzinfo is None or time.year not in YEARS:
        raise InvalidInputError(
            "The time has no time zone, or its year is out of range.",
            field=field,
            remedy="Write it as in RFC 3339, such as 2026-01-31T12:00:00Z; encode + as %2B in a query.",
        )


def bounds_of(only: DeadLetterFilter) -> tuple[ReplayPosition, ReplayPosition]:
    """Return the positions between which a filter's dead letters are, both exclusive."""
    after = _BEGINNING if only.failed_after is None else ReplayPosition(only.failed_after, _NO_ID)
    before = _END if only.failed_before is None else ReplayPosition(only.failed_before, _NO_ID)
    return after, before


def is_selective(only: DeadLetterFilter) -> bool:
    """Return whether dead letters have to be looked at one by one, because no index finds those that match."""
    return only.event_type is not None or only.error_class is not None


def matches(letter: ReplayCandidate, only: DeadLetterFilter) -> bool:
    """Return whether a dead letter has the event type and the error class that a filter asks for."""
    return (only.event_type is None or matches_any(letter.event_type, [only.event_type])) and (
        only.error_class is None or letter.error_class == only.error_class
    )
