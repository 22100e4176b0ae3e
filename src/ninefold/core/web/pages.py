"""Pages of a list: a limit, and an opaque cursor that says where the next page begins.

class DeliveryPosition(msgspec.Struct, frozen=True, array_like=True):
    created_at: datetime
    delivery_id: UUID

CURSORS = CursorCodec(DeliveryPosition)

@get("/api/v1/deliveries") async def list_deliveries(cursor: Cursor | None = None, limit: PageLimit =
PAGE_LIMIT_DEFAULT) -> Page[Delivery]:
    after = CURSORS.decode(cursor)
    …
    return Page(items=items, next_cursor=CURSORS.encode(position) if has_more else None)
"""

import base64
import binascii
import hashlib
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from ninefold.core.web.errors import InvalidCursorError

T = TypeVar("T")
PositionT = TypeVar("PositionT", bound=msgspec.Struct)

PAGE_LIMIT_DEFAULT: Final = 20
PAGE_LIMIT_MAX: Final = 100
_CURSOR_LENGTH_MAX: Final = 500
_CHECKSUM_SIZE: Final = 4

PageLimit = Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX, description="How many items a page has at most.")]
Cursor = Annotated[
    str,
    msgspec.Meta(max_length=_CURSOR_LENGTH_MAX, description="`next_cursor` of the page before; nothing for the first."),
]


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list, and the cursor of the part after it; null at the end."""

    items: list[T]
    next_cursor: str | None


class CursorCodec(Generic[PositionT]):
    """Turns positions in one list into cursors and back.

    The checksum isn't a signature: a cursor only says where to go on reading, and each page checks anew whose
    rows they are. It is there so that a damaged cursor, or another list's, is told instead of giving a
    strange page.
    """

    def __init__(self, kind: type[PositionT]) -> None:
        self._decoder = msgspec.json.Decoder(kind)
        self._encoder = msgspec.json.Encoder()
        self._purpose = hashlib.blake2b(kind.__qualname__.encode(), digest_size=16).digest()

    def encode(self, position: PositionT) -> str:
        """Return the cursor of a position."""
        content = self._encoder.encode(position)
        return base64.urlsafe_b64encode(self._checksum(content) + content).decode().rstrip("=")

    def decode(self, cursor: str | None) -> PositionT | None:
        """Return the position in a cursor; None for none.

        Raises:
            InvalidCursorError: it isn't a cursor of this list.
        """
        if cursor is None:
            return None
        if len(cursor) > _CURSOR_LENGTH_MAX:
            raise _invalid_cursor()
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            checksum, content = raw[:_CHECKSUM_SIZE], raw[_CHECKSUM_SIZE:]
            if checksum != self._checksum(content):
                raise _invalid_cursor()
            return self._decoder.decode(content)
        except (binascii.Error, ValueError) as error:
            raise _invalid_cursor() from error

    def _checksum(self, content: bytes) -> bytes:
        return hashlib.blake2b(content, digest_size=_CHECKSUM_SIZE, key=self._purpose).digest()


def _invalid_cursor() -> InvalidCursorError:
    return InvalidCursorError(
        "The cursor isn't one of this list.",
        field="cursor",
        remedy="Use `next_cursor` of the page before as it is, or leave it out to begin anew.",
    )
