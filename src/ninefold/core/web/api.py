"""Ninefold's own API: JSON below `/api/v1`, for API keys, personal tokens and sessions, with an OpenAPI document."""

from collections.abc import Sequence
from typing import Final

from litestar.types import ControllerRouterHandler

from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.core.web.api_authentication import BEARER_KINDS, api_authentication
from ninefold.core.web.direct_routes import DirectRoute
from ninefold.core.web.site import Site
from ninefold.core.web.surfaces import Surface

API_PATH: Final = "/api/v1"


def api_surface(
    database: Database,
    routes: Sequence[ControllerRouterHandler],
    *,
    site: Site | None = None,
    kinds: Sequence[CredentialKind] = BEARER_KINDS,
    direct_routes: Sequence[DirectRoute] = (),
) -> Surface:
    """Return the surface of Ninefold's own API.

    Args:
        database: where credentials are looked up.
        routes: the routes of all systems.
        site: how people reach this server.
        kinds: the kinds of credentials that it accepts as `Authorization: Bearer …`.
        direct_routes: handlers that get the requests of some of the routes first.
    """
    return Surface(
        path=API_PATH,
        routes=routes,
        direct_routes=direct_routes,
        authenticate=api_authentication(database, site or Site(), kinds=kinds),
        is_query_strict=True,
        is_documented=True,
    )
