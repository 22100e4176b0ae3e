"""The rows of titles that a viewer sees first, each with its reason."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.watching import Card, Profile, Row, RowItem, RowKind
from ninefold.systems.video.service.cards import list_cards
from ninefold.systems.video.service.positions import LIST_MAX, WATCHED_READ_MAX, to_continue
from ninefold.systems.video.service.recommendations import Models, list_because_rows
from ninefold.systems.video.store import cards as store
from ninefold.systems.video.store.plays import play_list_popular

ITEMS_MAX: Final = 20
TAG_ROWS_MAX: Final = 3
POPULAR_FOR: Final = timedelta(days=14)
POPULAR_PLAYS_MAX: Final = 5_000
"""The latest plays, among which those titles are that are popular."""
_READ_MAX: Final = 2 * ITEMS_MAX
"""More than a row has, because those that are finished are left out."""


async def list_rows(connection: Connection, profile: Profile, models: Models, *, now: datetime) -> list[Row]:
    """Return the rows of a profile, the most personal first; none is empty."""
    organisation_id, maturity_max = profile.organisation_id, profile.maturity_max
    watched = await store.card_list_ids_watched(connection, profile_id=profile.profile_id, limit=WATCHED_READ_MAX)
    listed = await store.card_list_ids_listed(connection, profile_id=profile.profile_id, limit=LIST_MAX)
    new = await store.card_list_ids_new(
        connection, organisation_id=organisation_id, maturity_max=maturity_max, limit=_READ_MAX
    )
    popular = await play_list_popular(
        connection,
        organisation_id=organisation_id,
        since=now - POPULAR_FOR,
        plays_max=POPULAR_PLAYS_MAX,
        limit=_READ_MAX,
    )
    tags = await _tags_for(connection, profile)
    tagged = {
        tag: await store.card_list_ids_tagged(
            connection, organisation_id=organisation_id, maturity_max=maturity_max, tag=tag, limit=_READ_MAX
        )
        for tag in tags
    }
    title_ids = [*watched, *listed, *popular, *new, *(title_id for found in tagged.values() for title_id in found)]
    cards = {
        card.title_id: card
        for card in await list_cards(connection, organisation_id=organisation_id, profile=profile, title_ids=title_ids)
    }
    rows = [
        _row(
            RowKind.CONTINUE,
            "Go on watching",
            "on every device where you left it",
            to_continue(_cards_of(watched, cards)),
        ),
        *await list_because_rows(connection, profile, models),
        _row(RowKind.MY_LIST, "My list", None, _cards_of(listed, cards)),
        _row(RowKind.POPULAR, "Popular", "what most people began lately", _unfinished(_cards_of(popular, cards))),
        _row(RowKind.NEW, "New", "added last", _unfinished(_cards_of(new, cards))),
        *[_row(RowKind.TAG, tag, reason, _unfinished(_cards_of(tagged[tag], cards))) for tag, reason in tags.items()],
    ]
    return [row for row in rows if row.items]


async def _tags_for(connection: Connection, profile: Profile) -> dict[str, str]:
    """Return tags to show rows of, with the reason: those that the profile watches, then those of most titles."""
    favourite = await store.card_list_favourite_tags(connection, profile_id=profile.profile_id, limit=TAG_ROWS_MAX)
    tags = dict.fromkeys(favourite, "because you watch these")
    if len(tags) < TAG_ROWS_MAX:
        for tag in await store.card_list_tags(
            connection,
            organisation_id=profile.organisation_id,
            maturity_max=profile.maturity_max,
            limit=2 * TAG_ROWS_MAX,
        ):
            tags.setdefault(tag, "many titles have this tag")
    return dict(list(tags.items())[:TAG_ROWS_MAX])


def _cards_of(title_ids: Sequence[UUID], cards: dict[UUID, Card]) -> list[Card]:
    return [cards[title_id] for title_id in title_ids if title_id in cards]


def _unfinished(cards: Sequence[Card]) -> list[Card]:
    return [card for card in cards if card.position is None or card.position.finished_at is None]


def _row(kind: RowKind, title: str, reason: str | None, cards: Sequence[Card]) -> Row:
    return Row(kind=kind, title=title, reason=reason, items=[RowItem(card=card) for card in cards[:ITEMS_MAX]])
