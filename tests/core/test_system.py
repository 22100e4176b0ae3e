"""A system's page of contents: what is optional, and that its settings keep their type."""

from collections.abc import Mapping, Sequence
from typing import cast

import msgspec
from litestar.types import ControllerRouterHandler

from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.system import NoSettings, ServerContext, System, WorkerContext


class ShopSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A system's settings."""

    shelves: int = 3


def read_shop_settings(_: Mapping[str, str]) -> ShopSettings:
    return ShopSettings()


def routes(context: ServerContext[ShopSettings]) -> Sequence[ControllerRouterHandler]:
    # The type checker knows what kind of settings these are.
    assert context.settings.shelves == 3
    return []


SHOP = System(
    name="shop",
    migrations=MigrationSource(namespace="shop", package="shop"),
    read_settings=read_shop_settings,
    routes=routes,
)


async def test_a_system_with_routes_alone_has_nothing_to_do_in_a_worker() -> None:
    context = cast("WorkerContext[ShopSettings]", None)
    connection = cast("Connection", None)

    assert SHOP.worker_tasks(context) == ()
    await SHOP.release_leases(connection, [])
    assert (SHOP.commands, SHOP.checks) == ((), ())


async def test_every_part_of_a_system_except_its_name_is_optional() -> None:
    system: System[NoSettings] = System(name="empty")
    settings = system.read_settings({"NINEFOLD_EMPTY_SHELVES": "3"})
    context = cast("ServerContext[NoSettings]", None)

    assert settings == NoSettings()
    assert system.migrations is None
    assert (system.routes(context), system.surfaces(context)) == ((), ())
