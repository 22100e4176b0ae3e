"""The HTTP route for the ladder of a title: how far each chunk is in each quality."""

from typing import Annotated, Final, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.video.model.transcoding import Ladder, LadderChunk, LadderRung, TaskNote
from ninefold.systems.video.routes.title_wire import TitleId
from ninefold.systems.video.routes.titles import TAGS, TITLE_PATH
from ninefold.systems.video.service.ladder import get_ladder


class ChunkView(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a title between two keyframes of its source, which is encoded by itself."""

    number: Annotated[int, msgspec.Meta(examples=[7])]
    start_s: Annotated[float, msgspec.Meta(examples=[28.0])]
    duration_s: Annotated[float, msgspec.Meta(examples=[4.0])]


class LadderRungView(msgspec.Struct, frozen=True, kw_only=True):
    """How far a rung is."""

    name: Annotated[str, msgspec.Meta(description="`audio` for the sound.", examples=["720p"])]
    kind: Literal["video", "audio"]
    position: Annotated[int, msgspec.Meta(description="From 0 for the lowest quality.", examples=[2])]
    states: Annotated[
        str | None,
        msgspec.Meta(
            description="A letter for each chunk: `r` ready, `e` being encoded, `a` again, `q` queued, `f` failed. "
            "Null for the sound, which isn't encoded in chunks.",
            examples=["rrre"],
        ),
    ]
    ready_until_s: Annotated[
        float, msgspec.Meta(description="How far it can be played without a gap.", examples=[28.0])
    ]


class LadderNoteView(msgspec.Struct, frozen=True, kw_only=True):
    """What had to be done again, and why."""

    at: Timestamp
    rung: Annotated[str | None, msgspec.Meta(examples=["720p"])]
    chunk_number: Annotated[int | None, msgspec.Meta(examples=[7])]
    text: Annotated[str, msgspec.Meta(examples=["The worker that did it has ended."])]


class LadderView(msgspec.Struct, frozen=True, kw_only=True):
    """How far all rungs of a title are."""

    chunks: list[ChunkView]
    rungs: list[LadderRungView]
    notes: list[LadderNoteView]
    uploaded_until_s: Annotated[
        float | None, msgspec.Meta(description="Up to where its source has come.", examples=[32.0])
    ]
    eta_s: Annotated[float | None, msgspec.Meta(description="What is left, at the speed so far.", examples=[95.5])]


@get(f"{TITLE_PATH}/ladder", tags=TAGS)
async def get_title_ladder(
    *,
    title_id: FromPath[TitleId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> LadderView:
    """Show the ladder of a title.

    With the state of each chunk in each quality.
    """
    async with database.snapshot() as connection:
        ladder = await get_ladder(connection, title_id, organisation_id=principal.organisation_id)
    return _show(ladder)


def _show(ladder: Ladder) -> LadderView:
    return LadderView(
        chunks=[_show_chunk(chunk) for chunk in ladder.chunks],
        rungs=[_show_rung(rung) for rung in ladder.rungs],
        notes=[_show_note(note) for note in ladder.notes],
        uploaded_until_s=ladder.uploaded_until_s,
        eta_s=ladder.eta_s,
    )


def _show_chunk(chunk: LadderChunk) -> ChunkView:
    return ChunkView(number=chunk.number, start_s=chunk.start_s, duration_s=chunk.duration_s)


def _show_rung(rung: LadderRung) -> LadderRungView:
    return LadderRungView(
        name=rung.name,
        kind=rung.kind,
        position=rung.position,
        states=rung.states if rung.kind == "video" else None,
        ready_until_s=rung.ready_until_s,
    )


def _show_note(note: TaskNote) -> LadderNoteView:
    return LadderNoteView(at=note.at, rung=note.rung, chunk_number=note.chunk_number, text=note.text)


LADDER_ROUTES: Final[list[HTTPRouteHandler]] = [get_title_ladder]
