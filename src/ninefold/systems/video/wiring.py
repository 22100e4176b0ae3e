"""The definition of the system: everything that the composition root needs for video."""

from collections.abc import Sequence
from typing import Final

from litestar.types import ControllerRouterHandler

from ninefold.core.erasure import Link, SchemaErasure
from ninefold.core.live.feeds import Feed
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.system import ServerContext, System, WorkerContext, WorkerTask
from ninefold.core.web.surfaces import Surface
from ninefold.systems.video.checks import check_ffmpeg, check_learning
from ninefold.systems.video.commands import COMMANDS
from ninefold.systems.video.delivery.surface import stream_surface
from ninefold.systems.video.jobs.play_retention import DELETE_PLAYS_DAILY, DELETE_PLAYS_HANDLER
from ninefold.systems.video.jobs.removal import CLEAN_HANDLER, CLEAN_OFTEN, REMOVE_TITLE_HANDLER
from ninefold.systems.video.jobs.training import TRAIN_MODELS_HANDLER, TRAIN_MODELS_NIGHTLY
from ninefold.systems.video.jobs.transcoding import release_leases, transcoding_tasks
from ninefold.systems.video.routes.managing import title_routes
from ninefold.systems.video.routes.viewing import viewing_routes
from ninefold.systems.video.service.feeds import TITLE_FEEDS
from ninefold.systems.video.settings import VideoSettings, read_video_settings
from ninefold.systems.video.tus.surface import tus_surface


def _surfaces(context: ServerContext[VideoSettings]) -> Sequence[Surface]:
    return [
        tus_surface(context),
        stream_surface(context),
    ]


def _feeds(_: ServerContext[VideoSettings]) -> Sequence[Feed]:
    return [*TITLE_FEEDS]


def _routes(context: ServerContext[VideoSettings]) -> Sequence[ControllerRouterHandler]:
    return [
        title_routes(context),
        viewing_routes(context),
    ]


def _worker_tasks(context: WorkerContext[VideoSettings]) -> Sequence[WorkerTask]:
    return [*transcoding_tasks(context)]


SYSTEM: Final[System[VideoSettings]] = System(
    name="video",
    migrations=MigrationSource(namespace="video", package="ninefold.systems.video"),
    read_settings=read_video_settings,
    surfaces=_surfaces,
    feeds=_feeds,
    routes=_routes,
    job_handlers=(REMOVE_TITLE_HANDLER, CLEAN_HANDLER, DELETE_PLAYS_HANDLER, TRAIN_MODELS_HANDLER),
    schedules=(CLEAN_OFTEN, DELETE_PLAYS_DAILY, TRAIN_MODELS_NIGHTLY),
    commands=COMMANDS,
    checks=(check_ffmpeg, check_learning),
    worker_tasks=_worker_tasks,
    release_leases=release_leases,
    erase=SchemaErasure(schema="video", links={"position": Link("profile_id", "profile")}),
)
