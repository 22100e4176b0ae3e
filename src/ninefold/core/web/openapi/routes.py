"""The route of the OpenAPI document, `/openapi.json`. The page for people at `/docs` is a file of the console."""

import msgspec
from litestar import Litestar, Response, get
from litestar.handlers import HTTPRouteHandler

from ninefold.core.web.openapi.document import build_openapi
from ninefold.core.web.surfaces import SurfaceMap


class DocumentRoutes:
    """Serves the OpenAPI document, which is rendered once, at the start."""

    def __init__(self) -> None:
        self._openapi = b""

    def render(self, app: Litestar, surfaces: SurfaceMap, *, title: str, version: str, description: str) -> None:
        """Render the document from the routes of an application.

        Raises:
            ValueError: two routes have the same operation id.
        """
        document = build_openapi(app, surfaces, title=title, version=version, description=description)
        self._openapi = msgspec.json.encode(document)

    def routes(self) -> list[HTTPRouteHandler]:
        """Return the route that serves the document; it needs no API key."""

        @get("/openapi.json", include_in_schema=False)
        async def get_openapi() -> Response[bytes]:
            """Return the OpenAPI document."""
            return Response(content=self._openapi, media_type="application/json")

        return [get_openapi]
