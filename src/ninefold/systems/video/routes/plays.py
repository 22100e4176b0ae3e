"""The HTTP routes for plays, and for how playing goes."""

from datetime import UTC, datetime
from typing import Annotated, Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.access import access
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.ids import parse_body_id
from ninefold.core.web.problems import problem_responses
from ninefold.systems.video.model.watching import PROFILE_PREFIX
from ninefold.systems.video.routes.play_wire import (
    ExperienceView,
    PlayAddresses,
    PlayId,
    PlayView,
    StartPlay,
    show_experience,
)
from ninefold.systems.video.routes.watching_wire import WatchedTitleId
from ninefold.systems.video.service import plays as service
from ninefold.systems.video.service.cards import check_title
from ninefold.systems.video.service.profiles import get_profile

_VIDEO: Final = "/api/v1/video"
_TITLE: Final = f"{_VIDEO}/titles/{{title_id:str}}"
_RENEWAL: Final = f"{_VIDEO}/plays/{{play_id:str}}/renew"
_TAGS: Final = ["video"]
_VIEWERS: Final = access(not_audited="Viewers do it, at the rate of watching; plays are counted in the experience.")

DAYS_MAX: Final = 400
Days = Annotated[int, QueryParameter(ge=1, le=DAYS_MAX, description="How many days back to look.")]


@post(f"{_TITLE}/plays", tags=_TAGS, status_code=201, opt=_VIEWERS, responses=problem_responses(403, 409, 422))
async def start_play(
    *,
    title_id: FromPath[WatchedTitleId],
    data: FromBody[StartPlay],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    play_addresses: NamedDependency[PlayAddresses],
) -> PlayView:
    """Start to play a title.

    The response has the addresses for players, which need no key, and says where the profile was. The title can still
    be uploading.
    """
    profile_id = None if data.profile_id is None else parse_body_id(PROFILE_PREFIX, data.profile_id, field="profile_id")
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        profile = (
            None
            if profile_id is None
            else await get_profile(connection, organisation_id=principal.organisation_id, profile_id=profile_id)
        )
        play, card = await service.start_play(
            connection,
            organisation_id=principal.organisation_id,
            title_id=title_id,
            profile=profile,
            device=data.device,
            now=now,
        )
    return play_addresses.show(play, card, now=now)


@post(
    f"{_VIDEO}/plays/{{play_id:str}}/renew",
    tags=_TAGS,
    status_code=200,
    opt=_VIEWERS,
    responses=problem_responses(403, 409),
)
async def renew_play(
    play_id: FromPath[PlayId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    play_addresses: NamedDependency[PlayAddresses],
) -> PlayView:
    """Get new addresses for a play.

    For players that play for longer than their token is valid. The play stays the same one.
    """
    now = datetime.now(UTC)
    async with database.snapshot() as connection:
        play, card = await service.get_play(connection, organisation_id=principal.organisation_id, play_id=play_id)
    return play_addresses.show(play, card, now=now)


@get(f"{_TITLE}/experience", tags=_TAGS)
async def get_title_experience(
    title_id: FromPath[WatchedTitleId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    days: FromQuery[Days] = 7,
) -> ExperienceView:
    """Show how playing a title went.

    From the beacons of players: how many watch now, how long joining took, how much they had to wait.
    """
    async with database.snapshot() as connection:
        await check_title(connection, organisation_id=principal.organisation_id, title_id=title_id)
        found = await service.get_experience(
            connection,
            organisation_id=principal.organisation_id,
            title_id=title_id,
            days=days,
            now=datetime.now(UTC),
        )
    return show_experience(found)


@get(f"{_VIDEO}/experience", tags=_TAGS)
async def get_experience(
    principal: NamedDependency[Principal], database: NamedDependency[Database], days: FromQuery[Days] = 7
) -> ExperienceView:
    """Show how playing went.

    In all and for each title, the 50 with most plays.
    """
    async with database.snapshot() as connection:
        found = await service.get_experience(
            connection,
            organisation_id=principal.organisation_id,
            title_id=None,
            days=days,
            now=datetime.now(UTC),
        )
    return show_experience(found)


PLAY_ROUTES: Final[list[HTTPRouteHandler]] = [start_play, renew_play, get_title_experience, get_experience]
