"""The definition of the system: everything that the composition root needs for chess."""

from collections.abc import Sequence
from typing import Final

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from ninefold.core.erasure import Link, SchemaErasure
from ninefold.core.live.feeds import Feed
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.backlog import BacklogCounter
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import ServerContext, System, WorkerContext, WorkerTask
from ninefold.systems.chess.checks import check_engine
from ninefold.systems.chess.commands import COMMANDS
from ninefold.systems.chess.jobs.clock_watch import ClockWatch
from ninefold.systems.chess.jobs.engine_turns import ENGINE_TURN_HANDLER, TURNS
from ninefold.systems.chess.jobs.heartbeat import Heartbeat
from ninefold.systems.chess.jobs.retention import DELETE_EXPIRED_DAILY, DELETE_EXPIRED_HANDLER
from ninefold.systems.chess.lichess.surfaces import lichess_surfaces
from ninefold.systems.chess.routes.challenges import CHALLENGE_ROUTES
from ninefold.systems.chess.routes.games import GAME_ROUTES
from ninefold.systems.chess.routes.players import PLAYER_ROUTES
from ninefold.systems.chess.routes.seeks import SEEK_ROUTES
from ninefold.systems.chess.service import metrics
from ninefold.systems.chess.service.feeds import FEEDS
from ninefold.systems.chess.service.players import PLAYER_TOKEN
from ninefold.systems.chess.settings import ChessSettings, read_chess_settings
from ninefold.systems.chess.store.games import game_count_unfinished
from ninefold.systems.chess.store.seeks import seek_count_open


def _routes(context: ServerContext[ChessSettings]) -> Sequence[ControllerRouterHandler]:
    def provide_notifier() -> Notifier:
        return context.notifier

    def provide_settings() -> ChessSettings:
        return context.settings

    return [
        Router(
            path="/",
            route_handlers=[*PLAYER_ROUTES, *GAME_ROUTES, *CHALLENGE_ROUTES, *SEEK_ROUTES],
            dependencies={
                "notifier": Provide(provide_notifier, sync_to_thread=False),
                "chess_settings": Provide(provide_settings, sync_to_thread=False),
            },
        )
    ]


def _feeds(_: ServerContext[ChessSettings]) -> Sequence[Feed]:
    return FEEDS


def _server_tasks(context: ServerContext[ChessSettings]) -> Sequence[WorkerTask]:
    return [Heartbeat(context)]


def _worker_tasks(context: WorkerContext[ChessSettings]) -> Sequence[WorkerTask]:
    counts = [(metrics.UNFINISHED, game_count_unfinished), (metrics.SEEKS, seek_count_open)]
    return [
        ClockWatch(context),
        TURNS.open(context.settings),
        BacklogCounter("chess.backlog", context.database, counts),
    ]


SYSTEM: Final = System(
    name="chess",
    migrations=MigrationSource(namespace="chess", package="ninefold.systems.chess"),
    read_settings=read_chess_settings,
    routes=_routes,
    surfaces=lichess_surfaces,
    feeds=_feeds,
    server_tasks=_server_tasks,
    worker_tasks=_worker_tasks,
    job_handlers=(DELETE_EXPIRED_HANDLER, ENGINE_TURN_HANDLER),
    schedules=(DELETE_EXPIRED_DAILY,),
    commands=COMMANDS,
    credential_kinds=(PLAYER_TOKEN,),
    checks=(check_engine,),
    erase=SchemaErasure(
        schema="chess",
        links={"action": Link("game_id", "game"), "event": Link("game_id", "game")},
        kept=("heartbeat",),
    ),
)
