from typing import Any

import msgspec
import pytest

from assistant.stored_responses import MESSAGE, RESPONSE_ID, stored_response
from ninefold.systems.assistant.model import Parameters, ResponseError, ResponseStatus
from ninefold.systems.assistant.openai.objects.response import RepeatedFields, page_of_items, response_object
from ninefold.systems.assistant.openai.requests.generating import Function, FunctionChoice, JsonObjectFormat

ITEMS = [{"id": f"msg_{index}"} for index in range(5)]
COMPLETED = {
    "id": "resp_01h455vb4pex5vsknk084sn02q",
    "object": "response",
    "created_at": 1795741200,
    "completed_at": 1795741200,
    "status": "completed",
    "background": False,
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "model": "small",
    "output": [MESSAGE],
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "store": True,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "truncation": "disabled",
    "usage": {
        "input_tokens": 3,
        "output_tokens": 2,
        "total_tokens": 5,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    },
}


def shown(status: ResponseStatus | None = None, **fields: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(response_object(stored_response(**fields), status=status)))


@pytest.mark.parametrize(
    ("fields", "differences"),
    [
        ({}, {}),
        (
            {"status": ResponseStatus.FAILED, "error": ResponseError(code="server_error", message="It broke.")},
            {"status": "failed", "completed_at": None, "error": {"code": "server_error", "message": "It broke."}},
        ),
        (
            {"status": ResponseStatus.INCOMPLETE, "incomplete_reason": "max_output_tokens"},
            {"status": "incomplete", "completed_at": None, "incomplete_details": {"reason": "max_output_tokens"}},
        ),
        ({"status": ResponseStatus.CANCELLED}, {"status": "cancelled", "completed_at": None}),
        (
            {"previous_response_id": RESPONSE_ID, "is_stored": False},
            {"previous_response_id": "resp_01h455vb4pex5vsknk084sn02q", "store": False},
        ),
        (
            {"parameters": Parameters(instructions="Be brief.", temperature=0.5, top_p=1.0)},
            {"instructions": "Be brief.", "temperature": 0.5, "top_p": 1.0},
        ),
        (
            {
                "surface": msgspec.to_builtins(
                    RepeatedFields(
                        format=JsonObjectFormat(),
                        tools=[Function(name="f")],
                        tool_choice=FunctionChoice(name="f"),
                        metadata={"a": "b"},
                        background=True,
                        max_output_tokens=9,
                    )
                )
            },
            {
                "text": {"format": {"type": "json_object"}},
                "tools": [{"type": "function", "name": "f", "description": None, "parameters": None, "strict": None}],
                "tool_choice": {"type": "function", "name": "f"},
                "metadata": {"a": "b"},
                "background": True,
                "max_output_tokens": 9,
            },
        ),
    ],
)
def test_a_response_is_shown(fields: dict[str, Any], differences: dict[str, Any]) -> None:
    assert shown(**fields) == {**COMPLETED, **differences}


@pytest.mark.parametrize("status", [ResponseStatus.QUEUED, ResponseStatus.IN_PROGRESS])
def test_an_earlier_status_shows_no_output(status: ResponseStatus) -> None:
    assert shown(status) == {**COMPLETED, "status": status, "completed_at": None, "output": [], "usage": None}


@pytest.mark.parametrize(
    ("after", "limit", "order", "ids", "last"),
    [
        (None, 2, "asc", ["msg_0", "msg_1"], "more"),
        ("msg_1", 2, "asc", ["msg_2", "msg_3"], "more"),
        ("msg_3", 2, "asc", ["msg_4"], "end"),
        (None, 2, "desc", ["msg_4", "msg_3"], "more"),
        ("msg_1", 5, "desc", ["msg_0"], "end"),
        ("msg_4", 5, "asc", [], "end"),
    ],
)
def test_items_come_in_pages(after: str | None, limit: int, order: str, ids: list[str], last: str) -> None:
    page = page_of_items(ITEMS, after=after, limit=limit, is_ascending=order == "asc")
    assert ([item["id"] for item in page.data], page.has_more) == (ids, last == "more")
    assert (page.first_id, page.last_id) == ((ids[0], ids[-1]) if ids else (None, None))


def test_a_page_after_an_unknown_item_is_an_error() -> None:
    with pytest.raises(KeyError):
        page_of_items(ITEMS, after="msg_9", limit=2, is_ascending=True)
