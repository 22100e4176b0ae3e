"""The route of the OpenAPI document, `/openapi.json`. The page for people at `/docs` is a file of the console."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler


class DocumentRoutes:
    """Serves the OpenAPI document, which is rendered when somebody asks for it first: that takes 0.3 s of CPU time.

    Args:
        build: returns the document.
    """

    def __init__(self, build: Callable[[], Mapping[str, Any]]) -> None:
        self._build = build
        self._openapi: bytes | None = None

    def routes(self) -> list[HTTPRouteHandler]:
        """Return the route that serves the document; it needs no API key."""

        @get("/openapi.json", include_in_schema=False)
        async def get_openapi() -> Response[bytes]:
            """Return the OpenAPI document."""
            if self._openapi is None:
                # In a thread, so that other requests don't wait for it.
                self._openapi = await asyncio.to_thread(self._render)
            return Response(content=self._openapi, media_type="application/json")

        return [get_openapi]

    def _render(self) -> bytes:
        return msgspec.json.encode(self._build())
