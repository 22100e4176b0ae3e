"""The schedule that trains the models of recommendations each night."""

from typing import Final
from uuid import UUID

import msgspec
import structlog

from ninefold.core.jobs import JobHandler, JobKind, JobRun, Schedule
from ninefold.core.system import WorkerContext
from ninefold.systems.video.service.recommendations import can_train
from ninefold.systems.video.service.training import train_model
from ninefold.systems.video.settings import VideoSettings
from ninefold.systems.video.store.recommendations import watch_list_organisations

PAGE: Final = 100

log = structlog.get_logger(__name__)


class TrainModels(msgspec.Struct, frozen=True, kw_only=True):
    """Train the models of all organisations."""


class TrainedModels(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    organisations: int
    models: int
    """Those that recommend; for the other organisations, popularity does."""


TRAIN_MODELS: Final = JobKind(name="video.train_models", payload=TrainModels, timeout_s=6 * 3_600.0)


async def train_models(job: JobRun[TrainModels], context: WorkerContext[VideoSettings]) -> TrainedModels:
    """Train one model after the other, each in its own transaction; a repetition trains them again."""
    organisations = models = 0
    after = UUID(int=0)
    if not can_train():
        log.warning("video.training.unavailable")
        return TrainedModels(organisations=0, models=0)
    while True:
        async with context.database.connection() as connection:
            page = await watch_list_organisations(connection, after=after, limit=PAGE)
        for organisation_id in page:
            job.check()
            report = await train_model(context.database, organisation_id, now=context.clock.now())
            organisations += 1
            models += report.kind == "als"
        if len(page) < PAGE:
            return TrainedModels(organisations=organisations, models=models)
        after = page[-1]


TRAIN_MODELS_HANDLER: Final = JobHandler(TRAIN_MODELS, train_models)

TRAIN_MODELS_NIGHTLY: Final = Schedule(
    name="video.train_models",
    kind=TRAIN_MODELS,
    cron="17 3 * * *",
    make_payload=lambda _: TrainModels(),
)
