import json
from typing import Any

import pytest

from assistant.stored_responses import MESSAGE, stored_response
from ninefold.systems.assistant.model import LogEvent, ResponseError, ResponseStatus
from ninefold.systems.assistant.openai.objects.response_events import encode_event, encode_last_event


def event(kind: str, **payload: Any) -> LogEvent:
    return LogEvent(7, kind, json.dumps(payload, separators=(",", ":")).encode())


def data_of(sent: bytes) -> dict[str, Any]:
    name, data, *rest = sent.decode().split("\n")
    assert rest == ["", ""]
    decoded: dict[str, Any] = json.loads(data.removeprefix("data: "))
    assert name == f"event: {decoded['type']}"
    return decoded


def test_most_events_go_out_as_they_are_stored() -> None:
    sent = encode_event(event("response.output_text.delta", item_id="msg_1", delta="a\nb"), stored_response())
    assert sent == (
        b"event: response.output_text.delta\n"
        b'data: {"type":"response.output_text.delta","sequence_number":7,"item_id":"msg_1","delta":"a\\nb"}\n\n'
    )


@pytest.mark.parametrize(("kind", "status"), [("response.created", "queued"), ("response.in_progress", "in_progress")])
def test_the_first_events_have_the_response_as_it_was_then(kind: str, status: str) -> None:
    data = data_of(encode_event(event(kind, response={"id": "resp_1"}), stored_response()))
    assert (data["sequence_number"], data["response"]["status"], data["response"]["output"]) == (7, status, [])


def test_the_place_in_the_queue_is_an_event_of_openai() -> None:
    data = data_of(encode_event(event("ninefold.response.queued", position=3), stored_response()))
    assert (data["type"], data["position"], data["response"]["status"]) == ("response.queued", 3, "queued")


@pytest.mark.parametrize("kind", ["ninefold.response.stalled", "ninefold.response.continued"])
def test_events_that_openai_does_not_have_are_left_out(kind: str) -> None:
    assert encode_event(event(kind, reason="worker_lost"), stored_response()) == b""


@pytest.mark.parametrize(
    ("kind", "fields", "shown"),
    [
        ("response.completed", {}, ("response.completed", "completed")),
        (
            "response.incomplete",
            {"status": ResponseStatus.INCOMPLETE, "incomplete_reason": "max_output_tokens"},
            ("response.incomplete", "incomplete"),
        ),
        (
            "response.failed",
            {"status": ResponseStatus.FAILED, "error": ResponseError(code="server_error", message="It broke.")},
            ("response.failed", "failed"),
        ),
        ("ninefold.response.cancelled", {"status": ResponseStatus.CANCELLED}, ("response.incomplete", "cancelled")),
    ],
)
def test_the_last_event_has_the_whole_response(kind: str, fields: dict[str, Any], shown: tuple[str, str]) -> None:
    data = data_of(encode_last_event(event(kind, response={}), stored_response(**fields)))
    assert (data["type"], data["response"]["status"]) == shown
    assert data["response"]["output"] == [MESSAGE]
