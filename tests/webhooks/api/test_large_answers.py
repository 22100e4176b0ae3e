"""Responses that could become very large: their size is limited and shared between their parts."""

import pytest

from ninefold.systems.webhooks.service import deliveries
from receivers import Answer, Receiver
from webhooks.webhooks_api import WebhooksApi


@pytest.mark.usefixtures("worker")
async def test_the_deliveries_of_an_event_share_the_size_limit_of_the_response(
    api: WebhooksApi, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ATTEMPTS_PER_ANSWER_MAX", 4)
    monkeypatch.setattr(deliveries, "BODIES_PER_ANSWER_BYTES_MAX", 16)
    receiver.default_answer = Answer(500, body=b"0123456789")
    for _ in range(2):
        await api.subscribe(receiver.url)
    event_id = await api.publish()
    for delivery in await api.settled(event_id):
        assert delivery["attempt_count"] > 2
        assert [(made["response_body"], made["is_response_body_truncated"]) for made in delivery["attempts"]] == [
            ("0123", True),
            ("0123", True),
        ]
