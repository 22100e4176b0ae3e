"""The definition of the system: everything that the composition root needs for chess."""

from collections.abc import Sequence
from typing import Final

from litestar.types import ControllerRouterHandler

from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.system import NoSettings, ServerContext, System
from ninefold.systems.chess.routes.players import PLAYER_ROUTES
from ninefold.systems.chess.service.players import PLAYER_TOKEN


def _routes(_: ServerContext[NoSettings]) -> Sequence[ControllerRouterHandler]:
    return PLAYER_ROUTES


SYSTEM: Final = System(
    name="chess",
    migrations=MigrationSource(namespace="chess", package="ninefold.systems.chess"),
    routes=_routes,
    credential_kinds=(PLAYER_TOKEN,),
)
