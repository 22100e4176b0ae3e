"""What the lists of viewers show of titles."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.video.errors import TitleNotFoundError
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.model.watching import MATURITIES, Card, Profile
from ninefold.systems.video.store.cards import card_list, card_list_ids_similar, card_list_status
from ninefold.systems.video.watching_errors import TitleNotPlayableError

SIMILAR_MAX: Final = 20


async def list_cards(
    connection: Connection, *, organisation_id: UUID, profile: Profile | None, title_ids: Sequence[UUID]
) -> list[Card]:
    """Return titles in the given order, without those that can't be played or that the profile may not see."""
    found = await card_list(
        connection,
        organisation_id=organisation_id,
        profile_id=None if profile is None else profile.profile_id,
        maturity_max=maturity_max_of(profile),
        title_ids=list(set(title_ids)),
    )
    by_id = {card.title_id: card for card in found}
    return [by_id[title_id] for title_id in dict.fromkeys(title_ids) if title_id in by_id]


async def get_card(connection: Connection, *, organisation_id: UUID, profile_id: UUID | None, title_id: UUID) -> Card:
    """Return a title of an organisation as lists show it, for viewers of any age.

    Raises:
        TitleNotFoundError: the organisation has no such title.
        TitleNotPlayableError: nothing of it can be played.
    """
    found = await card_list(
        connection,
        organisation_id=organisation_id,
        profile_id=profile_id,
        maturity_max=MATURITIES[-1],
        title_ids=[title_id],
    )
    if found:
        return found[0]
    status = await check_title(connection, organisation_id=organisation_id, title_id=title_id)
    raise TitleNotPlayableError(
        f"{format_id(TITLE_PREFIX, title_id)} is {status}, and nothing of it can be played.",
        remedy="Upload it again."
        if status in {"failed", "canceled"}
        else "Wait until it has `playable_at`, which is seconds after its first bytes.",
    )


async def check_title(connection: Connection, *, organisation_id: UUID, title_id: UUID) -> str:
    """Return the status of a title of an organisation.

    Raises:
        TitleNotFoundError: the organisation has no such title.
    """
    status = await card_list_status(connection, organisation_id=organisation_id, title_id=title_id)
    if status is None:
        raise TitleNotFoundError(
            f"There is no title {format_id(TITLE_PREFIX, title_id)}.", remedy="List the titles to see their ids."
        )
    return status


async def list_similar(
    connection: Connection, *, organisation_id: UUID, profile: Profile | None, card: Card
) -> list[Card]:
    """Return the titles that have most in common with a title."""
    title_ids = await card_list_ids_similar(
        connection,
        organisation_id=organisation_id,
        maturity_max=maturity_max_of(profile),
        title_id=card.title_id,
        tags=card.tags,
        limit=SIMILAR_MAX,
    )
    return await list_cards(connection, organisation_id=organisation_id, profile=profile, title_ids=title_ids)


def maturity_max_of(profile: Profile | None) -> int:
    """Return the highest age that titles may be for; without a profile, there is no limit."""
    return MATURITIES[-1] if profile is None else profile.maturity_max
