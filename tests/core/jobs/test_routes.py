"""Jobs over the API: an organisation lists, pauses, resumes, cancels and retries its own.

That nothing of another organisation is shown or changed is tested for every operation in `tests/conformance/systems`.
"""

from uuid import UUID

import pytest

from durable_jobs import Claimer, Jobs, Step, new_claimer
from http_api import Api
from ninefold.core.ids import format_id, new_id, parse_id
from ninefold.core.jobs import JobKind, JobState
from ninefold.core.jobs.model import AttemptEnding, AttemptOutcome, Progress
from ninefold.core.postgres.database import Database

OTHER = JobKind(name="test.other", payload=Step)


@pytest.fixture
async def claimer(database: Database) -> Claimer:
    return await new_claimer(database)


@pytest.fixture
async def organisation_id(api: Api, database: Database) -> UUID:
    assert api.api_key
    async with database.connection() as connection:
        found: UUID = await connection.fetchval("SELECT organisation_id FROM tenancy.organisation WHERE name = 'acme'")
    return found


def path_of(job_id: UUID) -> str:
    return f"/jobs/{format_id('job', job_id)}"


async def test_a_job_is_shown_with_its_progress_and_without_its_payload(
    api: Api, jobs: Jobs, claimer: Claimer, organisation_id: UUID
) -> None:
    job_id = await jobs.add(Step(number=7), organisation_id=organisation_id)
    (claimed,) = await claimer.claim()
    await claimer.queue.report(claimed, Progress(done=3, total=9, note="third"))

    shown = await api.get(path_of(job_id))

    assert (shown["job_id"], shown["kind"], shown["state"]) == (format_id("job", job_id), "test.step", "running")
    assert (shown["progress_done"], shown["progress_total"], shown["progress_note"]) == (3, 9, "third")
    assert (shown["result"], shown["error"], shown["waiting_reason"]) == (None, None, None)
    assert (shown["attempt_count"], shown["attempts_max"]) == (1, 3)
    assert shown.keys() & {"payload", "cursor", "organisation_id"} == set()


async def test_the_result_of_a_job_is_shown_as_json(
    api: Api, jobs: Jobs, claimer: Claimer, database: Database, organisation_id: UUID
) -> None:
    job_id = await jobs.add(organisation_id=organisation_id)
    await claimer.claim()
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE jobs.job SET state = 'succeeded', finished_at = now(), leased_by = NULL, result = '{\"n\": 1.50}'"
        )

    response = await api.request("GET", path_of(job_id))

    assert '"result":{"n": 1.50}' in response.text


async def test_the_list_has_only_the_organisations_own_jobs_by_state_kind_and_page(
    api: Api, jobs: Jobs, claimer: Claimer, organisation_id: UUID
) -> None:
    first = await jobs.add(organisation_id=organisation_id)
    await claimer.claim()
    second = await jobs.add(kind=OTHER, organisation_id=organisation_id)
    third = await jobs.add(organisation_id=organisation_id)
    await jobs.add(organisation_id=new_id())
    await jobs.add()

    async def ids(query: str) -> list[UUID]:
        return [parse_id("job", item["job_id"]) for page in await api.walk(f"/jobs{query}", limit=2) for item in page]

    assert await ids("") == sorted([first, second, third], reverse=True)
    assert await ids("?state=running") == [first]
    assert await ids("?kind=test.other") == [second]
    assert await ids("?state=queued&kind=test.step") == [third]
    assert await ids("?state=failed") == []


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("state=lost", 422, "state"),
        ("state=", 422, "state"),
        ("state=queued&state=running", 422, "state"),
        ("state=null", 422, "state"),
        ("in_state=queued", 400, "in_state"),
        ("cursor=x", 422, "cursor"),
        ("limit=101", 422, "limit"),
    ],
)
async def test_the_problem_names_an_invalid_filter(api: Api, query: str, status: int, field: str) -> None:
    assert (await api.refused(status, "GET", f"/jobs?{query}"))["field"] == field


async def test_a_job_is_paused_resumed_canceled_and_retried_by_its_organisation(
    api: Api, jobs: Jobs, claimer: Claimer, organisation_id: UUID
) -> None:
    job_id = await jobs.add(organisation_id=organisation_id)
    path = path_of(job_id)

    paused = await api.done("POST", f"{path}/pause")
    assert (paused["state"], paused["waiting_reason"]) == ("waiting", "paused")
    assert paused["paused_by"].startswith("API key key_")
    assert await claimer.claim() == []
    assert await api.done("POST", f"{path}/pause") == paused

    resumed = await api.done("POST", f"{path}/resume")
    assert (resumed["state"], resumed["paused_at"], resumed["paused_by"]) == ("queued", None, None)

    canceled = await api.done("POST", f"{path}/cancel")
    assert (canceled["state"], canceled["canceled_by"]) == ("canceled", paused["paused_by"])

    assert (await api.done("POST", f"{path}/retry"))["state"] == "queued"
    assert await claimer.claim_ids() == [job_id]


async def test_a_running_job_is_asked_to_stop(api: Api, jobs: Jobs, claimer: Claimer, organisation_id: UUID) -> None:
    path = path_of(await jobs.add(organisation_id=organisation_id))
    await claimer.claim()

    pausing = await api.done("POST", f"{path}/pause")
    assert (pausing["state"], pausing["paused_at"]) == ("running", None)
    assert pausing["pause_requested_at"] is not None

    canceling = await api.done("POST", f"{path}/cancel")
    assert (canceling["state"], canceling["pause_requested_at"]) == ("running", None)
    assert canceling["cancel_requested_at"] is not None

    assert (await api.refused(409, "POST", f"{path}/pause"))["code"] == "job_state"


async def test_a_job_whose_state_does_not_allow_it_is_left_alone(
    api: Api, jobs: Jobs, claimer: Claimer, organisation_id: UUID
) -> None:
    job_id = await jobs.add(organisation_id=organisation_id)
    (claimed,) = await claimer.claim()
    outcome = AttemptOutcome(job=claimed, ending=AttemptEnding.SUCCEEDED, duration_s=0.1, progress=Progress())
    await claimer.queue.finish([outcome])

    for action, detail in (
        ("pause", "is already succeeded."),
        ("resume", "is succeeded and not paused."),
        ("cancel", "is already succeeded."),
        ("retry", "is succeeded."),
    ):
        problem = await api.refused(409, "POST", f"{path_of(job_id)}/{action}")
        assert problem["detail"].endswith(detail)
        assert problem["remedy"]
    assert (await jobs.get(job_id)).state is JobState.SUCCEEDED


@pytest.mark.parametrize("text", ["job_01h455vb4pex5vsknk084sn02q", "evt_01h455vb4pex5vsknk084sn02q", "job_", "1"])
async def test_an_unknown_or_malformed_id_is_not_found(api: Api, text: str) -> None:
    await api.refused(404, "GET", f"/jobs/{text}")
    for action in ("pause", "resume", "cancel", "retry"):
        await api.refused(404, "POST", f"/jobs/{text}/{action}")
