import json
from typing import Any

import pytest

from durable_jobs import STEP, Step, new_claimer
from ninefold.core.ids import format_id, new_id
from ninefold.core.jobs import JobPriority, enqueue
from ninefold.core.jobs.model import AttemptEnding, AttemptOutcome, Progress
from ninefold.core.postgres.database import Database
from ninefold.edge.cli import EXIT_FAILED, run
from postgres_support import query, run_in_new_loop

ORGANISATION = new_id()


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setenv("NINEFOLD_DATABASE_URL", database_url)


def add(database_url: str, *, number: int = 0) -> str:
    """Enqueue a job of an organisation and return its id as text."""

    async def work() -> str:
        database = await Database.connect(database_url, application_name="test")
        async with database.transaction() as connection:
            job_id = await enqueue(
                connection, STEP, Step(number=number), organisation_id=ORGANISATION, priority=JobPriority.HIGH
            )
        await database.close()
        return format_id("job", job_id)

    return run_in_new_loop(work())


def fail(database_url: str) -> None:
    """Let a worker claim all jobs, report some progress, and fail."""

    async def work() -> None:
        database = await Database.connect(database_url, application_name="test")
        claimer = await new_claimer(database)
        for job in await claimer.claim():
            await claimer.queue.report(job, Progress(done=1_500, total=4_000, note="halfway"))
            outcome = AttemptOutcome(
                job=job,
                ending=AttemptEnding.FAILED,
                duration_s=0.1,
                progress=Progress(),
                error="The shelf is \x1b[31mgone\x1b[0m.",
            )
            await claimer.queue.finish([outcome])
        await database.close()

    run_in_new_loop(work())


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Run a command with --json and return its output."""
    assert run(["jobs", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_list_shows_progress_and_errors_without_control_characters(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = add(database_url)
    fail(database_url)

    assert run(["jobs", "list"]) == 0

    table = capsys.readouterr().out
    assert [
        text
        for text in (job_id, "test.step", "✗ failed", "1 of 3", "1,500 of 4,000, halfway", "The shelf is ␛[31mgone")
        if text not in table
    ] == []
    assert "\x1b" not in table


def test_the_list_can_be_filtered_by_state_kind_and_organisation(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = add(database_url)
    fail(database_url)
    queued = add(database_url)

    def ids(*options: str) -> list[str]:
        return [job["job_id"] for job in shown(capsys, "list", *options)]

    assert set(ids()) == {failed, queued}
    assert ids("--state", "failed") == [failed]
    assert ids("--kind", "test.other") == []
    assert set(ids("--organisation", format_id("org", ORGANISATION))) == {failed, queued}
    assert ids("--organisation", format_id("org", new_id())) == []


def test_the_list_says_how_to_see_the_next_page(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    ids = sorted([add(database_url) for _ in range(3)], reverse=True)

    assert run(["jobs", "list", "--limit", "2"]) == 0
    assert f"--before {ids[1]}" in capsys.readouterr().err

    assert [job["job_id"] for job in shown(capsys, "list", "--before", ids[1])] == [ids[2]]


def test_an_empty_list_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["jobs", "list"]) == 0

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "There are no such jobs.\n")


def test_show_prints_a_job_with_its_payload(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    job_id = add(database_url, number=7)

    job = shown(capsys, "show", job_id)
    assert (job["job_id"], job["payload"], job["priority"]) == (job_id, {"number": 7}, "high")
    assert (job["organisation_id"], job["state"], job["result"]) == (format_id("org", ORGANISATION), "queued", None)

    assert run(["jobs", "show", job_id]) == 0
    assert '{"number":7}' in capsys.readouterr().out


def test_a_failed_job_can_be_retried(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    job_id = add(database_url)
    fail(database_url)

    assert run(["jobs", "retry", job_id]) == 0
    assert "will run as soon as a worker is free" in capsys.readouterr().err

    job = shown(capsys, "show", job_id)
    assert (job["state"], job["attempt_count"], job["progress_done"]) == ("queued", 0, 1_500)


def test_a_queued_job_is_canceled_at_once(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    job_id = add(database_url)

    assert run(["jobs", "cancel", job_id]) == 0
    assert f"Canceled {job_id}" in capsys.readouterr().err

    job = shown(capsys, "show", job_id)
    assert (job["state"], job["canceled_by"]) == ("canceled", "command line")


def claim(database_url: str) -> None:
    """Let a worker claim all jobs."""

    async def work() -> None:
        database = await Database.connect(database_url, application_name="test")
        await (await new_claimer(database)).claim()
        await database.close()

    run_in_new_loop(work())


def test_a_job_is_paused_and_resumed(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    job_id = add(database_url)

    assert run(["jobs", "pause", job_id]) == 0
    assert f"Paused {job_id}" in capsys.readouterr().err
    job = shown(capsys, "show", job_id)
    assert (job["state"], job["waiting_reason"], job["paused_by"]) == ("waiting", "paused", "command line")
    assert run(["jobs", "list", "--state", "waiting"]) == 0
    assert "◦ waiting (paused)" in capsys.readouterr().out

    assert run(["jobs", "resume", job_id]) == 0
    assert "will continue as soon as a worker is free" in capsys.readouterr().err
    assert shown(capsys, "show", job_id)["state"] == "queued"


def test_a_running_job_is_asked_to_pause(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    job_id = add(database_url)
    claim(database_url)

    assert run(["jobs", "pause", job_id]) == 0

    assert "is running and will pause within seconds" in capsys.readouterr().err
    assert shown(capsys, "show", job_id)["pause_requested_at"] is not None


def test_a_running_job_is_asked_to_stop(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    job_id = add(database_url)
    claim(database_url)
    assert run(["jobs", "cancel", job_id]) == 0

    assert "is running and will stop within seconds" in capsys.readouterr().err
    assert shown(capsys, "show", job_id)["cancel_requested_at"] is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "job_nothing"], "isn't an id of the form job_"),
        (["show", format_id("job", new_id())], "There is no job"),
        (["retry", format_id("key", new_id())], "isn't an id of the form job_"),
        (["pause", format_id("job", new_id())], "There is no job"),
        (["resume", "job_nothing"], "isn't an id of the form job_"),
        (["list", "--before", "x"], "isn't an id of the form job_"),
        (["list", "--organisation", "x"], "isn't an id of the form org_"),
    ],
)
def test_an_unknown_job_or_organisation_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["jobs", *arguments]) == EXIT_FAILED

    assert message in capsys.readouterr().err


def test_a_job_that_cannot_be_retried_is_refused(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    job_id = add(database_url)

    assert run(["jobs", "retry", job_id]) == EXIT_FAILED
    assert "is queued" in capsys.readouterr().err


def test_schedules_are_listed_with_their_next_run(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    query(
        database_url,
        "INSERT INTO jobs.schedule VALUES ('test.tick', '30 2 * * *', 'Europe/Berlin', '2027-03-28 01:00Z', NULL)",
    )

    (schedule,) = shown(capsys, "schedules")
    assert (schedule["name"], schedule["next_run_at"]) == ("test.tick", "2027-03-28T01:00:00Z")

    assert run(["jobs", "schedules"]) == 0
    assert "Europe/Berlin" in capsys.readouterr().out
