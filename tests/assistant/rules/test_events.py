import msgspec
import pytest

from assistant.stored_responses import stored_response
from ninefold.systems.assistant.model import (
    LogEvent,
    NewEvent,
    Response,
    ResponseError,
    ResponseStatus,
    ToolCall,
    Usage,
)
from ninefold.systems.assistant.rules.events import Transcript, continued_event, end_response, item_id

USAGE = Usage(input_tokens=3, output_tokens=5)
CALL = ToolCall(call_id="call_1", name="find", arguments='{"id":1}')


@pytest.fixture
def response() -> Response:
    return stored_response(
        status=ResponseStatus.IN_PROGRESS,
        output_items=(),
        usage=Usage(),
        last_sequence=2,
        started_at=None,
        finished_at=None,
    )


def logged(events: list[NewEvent]) -> list[LogEvent]:
    return [LogEvent(sequence=number, type=event.type, payload=event.payload) for number, event in enumerate(events)]


def test_a_transcript_is_the_same_after_it_was_read_again(response: Response) -> None:
    transcript = Transcript()
    events = [
        *transcript.add(response, "30 "),
        continued_event("worker_lost", attempt=2),
        *transcript.add(response, "days"),
    ]
    read = Transcript(logged(events))

    assert (read.text, read.has_item) == (transcript.text, transcript.has_item) == ("30 days", True)
    assert [event.type for event in events] == [
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "ninefold.response.continued",
        "response.output_text.delta",
    ]


def test_an_event_is_encoded_with_its_type_and_number() -> None:
    assert LogEvent(sequence=7, type="a.b", payload=b'{"x":1}').encode() == b'{"type":"a.b","sequence_number":7,"x":1}'
    assert LogEvent(sequence=7, type="a.b", payload=b"{}").encode() == b'{"type":"a.b","sequence_number":7}'


@pytest.mark.parametrize(
    ("status", "item_status", "last"),
    [
        (ResponseStatus.COMPLETED, "completed", "response.completed"),
        (ResponseStatus.INCOMPLETE, "incomplete", "response.incomplete"),
        (ResponseStatus.FAILED, "incomplete", "response.failed"),
        (ResponseStatus.CANCELLED, "incomplete", "ninefold.response.cancelled"),
    ],
)
def test_a_response_ends_with_its_message_and_its_status(
    response: Response, status: ResponseStatus, item_status: str, last: str
) -> None:
    transcript = Transcript()
    transcript.add(response, "30 days")

    ending = end_response(response, transcript, status=status, usage=USAGE)

    (item,) = ending.output_items
    assert (item["id"], item["status"], item["content"][0]["text"]) == (item_id(response), item_status, "30 days")
    assert [event.type for event in ending.events] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        last,
    ]
    state = msgspec.json.decode(ending.events[-1].payload)["response"]
    assert (state["status"], state["usage"]["total_tokens"]) == (status.value, 8)


def test_a_completed_response_always_has_an_output(response: Response) -> None:
    ending = end_response(response, Transcript(), status=ResponseStatus.COMPLETED, usage=USAGE)

    assert [item["content"][0]["text"] for item in ending.output_items] == [""]
    assert ending.events[0].type == "response.output_item.added"


def test_a_response_that_failed_before_its_first_token_has_no_output(response: Response) -> None:
    error = ResponseError(code="engine_unavailable", message="It isn't running.")

    ending = end_response(response, Transcript(), status=ResponseStatus.FAILED, usage=USAGE, error=error)

    assert ending.output_items == []
    (event,) = ending.events
    assert msgspec.json.decode(event.payload)["response"]["error"] == {
        "code": "engine_unavailable",
        "message": "It isn't running.",
    }


def test_calls_of_functions_follow_the_text(response: Response) -> None:
    transcript = Transcript()
    transcript.add(response, "Let me look.")

    ending = end_response(response, transcript, status=ResponseStatus.COMPLETED, usage=USAGE, tool_calls=[CALL, CALL])

    assert [item["type"] for item in ending.output_items] == ["message", "function_call", "function_call"]
    assert len({item["id"] for item in ending.output_items}) == 3
    places = [
        msgspec.json.decode(event.payload)["output_index"]
        for event in ending.events
        if event.type == "response.output_item.done"
    ]
    assert places == [0, 1, 2]


def test_calls_of_functions_alone_have_no_message(response: Response) -> None:
    ending = end_response(response, Transcript(), status=ResponseStatus.COMPLETED, usage=USAGE, tool_calls=[CALL])

    (item,) = ending.output_items
    assert (item["call_id"], item["name"], item["arguments"]) == ("call_1", "find", '{"id":1}')
    assert [event.type for event in ending.events] == [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
    ]
