"""Documents responses that aren't one JSON value, in a route's `responses`: streams of lines or events, and bytes.

@get("/api/v1/games/{game_id:str}/moves", responses=stream_response("application/x-ndjson", Move))
async def follow_moves(...) -> Stream: ...

@get("/api/v1/files/{file_id:str}", responses=bytes_response("video/mp4", has_ranges=True))
async def read_file(...) -> Response[bytes]: ...
"""

from typing import Any, Final

from litestar.openapi.datastructures import ResponseSpec

from ninefold.core.web.problems import problem_responses

_OK: Final = 200
_PARTIAL_CONTENT: Final = 206
_RANGE_NOT_SATISFIABLE: Final = 416


def stream_response(media_type: str, item: Any, *, description: str = "A stream.") -> dict[int, ResponseSpec]:
    """Return the documentation of a response that is a stream of items.

    Args:
        media_type: such as `application/x-ndjson` or `text/event-stream`.
        item: the type of each item, as JSON.
        description: what the stream contains, and when it ends.
    """
    return {_OK: _spec(media_type, item, description)}


def bytes_response(
    media_type: str, *, has_ranges: bool = False, description: str = "The content."
) -> dict[int, ResponseSpec]:
    """Return the documentation of a response that is bytes.

    Args:
        media_type: the media type of the content.
        has_ranges: whether clients can request a range of it (RFC 9110 §14).
        description: what the content is.
    """
    responses = {_OK: _spec(media_type, bytes, description)}
    if has_ranges:
        responses[_PARTIAL_CONTENT] = _spec(media_type, bytes, "The range that the Range header requests.")
        responses |= problem_responses(_RANGE_NOT_SATISFIABLE)
    return responses


def _spec(media_type: str, kind: Any, description: str) -> ResponseSpec:
    return ResponseSpec(data_container=kind, media_type=media_type, description=description, generate_examples=False)
