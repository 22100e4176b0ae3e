"""`ninefold events publish` while the queue is full."""

import sys
from collections.abc import Iterator
from typing import Final

import httpx
import pytest

from ninefold.edge.cli import EXIT_FAILED, run
from ninefold.systems.webhooks.commands.events import publish_event
from webhooks.fake_server import Server

PUBLISH = ["events", "publish", "order.created", "1"]
EVENT_ID: Final = "evt_01h455vb4pex5vsknk084sn02q"
ACCEPTED: Final = {"event_id": EVENT_ID, "queued_deliveries": 2}
REMEDY = "Send the same request again in 12 s, as Retry-After says."


class Clock:
    """A clock that only goes on while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, duration_s: float) -> None:
        self.now_s += duration_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    # The module; the package has the commands of the same name.
    monkeypatch.setattr(sys.modules[publish_event.__module__], "time", clock)
    return clock


def answers(server: Server, *statuses: int, retry_after: str = "12") -> None:
    """Let the server answer with each of these statuses, one after the other."""
    remaining: Iterator[int] = iter(statuses)

    def answer() -> httpx.Response:
        status = next(remaining)
        if status == httpx.codes.ACCEPTED:
            return httpx.Response(status, json=ACCEPTED)
        problem = {"detail": "950,000 deliveries wait.", "remedy": REMEDY}
        return httpx.Response(status, json=problem, headers={"Retry-After": retry_after})

    server.answer = answer


def test_it_says_that_the_queue_is_full_and_when_to_try_again(
    server: Server, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(server, 429)
    assert run(PUBLISH) == EXIT_FAILED
    said = " ".join(capsys.readouterr().err.split())
    assert "950,000 deliveries wait." in said
    assert REMEDY in said
    assert (len(server.requests), clock.now_s) == (1, 0)


def test_it_can_wait_until_there_is_room(server: Server, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    answers(server, 429, 429, 202)
    assert run([*PUBLISH, "--wait-s", "60"]) == 0
    captured = capsys.readouterr()
    assert EVENT_ID in captured.out
    assert captured.err.count("Trying again in 12 s.") == 2
    assert (len({request.content for request in server.requests}), clock.now_s) == (1, 24)


@pytest.mark.parametrize(("statuses", "waited_s"), [((429, 429, 429), 24), ((503,), 0), ((422,), 0)])
def test_it_gives_up_when_the_next_time_would_be_too_late_or_waiting_does_not_help(
    server: Server,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
    statuses: tuple[int, ...],
    waited_s: float,
) -> None:
    answers(server, *statuses)
    assert run([*PUBLISH, "--wait-s", "30"]) == EXIT_FAILED
    assert (len(server.requests), clock.now_s) == (len(statuses), waited_s)
    is_too_late = (
        "The server says to try again in 12 s, which is after the 30 s of --wait-s." in capsys.readouterr().err
    )
    assert is_too_late is (statuses[0] == 429)


def test_without_a_time_to_wait_it_gives_up(server: Server, clock: Clock) -> None:
    answers(server, 429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT")
    assert run([*PUBLISH, "--wait-s", "30"]) == EXIT_FAILED
    assert clock.now_s == 0
