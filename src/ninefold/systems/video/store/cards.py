"""Queries for what the lists of viewers show."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.watching import Card, SearchCandidate
from ninefold.systems.video.store.positions import read_position
from ninefold.systems.video.store.queries import queries


async def card_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    profile_id: UUID | None,
    maturity_max: int,
    title_ids: Sequence[UUID],
) -> list[Card]:
    """Read titles as lists for viewers show them, in any order; without those that the profile may not see."""
    records = queries.card_list(
        connection,
        organisation_id=organisation_id,
        profile_id=profile_id,
        maturity_max=maturity_max,
        title_ids=title_ids,
    )
    return [_card(record) async for record in records]


async def card_list_favourite_tags(connection: Connection, *, profile_id: UUID, limit: int) -> list[str]:
    """Read the tags that a profile has watched most lately, most first."""
    records = queries.card_list_favourite_tags(connection, profile_id=profile_id, limit=limit)
    return [record["tag"] async for record in records]


async def card_list_ids_listed(connection: Connection, *, profile_id: UUID, limit: int) -> list[UUID]:
    """Read what a profile has on its list, latest first."""
    records = queries.card_list_ids_listed(connection, profile_id=profile_id, limit=limit)
    return [record["title_id"] async for record in records]


async def card_list_ids_new(
    connection: Connection, *, organisation_id: UUID, maturity_max: int, limit: int
) -> list[UUID]:
    """Read the latest playable titles, for viewers of an age."""
    records = queries.card_list_ids_new(
        connection, organisation_id=organisation_id, maturity_max=maturity_max, limit=limit
    )
    return [record["title_id"] async for record in records]


async def card_list_ids_similar(
    connection: Connection,
    *,
    organisation_id: UUID,
    maturity_max: int,
    title_id: UUID,
    tags: Sequence[str],
    limit: int,
) -> list[UUID]:
    """Read the titles that share most tags with a title, for viewers of an age."""
    records = queries.card_list_ids_similar(
        connection,
        organisation_id=organisation_id,
        maturity_max=maturity_max,
        title_id=title_id,
        tags=tags,
        limit=limit,
    )
    return [record["title_id"] async for record in records]


async def card_list_ids_tagged(
    connection: Connection, *, organisation_id: UUID, maturity_max: int, tag: str, limit: int
) -> list[UUID]:
    """Read the latest playable titles with a tag, for viewers of an age."""
    records = queries.card_list_ids_tagged(
        connection, organisation_id=organisation_id, maturity_max=maturity_max, tag=tag, limit=limit
    )
    return [record["title_id"] async for record in records]


async def card_list_ids_watched(connection: Connection, *, profile_id: UUID, limit: int) -> list[UUID]:
    """Read what a profile has watched, latest first."""
    records = queries.card_list_ids_watched(connection, profile_id=profile_id, limit=limit)
    return [record["title_id"] async for record in records]


async def card_list_status(connection: Connection, *, organisation_id: UUID, title_id: UUID) -> str | None:
    """Read the status of a title, whether or not it can be played; None if there is no such title."""
    status: str | None = await queries.card_list_status(connection, organisation_id=organisation_id, title_id=title_id)
    return status


async def card_list_tags(connection: Connection, *, organisation_id: UUID, maturity_max: int, limit: int) -> list[str]:
    """Read the tags that most of the latest titles have, most first."""
    records = queries.card_list_tags(
        connection, organisation_id=organisation_id, maturity_max=maturity_max, limit=limit
    )
    return [record["tag"] async for record in records]


async def search_word_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    words: Sequence[str],
    forms: Sequence[str],
    begun_max: int,
    limit: int,
) -> list[str]:
    """Read the words of an organisation that could be meant: the same ones, similar ones, and those that begin so.

    Args:
        connection: to the database.
        organisation_id: whose words.
        words: those of the search; the last one can be the beginning of a word.
        forms: those of similar words.
        begun_max: how many words that begin with the last one to return.
        limit: how many similar words to return.
    """
    records = queries.search_word_list(
        connection,
        organisation_id=organisation_id,
        words=words,
        forms=forms,
        beginning=words[-1],
        begun_max=begun_max,
        limit=limit,
    )
    return [record["word"] async for record in records]


async def title_search_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    maturity_max: int,
    meanings: Sequence[tuple[int, float, str]],
    exact_max: int,
    hits_max: int,
    limit: int,
) -> list[SearchCandidate]:
    """Read the titles that have most of the words of a search, those that fit best first.

    Args:
        connection: to the database.
        organisation_id: whose titles.
        maturity_max: the highest age that they may be for.
        meanings: of which word of the search, how close, and a word that it could mean.
        exact_max: how many titles with a word of the search to look at.
        hits_max: how many titles with a word that it could mean.
        limit: how many titles to return.
    """
    records = queries.title_search_list(
        connection,
        organisation_id=organisation_id,
        maturity_max=maturity_max,
        numbers=[number for number, _, _ in meanings],
        closenesses=[closeness for _, closeness, _ in meanings],
        words=[word for _, _, word in meanings],
        exact_max=exact_max,
        hits_max=hits_max,
        limit=limit,
    )
    return [SearchCandidate(**record) async for record in records]


def _card(record: Any) -> Card:
    return Card(
        title_id=record["title_id"],
        name=record["name"],
        tags=record["tags"],
        maturity=record["maturity"],
        duration_us=record["duration_us"],
        has_poster=record["has_poster"],
        playable_at=record["playable_at"],
        position=None if record["watched_at"] is None else read_position(record),
        is_listed=record["is_listed"],
    )
