"""The nightly jobs of watching, in a worker: models are trained, and old plays become figures of their days."""

from typing import TypeVar

import msgspec
import pytest

from durable_jobs import Jobs
from http_api import Api
from in_process import StartWorker
from ninefold.core.jobs import JobKind, JobState, enqueue
from ninefold.core.postgres.database import Database
from ninefold.systems.video.jobs import play_retention
from ninefold.systems.video.jobs.play_retention import DELETE_PLAYS, DeletedPlays, DeletePlays
from ninefold.systems.video.jobs.training import TRAIN_MODELS, TrainedModels, TrainModels
from video_titles import make_profile, make_title

PayloadT = TypeVar("PayloadT", bound=msgspec.Struct)
ResultT = TypeVar("ResultT")


async def run_job(
    database: Database, start_worker: StartWorker, kind: JobKind[PayloadT], payload: PayloadT, result: type[ResultT]
) -> ResultT:
    async with database.transaction() as connection:
        job_id = await enqueue(connection, kind, payload, organisation_id=None)
    async with start_worker():
        job = await Jobs(database).wait(job_id, JobState.SUCCEEDED)
    assert job.result is not None
    return msgspec.json.decode(job.result, type=result)


async def test_old_plays_become_figures_and_later_ones_stay(
    api: Api, database: Database, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play_retention, "BATCH", 2)
    title_id = await make_title(api, database, "Night Ferry")
    for _ in range(3):
        await api.done("POST", f"/video/titles/{title_id}/plays", json={})
    async with database.transaction() as connection:
        await connection.execute("UPDATE video.play SET started_at = started_at - interval '31 days'")
    await api.done("POST", f"/video/titles/{title_id}/plays", json={})

    done = await run_job(database, start_worker, DELETE_PLAYS, DeletePlays(), DeletedPlays)

    assert done == DeletedPlays(plays=3)
    assert (await api.get("/video/experience?days=7"))["plays"] == 1
    assert (await api.get("/video/experience?days=60"))["plays"] == 4


async def test_each_organisation_gets_its_own_model(
    api: Api, other_api: Api, database: Database, start_worker: StartWorker
) -> None:
    for each in (api, other_api):
        title_id = await make_title(each, database, "Night Ferry")
        path = f"/video/profiles/{await make_profile(each)}/positions/{title_id}"
        await each.done("PUT", path, json={"position_s": 1_000})

    done = await run_job(database, start_worker, TRAIN_MODELS, TrainModels(), TrainedModels)

    assert done == TrainedModels(organisations=2, models=0)
    model = await api.get("/video/recommendations/model")
    assert (model["watches"], model["why"][:41]) == (1, "1 profiles have begun 1 titles, 1 times t")
    assert model["trained_at"] is not None
