"""Answers that aren't one JSON value, for a route's `responses`: a stream of lines, of events, or bytes.

@get("/api/v1/games/{game_id:str}/moves", responses=streamed_answer("application/x-ndjson", Move))
async def follow_moves(...) -> Stream: ...

@get("/api/v1/files/{file_id:str}", responses=bytes_answer("video/mp4", has_ranges=True))
async def read_file(...) -> Response[bytes]: ...
"""

from typing import Any, Final

from litestar.openapi.datastructures import ResponseSpec

from ninefold.core.web.problems import problem_responses

_OK: Final = 200
_PARTIAL_CONTENT: Final = 206
_RANGE_NOT_SATISFIABLE: Final = 416


def streamed_answer(media_type: str, item: Any, *, description: str = "A stream.") -> dict[int, ResponseSpec]:
    """Return the documentation of an answer that has one item after another.

    Args:
        media_type: such as `application/x-ndjson` or `text/event-stream`.
        item: the type of each item, as JSON.
        description: what it is, and when it ends.
    """
    return {_OK: _spec(media_type, item, description)}


def bytes_answer(
    media_type: str, *, has_ranges: bool = False, description: str = "The content."
) -> dict[int, ResponseSpec]:
    """Return the documentation of an answer of bytes.

    Args:
        media_type: of the content.
        has_ranges: whether a part of it can be asked for (RFC 9110 §14).
        description: what it is.
    """
    answers = {_OK: _spec(media_type, bytes, description)}
    if has_ranges:
        answers[_PARTIAL_CONTENT] = _spec(media_type, bytes, "The part that the header Range asks for.")
        answers |= problem_responses(_RANGE_NOT_SATISFIABLE)
    return answers


def _spec(media_type: str, kind: Any, description: str) -> ResponseSpec:
    return ResponseSpec(data_container=kind, media_type=media_type, description=description, generate_examples=False)
