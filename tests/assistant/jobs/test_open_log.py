import pytest

from assistant.stored_responses import stored_response
from ninefold.systems.assistant.jobs.open_log import LogLostError, OpenLog
from ninefold.systems.assistant.model import ResponseStatus, Usage
from ninefold.systems.assistant.rules.events import Transcript, stalled_event


@pytest.fixture
def scheduled() -> list[bool]:
    """Whether each request to be written was urgent."""
    return []


@pytest.fixture
def open_log(scheduled: list[bool]) -> OpenLog:
    response = stored_response(
        status=ResponseStatus.IN_PROGRESS,
        output_items=(),
        usage=Usage(),
        last_sequence=2,
        started_at=None,
        finished_at=None,
    )
    return OpenLog(response, Transcript(), sequence=2, schedule=lambda _, is_urgent: scheduled.append(is_urgent))


def test_the_first_text_is_urgent_and_later_ones_are_joined(open_log: OpenLog, scheduled: list[bool]) -> None:
    open_log.add_text("30", tokens=1)
    first = open_log.prepare()
    assert first is not None
    open_log.confirm()
    open_log.add_text(" ", tokens=1)
    open_log.add_text("days", tokens=1)
    second = open_log.prepare()
    assert second is not None

    assert scheduled == [True, False, False]
    assert (first.expected_sequence, len(first.events), first.output_tokens) == (2, 3, 1)
    assert (second.expected_sequence, len(second.events), second.output_tokens) == (5, 1, 3)
    assert open_log.transcript.text == "30 days"


def test_what_failed_is_written_again_unchanged_and_what_came_since_afterwards(
    open_log: OpenLog, scheduled: list[bool]
) -> None:
    open_log.add_text("30", tokens=1)
    failed = open_log.prepare()
    open_log.add_event(stalled_event("next_token", waited_s=4))
    assert open_log.prepare() is failed
    scheduled.clear()

    open_log.confirm()

    assert scheduled == [False], "what came since must be written as well"
    later = open_log.prepare()
    assert later is not None
    assert (later.expected_sequence, [event.type for event in later.events]) == (5, ["ninefold.response.stalled"])


async def test_a_lost_log_writes_nothing(open_log: OpenLog) -> None:
    open_log.add_text("30", tokens=1)
    open_log.lose()

    assert open_log.prepare() is None
    with pytest.raises(LogLostError):
        await open_log.settle()


def test_what_postgresql_can_not_store_is_replaced(open_log: OpenLog) -> None:
    open_log.add_text("a\0b\ud800", tokens=1)
    append = open_log.prepare()
    assert append is not None

    assert b'"delta":"a\xef\xbf\xbdb?"' in append.events[-1].payload
