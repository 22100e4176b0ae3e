"""The parts of an organisation's messages that a search looks at, one after the other, and how the index finds them.

The index has a term for the block of 1,024 messages that a message is in, one for the block of 16,384, and so on
(`messaging.search_terms`). A search looks at the latest one or two blocks of each size, so each part is larger than the
one before, and older. Most searches end early, and those for a rare word find few messages in a large part.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple
from uuid import UUID

BLOCK_BITS: Final = (10, 14, 18, 22, 26)
"""The sizes of blocks: 2 to the power of these."""

_ID_LENGTH: Final = 12


class SearchPart(NamedTuple):
    """Consecutive messages."""

    terms: str
    """What they have in the index, as a query of PostgreSQL."""
    first: int
    """The smallest ordinal."""
    last: int


def parts_of(organisation_id: UUID, *, first: int, last: int) -> list[SearchPart]:
    """Return parts from an ordinal back to another one, the latest part first; at most about 134 million messages."""
    return list(_parts(organisation_id, first=first, last=last))


def block_term(organisation_id: UUID, *, bits: int, block: int) -> str:
    """Return the term of the messages of a block."""
    return _quote(f"{bits} {_short(organisation_id)} {block}")


def conditions_of(
    *,
    authors: Collection[UUID] | None,
    channels: Collection[UUID] | None,
    marks: Sequence[str],
) -> list[str]:
    """Return what messages also have in the index, as queries of PostgreSQL of which all have to match.

    Args:
        authors: members of whom one has written it; None for any.
        channels: channels of which it is in one; None for any.
        marks: what it has: `file`, `link`, `thread`.
    """
    conditions = [_quote(mark) for mark in marks]
    for word, ids in (("from", authors), ("in", channels)):
        if ids is not None:
            conditions.append(_any_of([_quote(f"{word} {_short(each)}") for each in sorted(ids)]))
    return conditions


def _parts(organisation_id: UUID, *, first: int, last: int) -> Iterator[SearchPart]:
    for bits in BLOCK_BITS:
        if last < first:
            return
        newest = last >> bits
        blocks = [block for block in (newest, newest - 1) if block >= 0]
        oldest = blocks[-1] << bits
        terms = [block_term(organisation_id, bits=bits, block=block) for block in blocks]
        yield SearchPart(_any_of(terms), max(first, oldest), last)
        last = oldest - 1


def _short(some_id: UUID) -> str:
    return str(some_id)[-_ID_LENGTH:]


def _quote(term: str) -> str:
    return f"' {term}'"


def _any_of(terms: Sequence[str]) -> str:
    return f"({' | '.join(terms)})"
