"""Ids: UUIDs in the database, text with a prefix everywhere else.

The text format is TypeID 0.3: a prefix for the kind, an underscore, and the UUID's 128 bits as 26 characters of
lower-case Crockford base32 (`evt_01h455vb4pex5vsknk084sn02q`). Ids sort by the time at which they were created.
"""

import hashlib
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from asyncpg.pgproto import pgproto

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_TEXT_LENGTH: Final = 26
_PAIRS: Final = [high + low for high in _ALPHABET for low in _ALPHABET]
_PAIR_SHIFTS: Final = range(120, -1, -10)
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_TIMESTAMP_BYTES: Final = 6
_HASH_BYTES: Final = 10
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class InvalidIdError(ValueError):
    """A text isn't an id of the expected kind."""


def new_id() -> UUID:
    """Return a new UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    return _uuid(milliseconds.to_bytes(_TIMESTAMP_BYTES, "big") + os.urandom(10), version=7)


def derive_id(parent: UUID, other: UUID) -> UUID:
    """Return the UUIDv8 (RFC 9562 §5.8) of a pair of ids. It is always the same for a pair, so retries get the same id.

    It has the 48 bits of time of `parent`, so that derived ids sort and index like their parents. The rest is a hash.
    """
    parent_bytes = parent.bytes
    digest = hashlib.blake2b(parent_bytes + other.bytes, digest_size=_HASH_BYTES).digest()
    return _uuid(parent_bytes[:_TIMESTAMP_BYTES] + digest, version=8)


def first_id_at(moment: datetime) -> UUID:
    """Return the smallest UUID with this time, rounded down to a millisecond: all ids from then on are greater.

    Before 1970, it is the smallest UUID.
    """
    milliseconds = max(0, int(moment.timestamp() * 1_000))
    return pgproto.UUID(milliseconds.to_bytes(_TIMESTAMP_BYTES, "big") + bytes(_HASH_BYTES))


def time_of_id(value: UUID) -> datetime:
    """Return the time in an id, in UTC: when it was created, or its parent was.

    Raises:
        ValueError: the id isn't made by this module, and the time is after the year 9999.
    """
    milliseconds = int.from_bytes(value.bytes[:_TIMESTAMP_BYTES], "big")
    return _EPOCH + timedelta(milliseconds=milliseconds)


def format_id(prefix: str, value: UUID) -> str:
    """Return the text of an id, such as `evt_01h455vb4pex5vsknk084sn02q`."""
    bits = value.int
    return f"{prefix}_{''.join([_PAIRS[(bits >> shift) & 0x3FF] for shift in _PAIR_SHIFTS])}"


def parse_id(prefix: str, text: str) -> UUID:
    """Return the UUID of an id's text.

    Raises:
        InvalidIdError: the text has another prefix or length, or a character that isn't in the alphabet.
    """
    found_prefix, _, encoded = text.rpartition("_")
    if found_prefix != prefix or len(encoded) != _TEXT_LENGTH or encoded[0] > "7":
        raise InvalidIdError(f"Not an id of the form {prefix}_…: {text[:80]!r}")
    bits = 0
    for character in encoded:
        value = _VALUES.get(character)
        if value is None:
            raise InvalidIdError(f"Not an id of the form {prefix}_…: {text[:80]!r}")
        bits = bits << 5 | value
    return UUID(int=bits)


def ids_beginning_with(prefix: str, text: str) -> tuple[UUID, UUID]:
    """Return the first and the last of the ids whose text begins so; `text` can be a whole id.

    Raises:
        InvalidIdError: no id begins so.
    """
    beginning = f"{prefix}_"
    missing = len(beginning) + _TEXT_LENGTH - len(text)
    # A first character above 7 would be more than 128 bits.
    last = "7" + "z" * (missing - 1) if text == beginning else "z" * missing
    return parse_id(prefix, text + "0" * missing), parse_id(prefix, text + last)


def _uuid(content: bytes, *, version: int) -> UUID:
    """Return 16 bytes as a UUID, with its version and variant bits set (RFC 9562 §4)."""
    marked = bytearray(content)
    marked[6] = marked[6] & 0x0F | version << 4
    marked[8] = marked[8] & 0x3F | 0x80
    # The class that asyncpg returns for ids. It is implemented in C and ten times as fast.
    return pgproto.UUID(bytes(marked))
