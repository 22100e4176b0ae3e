"""The HTTP routes for what a profile watches: rows, its list, positions, search and similar titles."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.access import access
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.problems import problem_responses
from ninefold.systems.video.model.watching import Profile
from ninefold.systems.video.routes.cards import CardShower
from ninefold.systems.video.routes.watching_wire import (
    CardList,
    CardView,
    HitList,
    PositionView,
    ProfileId,
    ReportPosition,
    RowList,
    WatchedTitleId,
    show_position,
)
from ninefold.systems.video.rules.positions import report
from ninefold.systems.video.rules.words import QUERY_LENGTH_MAX
from ninefold.systems.video.service import cards, positions
from ninefold.systems.video.service.profiles import get_profile, get_title_for
from ninefold.systems.video.service.recommendations import Models, list_like
from ninefold.systems.video.service.rows import list_rows
from ninefold.systems.video.service.search import search

_VIDEO: Final = "/api/v1/video"
_PROFILE: Final = f"{_VIDEO}/profiles/{{profile_id:str}}"
_LIST: Final = f"{_PROFILE}/list"
_LISTED: Final = f"{_LIST}/{{title_id:str}}"
_POSITION: Final = f"{_PROFILE}/positions/{{title_id:str}}"
_TAGS: Final = ["video"]
_VIEWERS: Final = access(not_audited="Viewers do it, at the rate of watching; what they do is listed itself.")
_TITLE_PROBLEMS: Final = problem_responses(403, 409)

SEARCH_LIMIT_MAX: Final = 50

SearchText = Annotated[
    str,
    QueryParameter(
        max_length=QUERY_LENGTH_MAX,
        description="What was typed so far. Up to 6 words count; the last one can be the beginning of a word.",
    ),
]
SearchLimit = Annotated[
    int, QueryParameter(ge=1, le=SEARCH_LIMIT_MAX, description="The maximum number of titles that are found.")
]
ForProfile = Annotated[
    ProfileId,
    QueryParameter(description="Only what this profile may see, with its positions; without it, titles for any age."),
]


@get(f"{_PROFILE}/rows", tags=_TAGS)
async def list_profile_rows(
    *,
    profile_id: FromPath[ProfileId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    card_shower: NamedDependency[CardShower],
    models: NamedDependency[Models],
) -> RowList:
    """List what a profile might watch now.

    Rows of up to 20 titles, the most personal first, each with the reason why it is there.
    """
    async with database.snapshot() as connection:
        profile = await get_profile(connection, organisation_id=principal.organisation_id, profile_id=profile_id)
        rows = await list_rows(connection, profile, models, now=datetime.now(UTC))
    return card_shower.show_rows(rows)


@get(f"{_PROFILE}/continue", tags=_TAGS)
async def list_titles_to_continue(
    *,
    profile_id: FromPath[ProfileId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    card_shower: NamedDependency[CardShower],
) -> CardList:
    """List what a profile has begun and not finished.

    What it watched last comes first, whatever the device; at most 20.
    """
    async with database.snapshot() as connection:
        profile = await get_profile(connection, organisation_id=principal.organisation_id, profile_id=profile_id)
        found = await positions.list_to_continue(connection, profile)
    return card_shower.show_cards(found)


@get(_LIST, tags=_TAGS)
async def list_listed_titles(
    *,
    profile_id: FromPath[ProfileId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    card_shower: NamedDependency[CardShower],
) -> CardList:
    """List what a profile wants to watch.

    What was added last comes first; at most 500.
    """
    async with database.snapshot() as connection:
        profile = await get_profile(connection, organisation_id=principal.organisation_id, profile_id=profile_id)
        found = await positions.list_listed(connection, profile)
    return card_shower.show_cards(found)


@put(_LISTED, tags=_TAGS, opt=_VIEWERS, responses=_TITLE_PROBLEMS)
async def add_to_list(
    *,
    profile_id: FromPath[ProfileId],
    title_id: FromPath[WatchedTitleId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    card_shower: NamedDependency[CardShower],
) -> CardView:
    """Put a title on the list of a profile.

    It can be there already. A list has up to 500.
    """
    async with database.transaction() as connection:
        profile = await get_profile(connection, organisation_id=principal.organisation_id, profile_id=profile_id)
        await get_title_for(connection, profile, title_id)
        await positions.add_to_list(connection, profile_id=profile_id, title_id=title_id)
        card = await get_title_for(connection, profile, title_id)
    return card_shower.show_card(card)


@delete(_LISTED, tags=_TAGS, opt=_VIEWERS)
async def remove_from_list(
    profile_id: FromPath[ProfileId],
    title_id: FromPath[WatchedTitleId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Take a title off the list of a profile.

    It needn't be there.
    """
    async with database.transaction() as connection:
        await get_profile(connection, organisation_id=principal.organisation_id, profile_id=profile_id)
        await cards.check_title(connection, organisation_id=principal.organisation_id, title_id=title_id)
        await positions.remove_from_list(connection, profile_id=profile_id, title_id=title_id)


@get(_POSITION, tags=_TAGS, responses=_TITLE_PROBLEMS)
async def get_position(
    profile_id: FromPath[ProfileId],
    title_id: FromPath[WatchedTitleId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> PositionView:
    """Show how far a profile is in a title."""
    async with database.snapshot() as connection:
        profile = await get_profile(connection, organisation_id=principal.organisation_id, profile_id=profile_id)
        card = await get_title_for(connection, profile, title_id)
    return show_position(card, card.position)


@put(_POSITION, tags=_TAGS, opt=_VIEWERS, responses=_TITLE_PROBLEMS)
async def report_position(
    *,
    profile_id: FromPath[ProfileId],
    title_id: FromPath[WatchedTitleId],
    data: FromBody[ReportPosition],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> PositionView:
    """Report where a device is in a title.

    The latest `watched_at` of all devices wins, whatever the order in which reports come, so a device that was offline
    sends what it has. The response says what is known then. Players needn't call this: their beacons do the same.
    """
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        profile = await get_profile(connection, organisation_id=principal.organisation_id, profile_id=profile_id)
        card = await get_title_for(connection, profile, title_id)
        reported = report(
            position_s=data.position_s,
            duration_s=card.duration_s,
            watched_at=data.watched_at or now,
            now=now,
            device=data.device,
            is_ended=False,
        )
        merged = await positions.merge_position(connection, profile_id=profile_id, title_id=title_id, position=reported)
    return show_position(card, merged)


@delete(_POSITION, tags=_TAGS, opt=_VIEWERS)
async def forget_position(
    profile_id: FromPath[ProfileId],
    title_id: FromPath[WatchedTitleId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Forget that a profile has watched a title.

    It needn't have.
    """
    async with database.transaction() as connection:
        await get_profile(connection, organisation_id=principal.organisation_id, profile_id=profile_id)
        await cards.check_title(connection, organisation_id=principal.organisation_id, title_id=title_id)
        await positions.forget_position(connection, profile_id=profile_id, title_id=title_id)


@get(f"{_VIDEO}/search", tags=_TAGS, responses=problem_responses(404))
async def search_titles(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    card_shower: NamedDependency[CardShower],
    q: FromQuery[SearchText] = "",
    profile_id: FromQuery[ForProfile | None] = None,
    limit: SearchLimit = 20,
) -> HitList:
    """Search for titles.

    By words of the name, the tags and the description, with up to two typing errors in a long word, best first. It is
    quick enough for each key that is pressed. Without a query, it lists the latest titles.
    """
    async with database.snapshot() as connection:
        profile = await _profile_or_none(connection, principal, profile_id)
        hits = await search(connection, organisation_id=principal.organisation_id, profile=profile, text=q, limit=limit)
    return card_shower.show_hits(hits)


@get(f"{_VIDEO}/titles/{{title_id:str}}/similar", tags=_TAGS, responses=_TITLE_PROBLEMS)
async def list_similar_titles(
    *,
    title_id: FromPath[WatchedTitleId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    card_shower: NamedDependency[CardShower],
    models: NamedDependency[Models],
    profile_id: FromQuery[ForProfile | None] = None,
) -> CardList:
    """List titles that are like a title.

    First what the same people like, as far as a model knows that, then what shares most tags; at most 20.
    """
    async with database.snapshot() as connection:
        profile = await _profile_or_none(connection, principal, profile_id)
        card = (
            await cards.get_card(
                connection, organisation_id=principal.organisation_id, profile_id=None, title_id=title_id
            )
            if profile is None
            else await get_title_for(connection, profile, title_id)
        )
        found = await list_like(
            connection, models, organisation_id=principal.organisation_id, profile=profile, card=card
        )
    return card_shower.show_cards(found)


async def _profile_or_none(connection: Connection, principal: Principal, profile_id: UUID | None) -> Profile | None:
    if profile_id is None:
        return None
    return await get_profile(connection, organisation_id=principal.organisation_id, profile_id=profile_id)


WATCHING_ROUTES: Final[list[HTTPRouteHandler]] = [
    list_profile_rows,
    list_titles_to_continue,
    list_listed_titles,
    add_to_list,
    remove_from_list,
    get_position,
    report_position,
    forget_position,
    search_titles,
    list_similar_titles,
]
