"""The HTTP route that lists what a source can be of."""

from typing import Final

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from ninefold.systems.callbacks.routes.source_wire import ProviderView, show_provider
from ninefold.systems.callbacks.verification import list_providers as all_providers


class ProviderList(msgspec.Struct, frozen=True, kw_only=True):
    """All providers, sorted by name."""

    items: list[ProviderView]


@get("/api/v1/providers", tags=["sources"])
async def list_providers() -> ProviderList:
    """List providers.

    With the fields that a source of each has, what to do at the provider, and its documentation.
    """
    return ProviderList(items=[show_provider(provider) for provider in all_providers()])


PROVIDER_ROUTES: Final[list[HTTPRouteHandler]] = [list_providers]
