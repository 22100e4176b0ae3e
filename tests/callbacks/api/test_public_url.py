"""Behind a proxy: what providers sign is the public URL, not the one of the server."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator

from callbacks.callbacks_api import CallbacksApi

TOKEN = "12345678901234567890123456789012"
BODY = "CallSid=CA1&CallStatus=ringing&From=%2B12025551234"


@pytest.fixture
def environment() -> Mapping[str, str]:
    return {"NINEFOLD_CALLBACKS_PUBLIC_URL": "https://hooks.example.com/ninefold/"}


@pytest.mark.usefixtures("worker")
async def test_twilio_is_verified_by_the_public_url(api: CallbacksApi) -> None:
    source = await api.create_source(provider="twilio", secrets=[TOKEN])
    url = source["ingest_url"]
    assert url.startswith("https://hooks.example.com/ninefold/in/in_")
    path = url.removeprefix("https://hooks.example.com/ninefold")

    for signed_url in (url, f"http://ninefold.test{path}"):
        signature = RequestValidator(TOKEN).compute_signature(signed_url, dict(parse_qsl(BODY)))
        await api.http.post(
            path,
            content=BODY.encode(),
            headers={"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature},
        )

    newest, oldest = await api.judged(2, source=source)
    assert (oldest["status"], oldest["type"]) == ("verified", "ringing")
    assert (newest["status"], newest["reason"]) == ("quarantined", "signature_mismatch")
