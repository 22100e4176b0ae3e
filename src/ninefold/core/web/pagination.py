"""Pagination by cursor: a limit, and an opaque cursor that says where the next page starts.

A list is sorted by a value that is unique for each item, such as its id. The value of the last item on a page is the
position after which the next page starts:

    _numbers = PagedList("numbers", int)

    async def find_numbers(*, before: int | None, limit: int) -> list[int]:
        return [number for number in range(9, -1, -1) if before is None or number < before][:limit]

    async def list_numbers(cursor: Cursor | None = None, limit: PageLimit = PAGE_LIMIT_DEFAULT) -> Page[str]:
        query = _numbers.query(cursor, limit)
        found = await find_numbers(before=query.position, limit=query.rows_max)
        return query.page(found, position_of=int, show=str)

    first = await list_numbers(limit=2)
    second = await list_numbers(first.next_cursor, limit=2)
    assert (first.items, second.items) == (["9", "8"], ["7", "6"])
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from ninefold.core.web.errors import InvalidCursorError

RowT = TypeVar("RowT")
ItemT = TypeVar("ItemT")
PositionT = TypeVar("PositionT")

PAGE_LIMIT_DEFAULT: Final = 20
PAGE_LIMIT_MAX: Final = 100
"""Items. A response is built in memory."""

_CURSOR_LENGTH_MAX: Final = 500
_CHECKSUM_SIZE: Final = 4

PageLimit = Annotated[
    int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX, description="The maximum number of items on the page.")
]
Cursor = Annotated[
    str,
    msgspec.Meta(
        max_length=_CURSOR_LENGTH_MAX, description="`next_cursor` of the previous page; omit it for the first."
    ),
]


class Page(msgspec.Struct, Generic[ItemT], frozen=True, kw_only=True):
    """A page of a list, and the cursor of the next page; null on the last page."""

    items: list[ItemT]
    next_cursor: Annotated[str | None, msgspec.Meta(examples=[None])]


class SearchPage(msgspec.Struct, Generic[ItemT], frozen=True, kw_only=True):
    """A page of a search, which can end before it is full; then it says how far back the search has looked."""

    items: list[ItemT]
    next_cursor: Annotated[str | None, msgspec.Meta(examples=[None])]
    searched_back_to: Annotated[
        Annotated[datetime, msgspec.Meta(tz=True)] | None,
        msgspec.Meta(
            description="Set if the search has looked at its maximum before the page was full; `next_cursor` goes on "
            "from there. Null if the page is full, or everything was looked at.",
            examples=[None],
        ),
    ]


class PagedList(Generic[PositionT]):
    """Encodes and decodes the cursors of one list.

    A cursor has a checksum, so that a damaged cursor or one of another list is refused instead of returning wrong
    items. The checksum isn't a signature and needn't be one: a cursor only says where to continue, and every query
    filters by organisation.

    Args:
        name: the name of the list; a cursor of a list with another name is refused.
        position: the type of positions, such as `UUID` or `tuple[datetime, UUID]`.
    """

    def __init__(self, name: str, position: type[PositionT]) -> None:
        self._decoder: msgspec.json.Decoder[PositionT] = msgspec.json.Decoder(position)
        self._checksum_key = hashlib.blake2b(name.encode(), digest_size=16).digest()

    def query(self, cursor: str | None, limit: int) -> "PageQuery[PositionT]":
        """Return what to read for the page that a request asks for.

        Raises:
            InvalidCursorError: the cursor isn't one of this list.
        """
        return PageQuery(self, position=None if cursor is None else self.decode(cursor), limit=limit)

    def encode(self, position: PositionT) -> str:
        """Return the cursor of a position."""
        content = msgspec.json.encode(position)
        return base64.urlsafe_b64encode(self._checksum(content) + content).decode().rstrip("=")

    def decode(self, cursor: str) -> PositionT:
        """Return the position in a cursor.

        Raises:
            InvalidCursorError: it isn't one of this list.
        """
        if len(cursor) <= _CURSOR_LENGTH_MAX:
            with suppress(ValueError):
                raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
                checksum, content = raw[:_CHECKSUM_SIZE], raw[_CHECKSUM_SIZE:]
                if checksum == self._checksum(content):
                    return self._decoder.decode(content)
        raise InvalidCursorError(
            "The cursor isn't valid for this list.",
            field="cursor",
            remedy="Use `next_cursor` of the previous page unchanged, or leave it out for the first page.",
        )

    def _checksum(self, content: bytes) -> bytes:
        return hashlib.blake2b(content, digest_size=_CHECKSUM_SIZE, key=self._checksum_key).digest()


class PageQuery(Generic[PositionT]):
    """What to read for one page, and how to build the page from it."""

    def __init__(self, paged_list: PagedList[PositionT], *, position: PositionT | None, limit: int) -> None:
        self._list = paged_list
        self._limit = limit
        self.position = position
        """The position of the last item on the previous page; None for the first page."""

        self.rows_max = limit + 1
        """How many rows to read: one more than fits on the page, to find out whether there is a next page."""

    def page(
        self,
        rows: Sequence[RowT],
        *,
        position_of: Callable[[RowT], PositionT],
        show: Callable[[RowT], ItemT],
        stopped_at: PositionT | None = None,
    ) -> Page[ItemT]:
        """Return the page for up to `rows_max` rows.

        Args:
            rows: what was read.
            position_of: returns the position of a row.
            show: converts a row to an item.
            stopped_at: where a search stopped that had looked at its maximum of rows before it had found enough for
                the page; the next page continues there.
        """
        shown = rows[: self._limit]
        next_position = position_of(shown[-1]) if len(rows) > self._limit else stopped_at
        return Page(
            items=[show(row) for row in shown],
            next_cursor=None if next_position is None else self._list.encode(next_position),
        )

    def search_page(
        self,
        rows: Sequence[RowT],
        *,
        position_of: Callable[[RowT], PositionT],
        show: Callable[[RowT], ItemT],
        stopped_at: PositionT | None = None,
        time_of: Callable[[PositionT], datetime] | None = None,
    ) -> SearchPage[ItemT]:
        """Return the page of a search, as `page` does, and how far back the search has looked if it stopped early.

        Args:
            rows: what was read.
            position_of: returns the position of a row.
            show: converts a row to an item.
            stopped_at: where the search stopped early.
            time_of: returns the time of a position; needed if the search can stop early.
        """
        page = self.page(rows, position_of=position_of, show=show, stopped_at=stopped_at)
        is_short = len(rows) <= self._limit
        return SearchPage(
            items=page.items,
            next_cursor=page.next_cursor,
            searched_back_to=time_of(stopped_at) if is_short and stopped_at is not None and time_of else None,
        )
