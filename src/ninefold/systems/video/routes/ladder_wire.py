"""The wire types of a title's ladder: which chunks of which quality are ready."""

from typing import Annotated, Literal

import msgspec

from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.video.model.transcoding import Ladder, LadderRung


class ChunkView(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the source that is encoded by itself."""

    number: Annotated[int, msgspec.Meta(examples=[3])]
    start_s: Annotated[float, msgspec.Meta(examples=[12.0])]
    duration_s: Annotated[float, msgspec.Meta(examples=[4.0])]


class LadderRungView(msgspec.Struct, frozen=True, kw_only=True):
    """A quality of the picture, or the sound."""

    name: Annotated[str, msgspec.Meta(examples=["720p"])]
    kind: Literal["video", "audio"]
    position: Annotated[int, msgspec.Meta(description="From 0 for the lowest quality.", examples=[2])]
    states: Annotated[
        str,
        msgspec.Meta(
            description="A letter for each chunk: r ready, e is being encoded, a is done again, q queued, f failed. "
            "Empty for the sound, which isn't encoded in chunks.",
            examples=["rrreq"],
        ),
    ]
    ready_until_s: Annotated[float, msgspec.Meta(examples=[12.0])]


class NoteView(msgspec.Struct, frozen=True, kw_only=True):
    """What had to be done again, and why."""

    at: Timestamp
    rung: Annotated[str | None, msgspec.Meta(examples=["480p"])]
    chunk_number: Annotated[int | None, msgspec.Meta(examples=[3])]
    text: Annotated[str, msgspec.Meta(examples=["The worker that encoded it was lost."])]


class LadderView(msgspec.Struct, frozen=True, kw_only=True):
    """How far each quality of a title is."""

    chunks: list[ChunkView]
    rungs: list[LadderRungView]
    notes: list[NoteView]
    uploaded_until_s: Annotated[
        float | None, msgspec.Meta(description="Until when the source is there.", examples=[20.0])
    ]
    eta_s: Annotated[
        float | None,
        msgspec.Meta(description="An estimate of what is left, once it can be measured.", examples=[140.0]),
    ]


def show_ladder(ladder: Ladder) -> LadderView:
    """Return a ladder as the API shows it."""
    return LadderView(
        chunks=[
            ChunkView(number=chunk.number, start_s=chunk.start_s, duration_s=chunk.duration_s)
            for chunk in ladder.chunks
        ],
        rungs=[_show_rung(rung) for rung in ladder.rungs],
        notes=[
            NoteView(at=note.at, rung=note.rung, chunk_number=note.chunk_number, text=note.text)
            for note in ladder.notes
        ],
        uploaded_until_s=ladder.uploaded_until_s,
        eta_s=ladder.eta_s,
    )


def _show_rung(rung: LadderRung) -> LadderRungView:
    return LadderRungView(
        name=rung.name,
        kind=rung.kind,
        position=rung.position,
        states=rung.states,
        ready_until_s=rung.ready_until_s,
    )
