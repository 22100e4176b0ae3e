"""Profiles: who watches, and what they may see."""

from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.model.watching import PROFILE_PREFIX, Card, Maturity, Profile
from ninefold.systems.video.service.cards import get_card
from ninefold.systems.video.store import profiles as store
from ninefold.systems.video.watching_errors import ProfileExistsError, ProfileNotFoundError, TitleTooMatureError

NAME_LENGTH_MAX: Final = 80
EXTERNAL_ID_LENGTH_MAX: Final = 200


async def create_profile(
    connection: Connection, *, organisation_id: UUID, name: str, maturity_max: Maturity, external_id: str | None
) -> Profile:
    """Create a profile.

    Raises:
        ProfileExistsError: there is one with this external id.
    """
    created = await store.profile_insert(
        connection,
        profile_id=new_id(),
        organisation_id=organisation_id,
        name=name,
        maturity_max=maturity_max,
        external_id=external_id,
    )
    if created is None:
        raise ProfileExistsError(
            f"There is a profile with the external id {external_id!r} already.",
            field="external_id",
            remedy=f"Use it: GET /api/v1/video/profiles?external_id={external_id} shows it.",
        )
    return created


async def get_profile(connection: Connection, *, organisation_id: UUID, profile_id: UUID) -> Profile:
    """Return a profile of an organisation.

    Raises:
        ProfileNotFoundError: it has no such profile.
    """
    found = await store.profile_find(connection, organisation_id=organisation_id, profile_id=profile_id)
    if found is None:
        raise ProfileNotFoundError(
            f"There is no profile {format_id(PROFILE_PREFIX, profile_id)}.",
            remedy="List the profiles to see their ids.",
        )
    return found


async def list_profiles(
    connection: Connection, *, organisation_id: UUID, external_id: str | None, after: UUID | None, limit: int
) -> list[Profile]:
    """Return a page of the profiles of an organisation, oldest first."""
    return await store.profile_list(
        connection, organisation_id=organisation_id, external_id=external_id, after=after, limit=limit
    )


async def change_profile(
    connection: Connection, profile: Profile, *, name: str | None, maturity_max: Maturity | None
) -> Profile:
    """Change what is given of a profile."""
    return await store.profile_update(
        connection,
        profile_id=profile.profile_id,
        name=profile.name if name is None else name,
        maturity_max=profile.maturity_max if maturity_max is None else maturity_max,
    )


async def delete_profile(connection: Connection, *, organisation_id: UUID, profile_id: UUID) -> None:
    """Delete a profile with all that it has watched.

    Raises:
        ProfileNotFoundError: the organisation has no such profile.
    """
    if not await store.profile_delete(connection, organisation_id=organisation_id, profile_id=profile_id):
        await get_profile(connection, organisation_id=organisation_id, profile_id=profile_id)


async def get_title_for(connection: Connection, profile: Profile, title_id: UUID) -> Card:
    """Return a title that a profile may watch.

    Raises:
        TitleNotFoundError: the organisation has no such title.
        TitleNotPlayableError: nothing of it can be played.
        TitleTooMatureError: it is for older viewers.
    """
    card = await get_card(
        connection, organisation_id=profile.organisation_id, profile_id=profile.profile_id, title_id=title_id
    )
    if card.maturity > profile.maturity_max:
        raise TitleTooMatureError(
            f"{format_id(TITLE_PREFIX, title_id)} is for viewers from {card.maturity}, and the profile "
            f"{profile.name!r} sees what is for viewers up to {profile.maturity_max}.",
            remedy="Choose another title, or raise `maturity_max` of the profile.",
        )
    return card
