"""Searches: what the filters can be, and what they select."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import InvalidIdError, first_id_at, ids_beginning_with
from ninefold.systems.webhooks.model import DELIVERY_PREFIX, EVENT_PREFIX, SUBSCRIPTION_PREFIX, DeliveryStatus
from ninefold.systems.webhooks.model.searches import (
    FIRST_ID,
    LAST_ID,
    Conditions,
    DeliveryFilter,
    EventFilter,
    IdRange,
    SearchTerm,
)
from ninefold.systems.webhooks.rules.dead_letters import check_error_class, check_time
from ninefold.systems.webhooks.rules.event_types import check_pattern

TEXT_LENGTH_MAX: Final = 255
"""Characters; an idempotency key can be as long."""

CLOCK_DIFFERENCE_MAX: Final = timedelta(minutes=5)
"""An id has the time of a server's clock, and `accepted_at` that of the database's."""

_BEGINNING_OF_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END_OF_TIME: Final = datetime(9999, 1, 1, tzinfo=UTC)
_RESPONSE_CODE: Final = re.compile(r"[1-5](xx|[0-9]{2})")
_TIME_BITS: Final = 48
_OTHER_BITS: Final = 128 - _TIME_BITS


def read_term(text: str | None) -> SearchTerm:
    """Return what a text means that is searched for: an id, the beginning of an id, or a text.

    Raises:
        InvalidInputError: it is empty or too long.
    """
    if text is None:
        return SearchTerm()
    if not 0 < len(text) <= TEXT_LENGTH_MAX:
        raise InvalidInputError(
            f"A text to search for has 1 to {TEXT_LENGTH_MAX} characters.", field="q", remedy="Shorten it, or omit q."
        )
    if (event_ids := _read_ids(EVENT_PREFIX, text)) is not None:
        return SearchTerm(event_ids=event_ids)
    if (delivery_ids := _read_ids(DELIVERY_PREFIX, text)) is not None:
        return SearchTerm(delivery_ids=delivery_ids)
    subscription_ids = _read_ids(SUBSCRIPTION_PREFIX, text)
    if subscription_ids is not None and subscription_ids.first == subscription_ids.last:
        return SearchTerm(subscription_id=subscription_ids.first)
    return SearchTerm(text=text)


def conditions_of(only: EventFilter | DeliveryFilter, term: SearchTerm) -> Conditions:
    """Return what an event has to be.

    Raises:
        InvalidInputError: a value of the filter can't match anything; the error names its field.
    """
    event_type, prefix = read_event_type(only.event_type)
    after = _check(only.accepted_after, field="accepted_after")
    before = _check(only.accepted_before, field="accepted_before")
    return Conditions(
        event_type=event_type,
        event_type_prefix=prefix,
        text=term.text,
        needles=needles_of(term.text),
        accepted_after=_BEGINNING_OF_TIME if after is None else after,
        accepted_before=_END_OF_TIME if before is None else before,
    )


def read_event_type(event_type: str | None) -> tuple[str | None, str]:
    """Return the type that a filter selects, or None and the beginning of those that it selects.

    Raises:
        InvalidEventTypeError: it is no type, no pattern and no beginning that ends in a dot.
    """
    if event_type is None:
        return None, ""
    pattern = f"{event_type}*" if event_type.endswith(".") else event_type
    check_pattern(pattern, field="event_type")
    return (None, pattern[:-1]) if pattern.endswith("*") else (event_type, "")


def read_response_code(text: str | None) -> tuple[int | None, int | None]:
    """Return the lowest and the highest response code of a filter, such as 500 and 599 for `5xx`.

    Raises:
        InvalidInputError: it is no code.
    """
    if text is None:
        return None, None
    if _RESPONSE_CODE.fullmatch(text) is None:
        raise InvalidInputError(
            f"{text[:TEXT_LENGTH_MAX]!r} isn't a response code.",
            field="response_code",
            remedy="Use a code from 100 to 599, such as 503, or a class, such as 5xx.",
        )
    return int(text.replace("x", "0")), int(text.replace("x", "9"))


def check_delivery_filter(only: DeliveryFilter) -> None:
    """Check the values of a filter of deliveries that no other function reads.

    Raises:
        InvalidInputError: a value can't match anything; the error names its field.
    """
    if only.error_class is not None:
        check_error_class(only.error_class)
    if only.status is DeliveryStatus.QUEUED:
        raise InvalidInputError(
            "What is queued has no outcome, so it isn't found by other filters.",
            field="status",
            remedy="List the queued deliveries of one subscription with status=queued alone, or search for events.",
        )


def needles_of(text: str | None) -> tuple[bytes, ...]:
    """Return the ways in which a text can be written in JSON: as it is, and as the libraries escape it in a string."""
    if text is None:
        return ()
    escaped = json.dumps(text)[1:-1]
    unescaped = json.dumps(text, ensure_ascii=False)[1:-1]
    # Some libraries write the digits of an escape in capitals.
    capital = re.sub(r"\\u[0-9a-f]{4}", lambda found: r"\u" + found[0][2:].upper(), escaped)
    return tuple(dict.fromkeys(each.encode() for each in (text, unescaped, escaped, capital)))


def event_ids_of(only: EventFilter | DeliveryFilter, term: SearchTerm) -> IdRange:
    """Return the ids among which are those of all events that a filter selects."""
    ids = term.event_ids or _same_time(term.delivery_ids)
    return _overlap(ids, _ids_between(only.accepted_after, only.accepted_before))


def delivery_ids_of(only: DeliveryFilter, term: SearchTerm) -> IdRange:
    """Return the ids among which are those of all deliveries that a filter selects; they have the times of events."""
    ids = term.delivery_ids or _same_time(term.event_ids)
    return _overlap(ids, _ids_between(only.accepted_after, only.accepted_before))


def _read_ids(prefix: str, text: str) -> IdRange | None:
    if not text.startswith(f"{prefix}_"):
        return None
    try:
        return IdRange(*ids_beginning_with(prefix, text))
    except InvalidIdError:
        return None


def _ids_between(after: datetime | None, before: datetime | None) -> IdRange:
    first = FIRST_ID if after is None else first_id_at(after - CLOCK_DIFFERENCE_MAX)
    last = LAST_ID if before is None else first_id_at(before + CLOCK_DIFFERENCE_MAX)
    return IdRange(first, last)


def _same_time(ids: IdRange | None) -> IdRange:
    """Return all ids with the times of these: an event and its deliveries have the same time in their ids."""
    if ids is None:
        return IdRange(FIRST_ID, LAST_ID)
    first, last = ids.first.int >> _OTHER_BITS, ids.last.int >> _OTHER_BITS
    return IdRange(UUID(int=first << _OTHER_BITS), UUID(int=((last + 1) << _OTHER_BITS) - 1))


def _overlap(one: IdRange, other: IdRange) -> IdRange:
    return IdRange(max(one.first, other.first), min(one.last, other.last))


def _check(time: datetime | None, *, field: str) -> datetime | None:
    if time is not None:
        check_time(time, field=field)
    return time
