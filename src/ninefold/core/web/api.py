"""Ninefold's own API: JSON below `/api/v1`, API keys, problems, and an OpenAPI document."""

from collections.abc import Sequence
from typing import Final

from litestar.types import ControllerRouterHandler

from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.web.authentication import bearer_authentication
from ninefold.core.web.surfaces import Authenticate, Surface

API_PATH: Final = "/api/v1"


API_CREDENTIAL_KINDS: Final = (API_KEY,)
"""The kinds of credentials that the API accepts."""


def api_authentication(database: Database) -> Authenticate:
    """Return the function that authenticates requests to the API."""
    return bearer_authentication(database, kinds=API_CREDENTIAL_KINDS)


def api_surface(database: Database, routes: Sequence[ControllerRouterHandler]) -> Surface:
    """Return the surface of Ninefold's own API.

    Args:
        database: where API keys are looked up.
        routes: the routes of all systems.
    """
    return Surface(
        path=API_PATH,
        routes=routes,
        authenticate=api_authentication(database),
        is_query_strict=True,
        is_documented=True,
    )
