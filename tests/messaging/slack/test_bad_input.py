"""What strangers send: whatever it is, the answer is Slack's."""

from typing import Any, Final

import httpx
import pytest

from http_api import Api

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("media_type", "content", "word"),
    [
        (JSON, b"{", "invalid_json"),
        (JSON, b"\xff", "invalid_json"),
        (JSON, b"[]", "invalid_arguments"),
        (JSON, b'"text"', "invalid_arguments"),
        (JSON, b"[" * 10_000, "invalid_arguments"),
        (JSON, b'{"channel": "general", "text": "\\u0000"}', "invalid_arguments"),
        (JSON, b'{"channel": "general\\u0000", "text": "Hi"}', "invalid_arguments"),
        (JSON, b'{"channel": ["general"], "text": "Hi"}', "invalid_arguments"),
        (JSON, b'{"channel": "general", "text": "Hi", "blocks": {}}', "invalid_blocks_format"),
        (JSON, b'{"channel": "general", "blocks": [{"type": "divider", "block_id": "\\u0000"}]}', "invalid_arguments"),
        (JSON, b'{"channel": "general", "blocks": [{"type": "divider", "x": "\\u0000"}]}', "invalid_arguments"),
        (JSON, b'{"channel": "general", "text": "Hi", "attachments": [{"text": "\\u0000"}]}', "invalid_arguments"),
        (FORM, b"channel=general&text=%00", "invalid_arguments"),
        (FORM, b"channel=general&text=%FF", "invalid_form_data"),
        (FORM, b"channel=general&text=Hi&thread_ts=" + b"9" * 41, "invalid_arguments"),
        (FORM, b"channel=general&text=Hi&blocks=%5B%22%5Cu0000%22%5D", "invalid_arguments"),
        (FORM, b"a[b]=1&a=2", "invalid_form_data"),
        ("multipart/form-data", b"--x", "invalid_form_data"),
    ],
)
async def test_a_body_that_cannot_be_used_is_refused(
    http: httpx.AsyncClient, api: Api, media_type: str, content: bytes, word: str
) -> None:
    app = await api.done("POST", "/messaging/apps", json={"name": "deploy"})
    headers = {"Authorization": f"Bearer {app['bot_token']}", "Content-Type": media_type}

    response = await http.post("/slack/api/chat.postMessage", content=content, headers=headers)

    answer: Any = response.json()
    assert (response.status_code, answer["ok"], answer["error"]) == (200, False, word), answer
