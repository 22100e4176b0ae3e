"""The tier of an event: how it is given, and where it is shown."""

import pytest

from webhooks.webhooks_api import WebhooksApi


def event(**fields: object) -> dict[str, object]:
    return {"event_type": "order.created", "payload": {"n": 1}, **fields}


@pytest.mark.parametrize("tier", ["critical", "standard", "bulk"])
async def test_an_event_and_its_deliveries_have_the_tier_that_was_given(api: WebhooksApi, tier: str) -> None:
    await api.subscribe("https://example.com/hooks")
    published = await api.done("POST", "/events", json=event(tier=tier))
    shown = await api.get(f"/events/{published['event_id']}")
    assert (shown["tier"], shown["deliveries"][0]["tier"]) == (tier, tier)
    assert [each["tier"] for each in (await api.get("/events"))["items"]] == [tier]


async def test_each_event_of_a_batch_has_its_own_tier(api: WebhooksApi) -> None:
    events = [event(tier="bulk"), event(), event(tier="urgent"), event(tier="critical")]
    answer = await api.done("POST", "/events/batch", json={"events": events})
    assert [each["status"] for each in answer["results"]] == [202, 202, 422, 202]
    assert answer["results"][2]["problem"]["field"] == "events[2].tier"
    shown = [(await api.get(f"/events/{answer['results'][place]['event_id']}"))["tier"] for place in (0, 1, 3)]
    assert shown == ["bulk", "standard", "critical"]


async def test_an_idempotency_key_with_another_tier_is_a_conflict(api: WebhooksApi) -> None:
    first = await api.done("POST", "/events", json=event(idempotency_key="order-1", tier="bulk"))
    again = await api.done("POST", "/events", json=event(idempotency_key="order-1", tier="bulk"))
    assert again == first
    refused = await api.http.post(
        "/api/v1/events", json=event(idempotency_key="order-1"), headers={"authorization": f"Bearer {api.api_key}"}
    )
    assert (refused.status_code, refused.json()["field"]) == (409, "tier")


async def test_the_status_shows_the_depth_of_each_tier(api: WebhooksApi) -> None:
    for number in range(2):
        await api.subscribe(f"https://example.com/{number}")
    for tier in ("bulk", "bulk", "critical"):
        await api.done("POST", "/events", json=event(tier=tier))
    backlog = (await api.get("/webhooks/status"))["backlog"]
    assert backlog["queued"]["count"] == 6
    depths = {each["tier"]: (each["queued"]["count"], each["queued"]["oldest_at"]) for each in backlog["tiers"]}
    assert {tier: count for tier, (count, _) in depths.items()} == {"critical": 2, "standard": 0, "bulk": 4}
    assert depths["standard"][1] is None
    assert depths["bulk"][1] is not None
