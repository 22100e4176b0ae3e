"""The HTTP routes for subtitles."""

from typing import Annotated, Final

import msgspec
from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import JsonRequest
from ninefold.core.web.openapi.requests import binary_body
from ninefold.core.web.openapi.responses import bytes_response
from ninefold.core.web.problems import problem_responses
from ninefold.systems.video.routes.title_wire import SubtitleList, SubtitleView, TitleId, show_subtitle
from ninefold.systems.video.routes.titles import TAGS, TITLE_PATH
from ninefold.systems.video.rules.limits import SUBTITLE_BYTES_MAX
from ninefold.systems.video.rules.subtitles import check_language, to_webvtt
from ninefold.systems.video.service import subtitles as service
from ninefold.systems.video.service.titles import get_title

_SUBTITLES: Final = f"{TITLE_PATH}/subtitles"
_SUBTITLE: Final = f"{_SUBTITLES}/{{language:str}}"
_WEBVTT: Final = "text/vtt"
LABEL_LENGTH_MAX: Final = 80

_Label = Annotated[str, msgspec.Meta(description="What players call it; by default, the tag.")]


@get(_SUBTITLES, tags=TAGS)
async def list_video_subtitles(
    title_id: FromPath[TitleId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> SubtitleList:
    """List the languages that a title has subtitles for."""
    async with database.connection() as connection:
        found = await service.list_subtitles(connection, title_id, organisation_id=principal.organisation_id)
    return SubtitleList(items=[show_subtitle(subtitle) for subtitle in found])


@put(
    _SUBTITLE,
    tags=TAGS,
    opt=binary_body(),
    request_max_body_size=SUBTITLE_BYTES_MAX,
    responses=problem_responses(413, 422),
)
async def put_video_subtitles(
    *,
    title_id: FromPath[TitleId],
    language: FromPath[str],
    request: JsonRequest,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    label: FromQuery[_Label | None] = None,
) -> SubtitleView:
    """Write the subtitles for a language.

    The language is a tag such as `en` or `pt-BR` (BCP 47). The body is WebVTT or SubRip (.srt), in UTF-8. They are in
    the players' menus at once.
    """
    async with database.connection() as connection:
        await get_title(connection, title_id, organisation_id=principal.organisation_id)
    check_language(language)
    webvtt = to_webvtt(b"".join([piece async for piece in request.stream()]))
    async with database.transaction() as connection:
        subtitle, changed = await service.put_subtitle(
            connection,
            title_id,
            organisation_id=principal.organisation_id,
            language=language,
            label=(label or language).strip()[:LABEL_LENGTH_MAX] or language,
            webvtt=webvtt,
        )
    changed.notify(notifier)
    return show_subtitle(subtitle)


@get(_SUBTITLE, tags=TAGS, responses=bytes_response(_WEBVTT, description="WebVTT."))
async def get_video_subtitles(
    title_id: FromPath[TitleId],
    language: FromPath[str],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> Response[bytes]:
    """Show the subtitles for a language, as WebVTT."""
    async with database.connection() as connection:
        subtitle = await service.get_subtitle(
            connection, title_id, organisation_id=principal.organisation_id, language=language
        )
    return Response(subtitle.webvtt.encode(), media_type=_WEBVTT)


@delete(_SUBTITLE, tags=TAGS)
async def delete_video_subtitles(
    title_id: FromPath[TitleId],
    language: FromPath[str],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> None:
    """Delete the subtitles for a language."""
    async with database.transaction() as connection:
        changed = await service.delete_subtitle(
            connection, title_id, organisation_id=principal.organisation_id, language=language
        )
    changed.notify(notifier)


SUBTITLE_ROUTES: Final[list[HTTPRouteHandler]] = [
    list_video_subtitles,
    put_video_subtitles,
    get_video_subtitles,
    delete_video_subtitles,
]
