import base64
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from ninefold.edge.demo.target import FAILURES_FIRST, ForwardTarget

SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()
GENUINE = [b'{"n":1}', b'{"n":2}']


class Sender:
    """Forwards requests to a target as Ninefold does."""

    def __init__(self, target: ForwardTarget) -> None:
        self._url = target.receiver.url

    async def send(self, body: bytes, webhook_id: str, **headers: str) -> int:
        now = datetime.now(UTC)
        signed = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(webhook_id, now, body.decode()),
            "x-hub-signature-256": "sha256=…".encode("ascii", "replace").decode(),
        }
        async with httpx.AsyncClient(trust_env=False) as http:
            return (await http.post(self._url, content=body, headers={**signed, **headers})).status_code


@pytest.fixture
async def target() -> Any:
    target = ForwardTarget(GENUINE)
    target.verify_with(SECRET)
    await target.receiver.open()
    yield target
    await target.receiver.close()


@pytest.fixture
async def sender(target: ForwardTarget) -> Sender:
    """A sender whose first requests, which are refused on purpose, are over."""
    sender = Sender(target)
    statuses = [await sender.send(GENUINE[0], "evt_0") for _ in range(FAILURES_FIRST)]
    assert set(statuses) == {500}
    return sender


async def test_each_genuine_one_once_is_right(target: ForwardTarget, sender: Sender) -> None:
    for number, body in enumerate(GENUINE):
        # Twice with the same id: a retry whose first answer was lost.
        assert [await sender.send(body, f"evt_{number}") for _ in range(2)] == [204, 204]

    assert (target.arrived, target.find_problems()) == (2, [])


async def test_what_is_missing_foreign_or_passed_on_twice_is_reported(target: ForwardTarget, sender: Sender) -> None:
    await sender.send(GENUINE[0], "evt_1")
    await sender.send(GENUINE[0], "evt_2")
    await sender.send(b"{}", "evt_3")

    assert target.find_problems() == [
        "1 genuine callbacks didn't arrive.",
        "1 callbacks arrived that aren't genuine.",
        "1 callbacks were passed on more than once.",
    ]


async def test_a_wrong_signature_is_reported(target: ForwardTarget, sender: Sender) -> None:
    assert await sender.send(GENUINE[0], "evt_1", **{"webhook-signature": "v1,AAAA"}) == 400

    assert "evt_1 had no valid signature" in target.find_problems()[0]
