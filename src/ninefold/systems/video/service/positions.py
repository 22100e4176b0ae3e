"""How far profiles are in titles, and what they want to watch."""

from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.watching import Card, Position, Profile
from ninefold.systems.video.rules.positions import is_to_continue, merge
from ninefold.systems.video.service.cards import list_cards
from ninefold.systems.video.store import positions as store
from ninefold.systems.video.store.cards import card_list_ids_listed, card_list_ids_watched
from ninefold.systems.video.watching_errors import ListFullError

LIST_MAX: Final = 500
CONTINUE_MAX: Final = 20
WATCHED_READ_MAX: Final = 200
"""Titles that a profile has watched last, among which are those to continue."""


async def merge_position(connection: Connection, *, profile_id: UUID, title_id: UUID, position: Position) -> Position:
    """Add what a device has reported to what is known; return what is known then."""
    known = await store.position_lock(connection, profile_id=profile_id, title_id=title_id)
    if known is None:
        if await store.position_insert(connection, profile_id=profile_id, title_id=title_id, position=position):
            return position
        # Another device was first.
        known = await store.position_lock(connection, profile_id=profile_id, title_id=title_id)
    merged = position if known is None else merge(known, position)
    if merged != known:
        await store.position_update(connection, profile_id=profile_id, title_id=title_id, position=merged)
    return merged


async def forget_position(connection: Connection, *, profile_id: UUID, title_id: UUID) -> None:
    """Forget that a profile has watched a title."""
    await store.position_delete(connection, profile_id=profile_id, title_id=title_id)


async def list_to_continue(connection: Connection, profile: Profile) -> list[Card]:
    """Return the titles that a profile has begun and not finished, what it watched last first."""
    title_ids = await card_list_ids_watched(connection, profile_id=profile.profile_id, limit=WATCHED_READ_MAX)
    cards = await list_cards(connection, organisation_id=profile.organisation_id, profile=profile, title_ids=title_ids)
    return to_continue(cards)


async def list_listed(connection: Connection, profile: Profile) -> list[Card]:
    """Return what a profile wants to watch, latest first."""
    title_ids = await card_list_ids_listed(connection, profile_id=profile.profile_id, limit=LIST_MAX)
    return await list_cards(connection, organisation_id=profile.organisation_id, profile=profile, title_ids=title_ids)


async def add_to_list(connection: Connection, *, profile_id: UUID, title_id: UUID) -> None:
    """Put a title on the list of a profile; it can be there already.

    Raises:
        ListFullError: there are too many titles on the list.
    """
    await store.list_entry_insert(connection, profile_id=profile_id, title_id=title_id)
    if await store.list_entry_count(connection, profile_id=profile_id) > LIST_MAX:
        raise ListFullError(f"A list has up to {LIST_MAX} titles.", remedy="Take another title off the list first.")


async def remove_from_list(connection: Connection, *, profile_id: UUID, title_id: UUID) -> None:
    """Take a title off the list of a profile; it needn't be there."""
    await store.list_entry_delete(connection, profile_id=profile_id, title_id=title_id)


def to_continue(cards: list[Card]) -> list[Card]:
    """Return those of the cards that are begun and not finished."""
    found = [card for card in cards if card.position is not None and is_to_continue(card.position, card.duration_s)]
    return found[:CONTINUE_MAX]
