"""Lists by pages: `limit`, `starting_after`, `ending_before`, and `created`."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

import msgspec

from ninefold.systems.payments.model.pages import PageQuery
from ninefold.systems.payments.stripe.errors import StripeError
from ninefold.systems.payments.stripe.finding import Kind
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.server import PREFIX

LIMIT_DEFAULT: Final = 10
LIMIT_MAX: Final = 100

# 253402300799 is the last second of the year 9999.
Time = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_798)]

T = TypeVar("T")


class TimeRange(msgspec.Struct, frozen=True, kw_only=True):
    """A range of times in Unix seconds."""

    gt: Time | None = None
    gte: Time | None = None
    lt: Time | None = None
    lte: Time | None = None


class PageParameters(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of every list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
    starting_after: str | None = None
    ending_before: str | None = None


class CreatedPageParameters(PageParameters, frozen=True, kw_only=True):
    """The parameters of a list that can be filtered by time."""

    created: Time | TimeRange | None = None


def page_query(given: PageParameters, kind: Kind) -> PageQuery:
    """Return which page is wanted, with a row more than it shows, so that it is known whether more follow.

    Raises:
        StripeError: an id isn't one of this list, or both are given.
    """
    if given.starting_after is not None and given.ending_before is not None:
        raise StripeError("You can only use one of starting_after and ending_before.", param="starting_after")
    created_from, created_before = _range_of(given)
    return PageQuery(
        limit=given.limit + 1,
        older_than=None if given.starting_after is None else kind.id_of(given.starting_after, "starting_after"),
        newer_than=None if given.ending_before is None else kind.id_of(given.ending_before, "ending_before"),
        created_from=created_from,
        created_before=created_before,
    )


def show_page(query: PageQuery, rows: Sequence[T], show: Callable[[T], Json], *, url: str) -> Json:
    """Return a page; `rows` has a row more than the page if more follow."""
    has_more = len(rows) == query.limit
    shown: list[Any] = [show(row) for row in rows[: query.limit - 1]]
    if query.is_upward:
        shown.reverse()
    return {"object": "list", "data": shown, "has_more": has_more, "url": url.removeprefix(PREFIX)}


def _range_of(given: PageParameters) -> tuple[datetime | None, datetime | None]:
    created = given.created if isinstance(given, CreatedPageParameters) else None
    if created is None:
        return None, None
    if isinstance(created, int):
        return _moment(created), _moment(created + 1)
    lows = [each for each in (created.gte, None if created.gt is None else created.gt + 1) if each is not None]
    highs = [each for each in (created.lt, None if created.lte is None else created.lte + 1) if each is not None]
    return _moment(max(lows, default=None)), _moment(min(highs, default=None))


def _moment(time_s: int | None) -> datetime | None:
    return None if time_s is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=time_s)
