"""Replays over the API: what starts one, and what is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from http_api import Json, problem_of
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.service.replays import REPLAYS_UNFINISHED_MAX
from webhooks.stored_deliveries import store_delivery
from webhooks.webhooks_api import WebhooksApi

SINCE = "2026-01-01T00:00:00Z"


@pytest.fixture
async def subscription(api: WebhooksApi) -> Json:
    return await api.subscribe("https://example.com/hooks")


def replay_of(subscription: Json) -> str:
    return f"/subscriptions/{subscription['subscription_id']}/replay"


async def test_a_replay_of_dead_letters_is_a_job_that_can_be_watched(api: WebhooksApi) -> None:
    response = await api.request("POST", "/dead-letters/replay", json={"event_type": "order.*", "rate_per_s": 50})

    assert response.status_code == 202
    job = response.json()
    assert (job["kind"], job["state"]) == ("webhooks.replay_dead_letters", "queued")
    assert response.headers["location"] == f"/api/v1/jobs/{job['job_id']}"
    assert await api.get(f"/jobs/{job['job_id']}") == job


async def test_a_replay_of_a_subscription_is_a_job_that_can_be_watched(api: WebhooksApi, subscription: Json) -> None:
    response = await api.request("POST", replay_of(subscription), json={"since": SINCE})

    assert response.status_code == 202
    job = response.json()
    assert (job["kind"], job["state"]) == ("webhooks.replay_subscription", "queued")
    assert response.headers["location"] == f"/api/v1/jobs/{job['job_id']}"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"delivery_ids": []}, 422, "delivery_ids"),
        ({"delivery_ids": ["evt_01h455vb4pex5vsknk084sn02q"]}, 422, "delivery_ids[0]"),
        ({"delivery_ids": ["dlv_01h455vb4pex5vsknk084sn02q", "x"]}, 422, "delivery_ids[1]"),
        ({"delivery_ids": ["dlv_01h455vb4pex5vsknk084sn02q"] * 1_001}, 422, "delivery_ids"),
        ({"delivery_ids": ["dlv_01h455vb4pex5vsknk084sn02q"], "event_type": "*"}, 422, "delivery_ids"),
        ({"subscription_id": "x"}, 422, "subscription_id"),
        ({"subscriber_id": ""}, 422, "subscriber_id"),
        ({"event_type": "order."}, 422, "event_type"),
        ({"error_class": "time_out"}, 422, "error_class"),
        ({"failed_after": "2026-01-01T00:00:00"}, 422, "failed_after"),
        ({"failed_before": "0001-01-01T00:00:00Z"}, 422, "failed_before"),
        ({"rate_per_s": 0}, 422, "rate_per_s"),
        ({"rate_per_s": "fast"}, 422, "rate_per_s"),
        ({"rate_per_s": 1e9}, 422, "rate_per_s"),
        ({"everything": True}, 422, "everything"),
    ],
)
async def test_an_invalid_replay_of_dead_letters_names_the_field(
    api: WebhooksApi, body: Json, status: int, field: str
) -> None:
    problem = await api.refused(status, "POST", "/dead-letters/replay", json=body)

    assert problem["field"] == field
    assert problem["remedy"]
    assert (await api.get("/jobs"))["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "since"),
        ({"since": None}, "since"),
        ({"since": "2026-01-01"}, "since"),
        ({"since": "2026-01-01T00:00:00"}, "since"),
        ({"since": "9998-01-01T00:00:00Z"}, "since"),
        ({"since": "0001-01-01T00:00:00Z"}, "since"),
        ({"since": SINCE, "until": SINCE}, "until"),
        ({"since": SINCE, "until": "2025-01-01T00:00:00Z"}, "until"),
        ({"since": SINCE, "until": "9999-12-31T23:59:59-12:00"}, "until"),
        ({"since": SINCE, "statuses": []}, "statuses"),
        ({"since": SINCE, "statuses": ["dead"]}, "statuses[0]"),
        ({"since": SINCE, "statuses": ["failed", "retrying"]}, "statuses[1]"),
        ({"since": SINCE, "rate_per_s": -1}, "rate_per_s"),
    ],
)
async def test_an_invalid_replay_of_a_subscription_names_the_field(
    api: WebhooksApi, subscription: Json, body: Json, field: str
) -> None:
    problem = await api.refused(422, "POST", replay_of(subscription), json=body)

    assert problem["field"] == field
    assert problem["remedy"]
    assert (await api.get("/jobs"))["items"] == []


async def test_the_future_cannot_be_replayed(api: WebhooksApi, subscription: Json) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()

    problem = await api.refused(422, "POST", replay_of(subscription), json={"since": tomorrow})

    assert (problem["field"], problem["detail"]) == ("since", "`since` is in the future.")


async def test_a_deleted_subscription_cannot_be_replayed(api: WebhooksApi, subscription: Json) -> None:
    await api.request("DELETE", f"/subscriptions/{subscription['subscription_id']}")

    problem = await api.refused(404, "POST", replay_of(subscription), json={"since": SINCE})

    assert problem["code"] == "subscription_not_found"


async def test_the_number_of_unfinished_replays_is_limited(
    api: WebhooksApi, other_api: WebhooksApi, subscription: Json
) -> None:
    jobs = [await api.done("POST", "/dead-letters/replay", json={}) for _ in range(REPLAYS_UNFINISHED_MAX)]

    for path, body in (("/dead-letters/replay", {}), (replay_of(subscription), {"since": SINCE})):
        problem = await api.refused(409, "POST", path, json=body)
        assert problem["code"] == "too_many_replays"
    await other_api.done("POST", "/dead-letters/replay", json={})
    await api.done("POST", f"/jobs/{jobs[0]['job_id']}/cancel")
    await api.done("POST", "/dead-letters/replay", json={})


@pytest.mark.parametrize("path", ["/dead-letters/replay", "/subscriptions/{subscription_id}/replay"])
async def test_an_idempotency_key_is_refused(api: WebhooksApi, subscription: Json, path: str) -> None:
    response = await api.request(
        "POST", path.format_map(subscription), json={"since": SINCE}, headers={"Idempotency-Key": "k"}
    )

    assert problem_of(response, status=400)["field"] == "Idempotency-Key"


async def test_starting_a_replay_changes_no_delivery_yet(
    api: WebhooksApi, database: Database, subscription: Json
) -> None:
    stored = await store_delivery(database, subscription)

    await api.done("POST", "/dead-letters/replay", json={"delivery_ids": [stored.delivery_id]})

    assert (await api.get(f"/deliveries/{stored.delivery_id}"))["status"] == "failed"
