"""Responses as they are stored, without a database."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from ninefold.systems.assistant.model import Parameters, Response, ResponseStatus, Usage

RESPONSE_ID: Final = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
CREATED_AT: Final = datetime(2026, 11, 27, 1, 0, tzinfo=UTC)

MESSAGE: Final = {
    "id": "msg_1",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hello.", "annotations": []}],
}
CALL: Final = {
    "id": "fc_1",
    "type": "function_call",
    "status": "completed",
    "call_id": "call_1",
    "name": "weather",
    "arguments": "{}",
}


def stored_response(**fields: Any) -> Response:
    """Return a response that is completed, with these fields."""
    values: dict[str, Any] = {
        "response_id": RESPONSE_ID,
        "organisation_id": RESPONSE_ID,
        "owner_id": RESPONSE_ID,
        "asker_id": RESPONSE_ID,
        "asker_kind": "api_key",
        "conversation_id": None,
        "message_id": RESPONSE_ID,
        "previous_response_id": None,
        "status": ResponseStatus.COMPLETED,
        "is_stored": True,
        "model": "small",
        "engine": "scripted",
        "parameters": Parameters(),
        "messages": (),
        "input_items": (),
        "surface": {},
        "output_items": (MESSAGE,),
        "incomplete_reason": None,
        "error": None,
        "usage": Usage(input_tokens=3, output_tokens=2),
        "reserved_tokens": 0,
        "last_sequence": 7,
        "is_log_deleted": False,
        "leased_by": None,
        "attempt_count": 1,
        "queue_position": None,
        "created_at": CREATED_AT,
        "started_at": CREATED_AT,
        "finished_at": CREATED_AT,
    }
    return Response(**{**values, **fields})
