"""What a command shows of the job that it has started, until the job has ended."""

import json
from collections.abc import Iterator, Sequence

import httpx
import msgspec
import pytest

from http_api import Json
from ninefold.core.commands import ApiClient, ApiOptions, follow_job
from ninefold.core.commands import jobs as jobs_module
from ninefold.core.commands.jobs import JobAnswer, JobEndedError, progress_text

JOB: Json = {
    "job_id": "job_01h455vb4pex5vsknk084sn02q",
    "kind": "test.step",
    "state": "queued",
    "waiting_reason": None,
    "progress_done": None,
    "progress_total": None,
    "progress_note": None,
    "error": None,
    "canceled_by": None,
    "created_at": "2026-01-02T03:04:05Z",
    "finished_at": None,
    "result": None,
}
RUNNING = {**JOB, "state": "running", "progress_done": 1_500, "progress_total": 4_000, "progress_note": "1 skipped"}
SUCCEEDED = {**RUNNING, "state": "succeeded", "progress_done": 4_000, "result": {"replayed": 4_000}}
FAILED = {**RUNNING, "state": "failed", "error": "The shelf is gone."}
CANCELED = {**RUNNING, "state": "canceled", "canceled_by": "ada"}


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "POLL_S", 0.0)
    monkeypatch.setattr(jobs_module, "NOTE_INTERVAL_S", 0.0)


def follow(answers: Sequence[Json], *, is_json: bool = False, should_wait: bool = True) -> list[str]:
    """Start a job whose answers are these, follow it, and return the requests."""
    requests: list[str] = []
    left: Iterator[Json] = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(f"{request.method} {request.url.path}")
        return httpx.Response(200, json=next(left))

    with ApiClient(
        base_url="http://ninefold.test", api_key="nfk_test", transport=httpx.MockTransport(answer)
    ) as client:
        follow_job(client, client.post("/start"), api=ApiOptions(json=is_json), should_wait=should_wait)
    return requests


def test_the_progress_is_shown_until_the_job_has_succeeded(capsys: pytest.CaptureFixture[str]) -> None:
    requests = follow([JOB, RUNNING, {**RUNNING, "state": "waiting", "waiting_reason": "paused"}, SUCCEEDED])

    assert requests == ["POST /start", *[f"GET /api/v1/jobs/{JOB['job_id']}"] * 3]
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        f"Started {JOB['job_id']}. It continues if you press Ctrl-C.",
        "▸ running  1,500 of 4,000  1 skipped",
        "◦ waiting (paused)  1,500 of 4,000  1 skipped",
    ]
    assert "✓ succeeded" in captured.out
    assert '{"replayed":4000}' in captured.out


@pytest.mark.parametrize(("last", "message"), [(FAILED, "is failed: The shelf is gone."), (CANCELED, "is canceled.")])
def test_a_job_that_did_not_succeed_is_an_error(last: Json, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(JobEndedError) as raised:
        follow([JOB, last])

    assert raised.value.detail == f"{JOB['job_id']} {message}"
    assert last["state"] in capsys.readouterr().out


def test_without_waiting_the_job_is_shown_as_it_started(capsys: pytest.CaptureFixture[str]) -> None:
    assert follow([JOB], should_wait=False) == ["POST /start"]

    captured = capsys.readouterr()
    assert "queued" in captured.out
    assert captured.err == ""


@pytest.mark.parametrize(("answers", "should_wait"), [([JOB], False), ([JOB, RUNNING, SUCCEEDED], True)])
def test_json_is_the_last_answer_and_nothing_else(
    answers: list[Json], capsys: pytest.CaptureFixture[str], *, should_wait: bool
) -> None:
    follow(answers, is_json=True, should_wait=should_wait)

    assert json.loads(capsys.readouterr().out) == answers[-1]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "· queued"),
        ({"state": "running", "progress_done": 7}, "▸ running  7"),
        ({"state": "running", "progress_done": 7, "progress_note": "\x1b[31mred"}, "▸ running  7  ␛[31mred"),
        ({"state": "waiting", "waiting_reason": "key"}, "◦ waiting (key)"),
    ],
)
def test_progress_is_one_line_without_control_characters(changes: Json, expected: str) -> None:
    assert progress_text(msgspec.json.decode(json.dumps({**JOB, **changes}), type=JobAnswer)).plain == expected
