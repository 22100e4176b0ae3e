"""Documents request bodies that aren't JSON, in a route's `opt`.

@post("/api/v1/files", opt=binary_body(), request_max_body_size=1_000_000)
async def upload_file(request: JsonRequest) -> FileView: ...
"""

from typing import Any, Final

from litestar.handlers import BaseRouteHandler

_KEY: Final = "binary_body"


def binary_body() -> dict[str, Any]:
    """Return the `opt` of a route whose body is any bytes, which it reads with `request.stream()`."""
    return {_KEY: True}


def has_binary_body(handler: BaseRouteHandler) -> bool:
    """Return whether the body of a route is any bytes."""
    return bool(handler.opt.get(_KEY))
