"""The HTTP routes for titles."""

from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, Parameter

from ninefold.core.clock import Clock
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody, JsonRequest
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.site import Site
from ninefold.core.web.surfaces import Connection
from ninefold.systems.video.model.progress import TitleProgress
from ninefold.systems.video.model.titles import Title, TitleStatus
from ninefold.systems.video.routes.ladder_wire import LadderView, show_ladder
from ninefold.systems.video.routes.title_wire import TitleId, TitleView, UpdateTitle, read_fields, show_title
from ninefold.systems.video.service import titles as service
from ninefold.systems.video.service.actors import actor_of
from ninefold.systems.video.service.ladder import get_ladder
from ninefold.systems.video.service.progress import read_progress
from ninefold.systems.video.service.removal import remove_title_later
from ninefold.systems.video.service.tokens import PlaySigner, Urls, new_play_token, urls_of

TITLES_PATH: Final = "/api/v1/video/titles"
TITLE_PATH: Final = f"{TITLES_PATH}/{{title_id:str}}"
TAGS: Final = ["video"]

_title_list = PagedList("video_titles", UUID)

_NameFilter = Annotated[str, msgspec.Meta(description="Only titles with this text in their names, in any case.")]


class TitleShower(msgspec.Struct, frozen=True, kw_only=True):
    """Shows titles as the API does, with addresses for players.

    Args:
        signer: signs their tokens.
        site: what addresses begin with.
        lifetime_s: how long they can be played.
        clock: the time.
    """

    signer: PlaySigner
    site: Site
    lifetime_s: float
    clock: Clock

    def show(self, progress: TitleProgress, connection: Connection) -> TitleView:
        """Return a title as the API shows it."""
        return show_title(progress, self._urls(progress.title, connection))

    def _urls(self, title: Title, connection: Connection) -> Urls | None:
        if title.first_bytes_at is None or title.status is TitleStatus.CANCELED:
            return None
        if title.status is TitleStatus.FAILED and title.playable_at is None:
            return None
        token = new_play_token(
            self.signer,
            title_id=title.title_id,
            organisation_id=title.organisation_id,
            expires_at=self._expires_at(),
        )
        return urls_of(title.title_id, token, base_url=self.site.base_url(connection))

    def _expires_at(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.lifetime_s)


@get(TITLES_PATH, tags=TAGS)
async def list_video_titles(
    *,
    request: JsonRequest,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    title_shower: NamedDependency[TitleShower],
    status: Annotated[TitleStatus | None, Parameter(description="Only titles with this status.")] = None,
    q: FromQuery[_NameFilter | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[TitleView]:
    """List titles.

    Latest first, whatever their status.
    """
    query = _title_list.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await service.list_titles(
            connection,
            organisation_id=principal.organisation_id,
            status=status,
            words=q,
            before=query.position,
            limit=query.rows_max,
        )
        progress = await read_progress(connection, found)
    return query.page(
        progress, position_of=lambda each: each.title.title_id, show=lambda each: title_shower.show(each, request)
    )


@get(TITLE_PATH, tags=TAGS)
async def get_video_title(
    *,
    title_id: FromPath[TitleId],
    request: JsonRequest,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    title_shower: NamedDependency[TitleShower],
) -> TitleView:
    """Show a title.

    With how far it is, and the addresses for players.
    """
    return await _show(title_id, request, principal, database, title_shower)


@get(f"{TITLE_PATH}/ladder", tags=TAGS)
async def get_video_ladder(
    title_id: FromPath[TitleId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> LadderView:
    """Show how far each quality of a title is, chunk by chunk."""
    async with database.snapshot() as connection:
        ladder = await get_ladder(connection, title_id, organisation_id=principal.organisation_id)
    return show_ladder(ladder)


@patch(TITLE_PATH, tags=TAGS)
async def update_video_title(
    *,
    title_id: FromPath[TitleId],
    data: FromBody[UpdateTitle],
    request: JsonRequest,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    title_shower: NamedDependency[TitleShower],
) -> TitleView:
    """Change what people say about a title."""
    async with database.transaction() as connection:
        _, changed = await service.change_title(
            connection, title_id, organisation_id=principal.organisation_id, fields=read_fields(data)
        )
    changed.notify(notifier)
    return await _show(title_id, request, principal, database, title_shower)


@post(f"{TITLE_PATH}/cancel", status_code=200, tags=TAGS, responses=problem_responses(409))
async def cancel_video_title(
    *,
    title_id: FromPath[TitleId],
    request: JsonRequest,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    clock: NamedDependency[Clock],
    title_shower: NamedDependency[TitleShower],
) -> TitleView:
    """Cancel a title.

    Its upload takes no more bytes, what encodes it stops within seconds, and what was made is removed.
    """
    async with database.transaction() as connection:
        changed = await service.cancel_title(
            connection,
            title_id,
            organisation_id=principal.organisation_id,
            by=await actor_of(connection, principal),
            at=clock.now(),
        )
        await remove_title_later(connection, title_id, organisation_id=principal.organisation_id)
    changed.notify(notifier)
    return await _show(title_id, request, principal, database, title_shower)


@post(f"{TITLE_PATH}/retry", status_code=200, tags=TAGS, responses=problem_responses(409))
async def retry_video_title(
    *,
    title_id: FromPath[TitleId],
    request: JsonRequest,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    clock: NamedDependency[Clock],
    title_shower: NamedDependency[TitleShower],
) -> TitleView:
    """Do again what has failed.

    What was encoded stays, and isn't encoded again.
    """
    async with database.transaction() as connection:
        changed = await service.retry_title(
            connection, title_id, organisation_id=principal.organisation_id, at=clock.now()
        )
    changed.notify(notifier)
    return await _show(title_id, request, principal, database, title_shower)


@delete(TITLE_PATH, tags=TAGS)
async def delete_video_title(
    *,
    title_id: FromPath[TitleId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    clock: NamedDependency[Clock],
) -> None:
    """Delete a title.

    Players get nothing of it any more. Its files are removed within minutes. This can't be undone.
    """
    async with database.transaction() as connection:
        changed = await service.delete_title(
            connection,
            title_id,
            organisation_id=principal.organisation_id,
            by=await actor_of(connection, principal),
            at=clock.now(),
        )
        await remove_title_later(connection, title_id, organisation_id=principal.organisation_id)
    changed.notify(notifier)


async def _show(
    title_id: UUID, request: JsonRequest, principal: Principal, database: Database, title_shower: TitleShower
) -> TitleView:
    async with database.snapshot() as connection:
        title = await service.get_title(connection, title_id, organisation_id=principal.organisation_id)
        (progress,) = await read_progress(connection, [title])
        ladder = await get_ladder(connection, title_id, organisation_id=principal.organisation_id)
    eta_s = None if title.is_ended else ladder.eta_s
    progress = msgspec.structs.replace(progress, eta_s=eta_s)
    return title_shower.show(progress, request)


TITLE_ROUTES: Final[list[HTTPRouteHandler]] = [
    list_video_titles,
    get_video_title,
    get_video_ladder,
    update_video_title,
    cancel_video_title,
    retry_video_title,
    delete_video_title,
]
