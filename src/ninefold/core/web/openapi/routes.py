"""The routes of the API's documentation: `/openapi.json`, and `/docs` for people."""

import base64
import hashlib
from importlib.resources import files
from typing import Final

import msgspec
from litestar import Litestar, Response, get
from litestar.handlers import HTTPRouteHandler

from ninefold.core.web.openapi.docs_page import render_docs_page
from ninefold.core.web.openapi.document import build_openapi
from ninefold.core.web.surfaces import SurfaceMap

_STYLE: Final = files(__package__).joinpath("docs_page.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class DocumentRoutes:
    """Serves the OpenAPI document and the documentation page, which are rendered once, at the start."""

    def __init__(self) -> None:
        self._openapi = b""
        self._page = b""

    def render(self, app: Litestar, surfaces: SurfaceMap, *, title: str, version: str, description: str) -> None:
        """Render both documents from the routes of an application.

        Raises:
            ValueError: two routes have the same operation id.
        """
        document = build_openapi(app, surfaces, title=title, version=version, description=description)
        self._openapi = msgspec.json.encode(document)
        self._page = render_docs_page(document, style=_STYLE).encode()

    def routes(self) -> list[HTTPRouteHandler]:
        """Return the routes that serve the documents; none needs an API key."""

        @get("/openapi.json", include_in_schema=False)
        async def get_openapi() -> Response[bytes]:
            """Return the OpenAPI document."""
            return Response(content=self._openapi, media_type="application/json")

        @get("/docs", include_in_schema=False)
        async def get_docs() -> Response[bytes]:
            """Return the documentation page, which loads nothing else."""
            return Response(
                content=self._page,
                media_type="text/html",
                headers={"content-security-policy": _CONTENT_SECURITY_POLICY},
            )

        return [get_openapi, get_docs]
