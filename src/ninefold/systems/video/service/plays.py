"""Plays: viewing sessions, what their players tell, and what that says about how playing goes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ninefold.core.ids import InvalidIdError, format_id, new_id, parse_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.plays import (
    PLAY_PREFIX,
    Beacon,
    EventType,
    Experience,
    JoinCount,
    Play,
    PlaySums,
    TitleFigures,
)
from ninefold.systems.video.model.watching import Card, Profile
from ninefold.systems.video.rules.experience import figures_of, sums_of
from ninefold.systems.video.rules.positions import report
from ninefold.systems.video.service.cards import get_card
from ninefold.systems.video.service.positions import merge_position
from ninefold.systems.video.service.profiles import get_profile, get_title_for
from ninefold.systems.video.service.tokens import PlayToken
from ninefold.systems.video.store import plays as store
from ninefold.systems.video.watching_errors import InvalidBeaconError, PlayNotFoundError

WATCHING_FOR: Final = timedelta(seconds=30)
"""Who was heard of that lately is watching now."""

STARTED_MAX: Final = timedelta(hours=12)
"""Who has begun longer ago isn't counted among those who watch now."""

GAPS_MAX: Final = 500
"""Runs of beacons between which one is missing; a player that skips more isn't one."""

TITLES_MAX: Final = 100_000
BY_TITLE_MAX: Final = 50
_JOINS_MAX: Final = 1_000_000


async def start_play(
    connection: Connection,
    *,
    organisation_id: UUID,
    title_id: UUID,
    profile: Profile | None,
    device: str,
    now: datetime,
) -> tuple[Play, Card]:
    """Begin a viewing session; return it and the title.

    Raises:
        TitleNotFoundError: the organisation has no such title.
        TitleNotPlayableError: nothing of it can be played.
        TitleTooMatureError: it is for older viewers than the profile.
    """
    card = await _get_title(connection, organisation_id, title_id, profile)
    play = Play(
        play_id=new_id(),
        organisation_id=organisation_id,
        title_id=title_id,
        profile_id=None if profile is None else profile.profile_id,
        started_at=now,
    )
    await store.play_insert(connection, play=play, device=device)
    return play, card


async def get_play(connection: Connection, *, organisation_id: UUID, play_id: UUID) -> tuple[Play, Card]:
    """Return a play that may go on, and its title.

    Raises:
        PlayNotFoundError: the organisation has no such play, or it was deleted because it is old.
        TitleNotPlayableError: the title was canceled meanwhile.
        TitleTooMatureError: the profile was limited meanwhile.
    """
    play = await store.play_find(connection, organisation_id=organisation_id, play_id=play_id)
    if play is None:
        raise PlayNotFoundError(f"There is no play {format_id(PLAY_PREFIX, play_id)}.", remedy="Start another one.")
    profile = (
        None
        if play.profile_id is None
        else await get_profile(connection, organisation_id=organisation_id, profile_id=play.profile_id)
    )
    return play, await _get_title(connection, organisation_id, play.title_id, profile)


async def record_beacons(connection: Connection, token: PlayToken, beacons: Sequence[Beacon], *, now: datetime) -> int:
    """Add up what a player tells of its play, and move the position of its profile.

    What was added already isn't added again, so a player may send everything twice.

    Args:
        connection: in the caller's transaction.
        token: of the address that they came to.
        beacons: in any order.
        now: the server's time.

    Returns:
        How many were new.

    Raises:
        InvalidBeaconError: a beacon is of another play than the address.
    """
    count = 0
    # In one order, so that two requests of a player wait for each other in one direction.
    for beacon in sorted(beacons, key=lambda each: each.sequence):
        _check_play(beacon, token)
        at = min(beacon.at, now)
        added = await store.play_add_beacon(
            connection,
            organisation_id=token.organisation_id,
            title_id=token.title_id,
            play_id=token.session_id,
            sequence=beacon.sequence,
            seen_at=at,
            device=beacon.device.replace("\0", ""),
            sums=sums_of(beacon, now=now),
            gaps_max=GAPS_MAX,
        )
        if added is None:
            continue
        count += 1
        profile_id, duration_us = added
        if profile_id is None or beacon.position_s is None:
            continue
        position = report(
            position_s=beacon.position_s,
            duration_s=None if duration_us is None else duration_us / 1_000_000,
            watched_at=at,
            now=now,
            device=beacon.device.replace("\0", ""),
            is_ended=bool(beacon.events) and beacon.events[-1].type is EventType.ENDED,
        )
        await merge_position(connection, profile_id=profile_id, title_id=token.title_id, position=position)
    return count


async def get_experience(
    connection: Connection, *, organisation_id: UUID, title_id: UUID | None, days: int, now: datetime
) -> Experience:
    """Return how playing went in the last days, for an organisation or for one title."""
    since = now - timedelta(days=days)
    sums = await store.play_list_sums(
        connection, organisation_id=organisation_id, title_id=title_id, since=since, limit=TITLES_MAX
    )
    joins = await store.play_list_joins(
        connection, organisation_id=organisation_id, title_id=title_id, since=since, limit=_JOINS_MAX
    )
    watching = await store.play_count_watching(
        connection,
        organisation_id=organisation_id,
        title_id=title_id,
        started_after=now - STARTED_MAX,
        seen_after=now - WATCHING_FOR,
    )
    return Experience(
        watching_now=watching, figures=figures_of(sums, joins), by_title=_by_title(sums[:BY_TITLE_MAX], joins)
    )


def _by_title(sums: Sequence[PlaySums], joins: Sequence[JoinCount]) -> list[TitleFigures]:
    joins_of: dict[UUID, list[JoinCount]] = {}
    for join in joins:
        joins_of.setdefault(join.title_id, []).append(join)
    return [
        TitleFigures(
            title_id=each.title_id, name=each.name, figures=figures_of([each], joins_of.get(each.title_id, []))
        )
        for each in sums
    ]


async def _get_title(connection: Connection, organisation_id: UUID, title_id: UUID, profile: Profile | None) -> Card:
    if profile is None:
        return await get_card(connection, organisation_id=organisation_id, profile_id=None, title_id=title_id)
    return await get_title_for(connection, profile, title_id)


def _check_play(beacon: Beacon, token: PlayToken) -> None:
    try:
        is_same = parse_id(PLAY_PREFIX, beacon.play_id) == token.session_id
    except InvalidIdError:
        is_same = False
    if not is_same:
        raise InvalidBeaconError(
            "The beacon is of another play than its address.",
            field="play_id",
            remedy="Send it to beacons_url of the play.",
        )
