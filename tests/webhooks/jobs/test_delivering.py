"""The main job, end to end: publish an event, let a worker deliver it, and read the outcome from the API."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from in_process import StartWorker
from ninefold.core.egress import EgressClient, EgressResponse, LocalLimitError, Target
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.systems.webhooks.jobs import dispatcher, limits
from ninefold.systems.webhooks.service.recipients import OrganisationRecipients, RecipientCache
from ninefold.systems.webhooks.store.subscriptions import subscription_lock
from receivers import Answer, Receiver
from webhooks.webhooks_api import WebhooksApi

RETRIES = 3
"""Retries per round, in the settings of these tests' worker."""

ODD_PAYLOAD = '{"z": 1.0, "a":1e3,"naïve" : "日本\\u00e9", "big":12345678901234567890, "n":[ ]}'.encode()


@pytest.mark.usefixtures("worker")
async def test_a_delivery_has_the_published_bytes_and_a_valid_signature(api: WebhooksApi, receiver: Receiver) -> None:
    subscription = await api.subscribe(receiver.url, "order.*")
    event_id = await api.publish(ODD_PAYLOAD)
    (request,) = await receiver.received(1)
    assert request.body == ODD_PAYLOAD
    assert event_id == request.headers["webhook-id"]
    assert event_id == request.headers["x-webhook-id"]
    assert request.headers["x-webhook-event-type"] == "order.created"
    assert request.headers["content-type"] == "application/json"
    assert msgspec.json.decode(ODD_PAYLOAD) == request.verify(subscription["secret"])
    (delivery,) = await api.settled(event_id)
    assert delivery["status"] == "delivered"
    assert [attempt["response_code"] for attempt in delivery["attempts"]] == [200]
    assert delivery["attempts"][0]["response_body"] == "ok"


@pytest.mark.usefixtures("worker")
async def test_only_matching_subscriptions_get_an_event(api: WebhooksApi, receiver: Receiver) -> None:
    await api.subscribe(f"{receiver.url}/orders", "order.*")
    await api.subscribe(f"{receiver.url}/invoices", "invoice.paid")
    await api.subscribe(f"{receiver.url}/all", "*")
    await api.settled(await api.publish(event_type="order.created"))
    assert sorted(request.path for request in receiver.requests) == [b"/hooks/all", b"/hooks/orders"]


@pytest.mark.usefixtures("worker")
async def test_a_failing_delivery_is_retried_with_the_same_id_and_bytes_until_it_succeeds(
    api: WebhooksApi, receiver: Receiver
) -> None:
    await api.subscribe(receiver.url)
    receiver.answers.extend([Answer(500, body=b"no"), Answer(302, headers={"location": "/elsewhere"})])
    event_id = await api.publish(ODD_PAYLOAD)
    (delivery,) = await api.settled(event_id)
    assert delivery["status"] == "delivered"
    assert [attempt["response_code"] for attempt in delivery["attempts"]] == [500, 302, 200]
    assert [attempt["error_class"] for attempt in delivery["attempts"]] == [
        "unsuccessful_status",
        "unsuccessful_status",
        None,
    ]
    assert {(request.headers["webhook-id"], request.body) for request in receiver.requests} == {(event_id, ODD_PAYLOAD)}
    assert {request.headers["x-webhook-event-type"] for request in receiver.requests} == {"order.created"}
    assert {request.path for request in receiver.requests} == {b"/hooks"}
    assert [attempt["error_detail"] for attempt in delivery["attempts"]] == [
        "The receiver answered 500.",
        f"The receiver redirects to {receiver.url.removesuffix('/hooks')}/elsewhere; change the subscription's URL.",
        None,
    ]


@pytest.mark.usefixtures("worker")
async def test_a_delivery_that_is_redirected_advises_to_change_the_url(api: WebhooksApi, receiver: Receiver) -> None:
    await api.subscribe(receiver.url)
    receiver.default_answer = Answer(308, headers={"location": "https://example.com/new"})
    (delivery,) = await api.settled(await api.publish())
    assert delivery["waiting_reason"] == "circuit_open"
    assert delivery["attempts"][-1]["error_detail"] == (
        "The receiver redirects to https://example.com/new; change the subscription's URL."
    )
    assert delivery["advice"].startswith("Change the subscription's URL to the one that the receiver redirects to")


@pytest.mark.usefixtures("worker")
async def test_a_delivery_without_retries_left_is_failed_and_listed_and_can_be_retried_manually(
    api: WebhooksApi, receiver: Receiver
) -> None:
    subscription = await api.subscribe(receiver.url)
    receiver.default_answer = Answer(503, body=b"closed")
    event_id = await api.publish(ODD_PAYLOAD)
    # The endpoint accepts another event in the meantime, so it isn't down.
    await receiver.received(1)
    receiver.answers.append(Answer(204))
    await api.publish()
    (delivery,) = await api.settled(event_id)
    assert (delivery["status"], delivery["attempt_count"], delivery["attempts_planned"]) == ("failed", 4, 4)
    page = await api.get(f"/subscriptions/{subscription['subscription_id']}/deliveries?status=failed")
    assert [item["delivery_id"] for item in page["items"]] == [delivery["delivery_id"]]
    assert page["items"][0]["advice"].endswith("Then retry the delivery.")
    receiver.default_answer = Answer(204, body=b"")
    retried = await api.request("POST", f"/deliveries/{delivery['delivery_id']}/retry")
    assert retried.status_code == 202
    assert retried.json()["status"] == "retrying"
    (again,) = await api.settled(event_id)
    assert (again["status"], again["attempt_count"]) == ("delivered", 5)
    sent = [request for request in receiver.requests if request.headers["webhook-id"] == event_id]
    assert [request.body for request in sent] == [ODD_PAYLOAD] * 5


@pytest.mark.usefixtures("worker")
async def test_retry_after_is_obeyed(api: WebhooksApi, receiver: Receiver) -> None:
    await api.subscribe(receiver.url)
    receiver.answers.append(Answer(429, headers={"retry-after": "3600"}))
    event_id = await api.publish()
    (delivery,) = await api.dispatched(event_id)
    assert (delivery["status"], delivery["waiting_reason"]) == ("waiting", "rate_limited"), delivery
    waited = datetime.fromisoformat(delivery["waiting_until"]) - datetime.fromisoformat(
        delivery["attempts"][0]["attempted_at"]
    )
    assert 3590 < waited.total_seconds() < 3620


async def test_a_silent_receiver_times_out_and_is_retried(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    never = asyncio.Event()
    receiver.answers.append(Answer(until=never))
    await api.subscribe(receiver.url)
    settings = {"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "0.05", "NINEFOLD_WEBHOOKS_ATTEMPT_TIMEOUT_S": "0.2"}
    async with start_worker(settings):
        (delivery,) = await api.settled(await api.publish())
    assert [attempt["error_class"] for attempt in delivery["attempts"]] == ["timeout", None]


@pytest.mark.usefixtures("worker")
async def test_old_and_new_secrets_sign_during_the_grace_period(api: WebhooksApi, receiver: Receiver) -> None:
    subscription = await api.subscribe(receiver.url)
    path = f"/subscriptions/{subscription['subscription_id']}/rotate-secret"
    rotated = (await api.request("POST", path)).json()
    await api.settled(await api.publish())
    assert receiver.requests[0].headers["webhook-signature"].count("v1,") == 2
    receiver.requests[0].verify(subscription["secret"])
    receiver.requests[0].verify(rotated["secret"])
    final = (await api.request("POST", path, json={"grace_s": 0})).json()
    await api.settled(await api.publish())
    assert receiver.requests[1].headers["webhook-signature"].count("v1,") == 1
    receiver.requests[1].verify(final["secret"])


@pytest.mark.usefixtures("worker")
async def test_a_subscription_change_applies_to_the_next_event(api: WebhooksApi, receiver: Receiver) -> None:
    subscription = await api.subscribe(f"{receiver.url}/old")
    path = f"/subscriptions/{subscription['subscription_id']}"
    for number in range(20):
        changed = await api.request("PATCH", path, json={"url": f"{receiver.url}/{number}"})
        assert changed.status_code == 200
        await api.settled(await api.publish())
        assert receiver.requests[-1].path == f"/hooks/{number}".encode()


@pytest.mark.usefixtures("worker")
async def test_a_subscription_does_not_get_events_older_than_itself(api: WebhooksApi, receiver: Receiver) -> None:
    await api.subscribe(f"{receiver.url}/first")
    receiver.default_answer = Answer(500)
    event_id = await api.publish()
    await receiver.received(1)
    await api.subscribe(f"{receiver.url}/second")
    receiver.default_answer = Answer(200)
    (delivery,) = await api.settled(event_id)
    assert delivery["status"] == "delivered"


@pytest.mark.usefixtures("worker")
async def test_deleting_a_subscription_cancels_its_waiting_deliveries(api: WebhooksApi, receiver: Receiver) -> None:
    subscription = await api.subscribe(receiver.url)
    receiver.default_answer = Answer(500, headers={"retry-after": "3600"})
    event_id = await api.publish()
    await api.dispatched(event_id)
    deleted = await api.request("DELETE", f"/subscriptions/{subscription['subscription_id']}")
    assert deleted.status_code == 204
    (delivery,) = await api.settled(event_id)
    assert (delivery["status"], delivery["advice"]) == ("canceled", None)
    refused = await api.request("POST", f"/deliveries/{delivery['delivery_id']}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "subscription_deleted")
    assert len(receiver.requests) == 1


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("earlier_failures", [0, 1], ids=["first attempt", "further attempt"])
async def test_deleting_a_subscription_ends_an_attempt_and_cancels_the_delivery(
    api: WebhooksApi, receiver: Receiver, earlier_failures: int
) -> None:
    receiver.answers.extend([Answer(500)] * earlier_failures)
    receiver.default_answer = Answer(until=asyncio.Event())
    subscription = await api.subscribe(receiver.url)
    kept = await api.subscribe("http://127.0.0.1:1/closed")
    event_id = await api.publish()
    await receiver.received(earlier_failures + 1)
    await api.request("DELETE", f"/subscriptions/{subscription['subscription_id']}")
    deliveries = {item["subscription_id"]: item for item in await api.settled(event_id)}
    deleted = deliveries[subscription["subscription_id"]]
    assert (deleted["status"], deleted["next_attempt_at"]) == ("canceled", None)
    assert deleted["finished_at"] is not None
    assert deleted["attempts"][-1]["error_class"] == "aborted"
    assert deliveries[kept["subscription_id"]]["status"] == "waiting"


async def test_a_deletion_waits_for_outcomes_that_are_being_recorded(
    api: WebhooksApi, database: Database, receiver: Receiver
) -> None:
    subscription = await api.subscribe(receiver.url)
    subscription_id = parse_id("sub", subscription["subscription_id"])
    async with database.transaction() as connection:
        assert await subscription_lock(connection, subscription_ids={subscription_id}) == set()
        deleting = asyncio.create_task(api.request("DELETE", f"/subscriptions/{subscription['subscription_id']}"))
        async with database.connection() as observer, asyncio.timeout(10):
            while not await observer.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.01)
        assert not deleting.done()
    assert (await deleting).status_code == 204
    async with database.transaction() as connection:
        assert await subscription_lock(connection, subscription_ids={subscription_id}) == {subscription_id}


@pytest.mark.parametrize(
    ("event_types", "status", "requests"),
    [
        (["invoice.*"], "canceled", 1),
        (["order.updated"], "canceled", 1),
        (["order.*", "invoice.*"], "delivered", 2),
        (["*"], "delivered", 2),
    ],
)
async def test_a_retry_is_made_only_if_the_subscription_still_wants_the_type(
    *,
    api: WebhooksApi,
    receiver: Receiver,
    start_worker: StartWorker,
    event_types: list[str],
    status: str,
    requests: int,
) -> None:
    subscription = await api.subscribe(receiver.url, "order.created")
    receiver.answers.append(Answer(500, headers={"retry-after": "1"}))
    async with start_worker():
        event_id = await api.publish()
        await api.dispatched(event_id)
        path = f"/subscriptions/{subscription['subscription_id']}"
        await api.done("PATCH", path, json={"event_types": event_types})
        (delivery,) = await api.settled(event_id)
    assert delivery["status"] == status
    assert len(receiver.requests) == requests


async def test_a_type_that_the_subscription_no_longer_wants_cannot_be_retried_by_hand(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    subscription = await api.subscribe(receiver.url, "order.created")
    path = f"/subscriptions/{subscription['subscription_id']}"
    async with start_worker():
        (delivery,) = await api.settled(await api.publish())
    await api.done("PATCH", path, json={"event_types": ["invoice.*"]})
    problem = await api.refused(409, "POST", f"/deliveries/{delivery['delivery_id']}/retry")
    assert problem["code"] == "event_type_unwanted"
    assert "event_types" in problem["remedy"]
    await api.done("PATCH", path, json={"event_types": ["order.*"]})
    await api.done("POST", f"/deliveries/{delivery['delivery_id']}/retry")


async def test_without_a_worker_an_event_and_its_deliveries_are_queued(api: WebhooksApi, receiver: Receiver) -> None:
    await api.subscribe(receiver.url)
    event = await api.get(f"/events/{await api.publish()}")
    assert event["status"] == "queued"
    assert [delivery["status"] for delivery in event["deliveries"]] == ["queued"]


async def test_a_stopping_worker_waits_for_the_attempt_in_flight(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    answer_now = asyncio.Event()
    receiver.answers.append(Answer(until=answer_now))
    await api.subscribe(receiver.url)
    async with start_worker():
        event_id = await api.publish()
        await receiver.received(1)
        asyncio.get_running_loop().call_later(0.3, answer_now.set)
    event = await api.get(f"/events/{event_id}")
    assert [delivery["status"] for delivery in event["deliveries"]] == ["delivered"]


@pytest.mark.usefixtures("worker")
async def test_many_events_reach_every_subscriber_once(api: WebhooksApi, receiver: Receiver) -> None:
    for number in range(5):
        await api.subscribe(f"{receiver.url}/{number}")
    events = [{"event_type": "order.created", "payload": {"n": number}} for number in range(500)]
    answer = await api.request("POST", "/events/batch", json={"events": events})
    assert answer.json()["accepted"] == 500
    await receiver.received(2500, timeout_s=30)
    for result in answer.json()["results"]:
        await api.settled(result["event_id"])
    seen = [(request.path, request.headers["webhook-id"]) for request in receiver.requests]
    assert len(seen) == len(set(seen)) == 2500


async def test_a_stopping_worker_starts_no_further_attempts(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    answer_now = asyncio.Event()
    receiver.answers.append(Answer(until=answer_now))
    await api.subscribe(receiver.url)
    event_ids = [await api.publish() for _ in range(5)]
    async with start_worker({"NINEFOLD_WEBHOOKS_IN_FLIGHT_MAX": "1"}):
        await receiver.received(1)
        asyncio.get_running_loop().call_later(0.3, answer_now.set)
    assert len(receiver.requests) == 1
    async with start_worker():
        for event_id in event_ids:
            await api.settled(event_id)
    assert len(receiver.requests) == 5


@pytest.mark.usefixtures("worker")
async def test_an_attempt_prevented_by_a_local_limit_does_not_count_towards_the_round(
    api: WebhooksApi, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    prevented = 2 * RETRIES
    post = EgressClient.post
    limits = [LocalLimitError("No connection is free.") for _ in range(prevented)]

    async def prevent(self: EgressClient, target: Target, **request: Any) -> EgressResponse:
        if limits:
            raise limits.pop()
        return await post(self, target, **request)

    monkeypatch.setattr(EgressClient, "post", prevent)
    await api.subscribe(receiver.url)
    (delivery,) = await api.settled(await api.publish())
    assert (delivery["status"], delivery["attempt_count"]) == ("delivered", prevented + 1)
    assert [attempt["error_class"] for attempt in delivery["attempts"]] == ["local_limit"] * prevented + [None]


async def test_the_total_size_of_payloads_in_flight_is_limited(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "IN_FLIGHT_BYTES_MAX", 1)
    answer_now = asyncio.Event()
    receiver.default_answer = Answer(until=answer_now)
    in_flight: list[int] = []

    def answer() -> None:
        in_flight.append(len(receiver.requests))
        answer_now.set()

    await api.subscribe(receiver.url)
    events = [{"event_type": "order.created", "payload": number} for number in range(3)]
    accepted = (await api.request("POST", "/events/batch", json={"events": events})).json()
    async with start_worker():
        await receiver.received(1)
        asyncio.get_running_loop().call_later(0.3, answer)
        for result in accepted["results"]:
            await api.settled(result["event_id"])
    assert in_flight == [1]


async def test_silent_receivers_of_one_organisation_do_not_delay_another(
    api: WebhooksApi, other_api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    never = asyncio.Event()
    async with Receiver() as silent:
        silent.default_answer = Answer(until=never)
        await api.subscribe(silent.url)
        await other_api.subscribe(receiver.url)
        events = [{"event_type": "order.created", "payload": number} for number in range(300)]
        await api.done("POST", "/events/batch", json={"events": events})
        settings = {"NINEFOLD_WEBHOOKS_IN_FLIGHT_MAX": "10", "NINEFOLD_WEBHOOKS_ATTEMPT_TIMEOUT_S": "1"}
        async with start_worker(settings):
            await silent.received(8)
            for _ in range(8):
                (delivery,) = await other_api.settled(await other_api.publish())
                assert delivery["status"] == "delivered"
            never.set()
            silent.default_answer = Answer()
            await silent.received(300, timeout_s=30)


async def test_a_backlog_is_processed_without_a_pause_even_if_another_organisation_has_an_event(
    api: WebhooksApi,
    other_api: WebhooksApi,
    receiver: Receiver,
    start_worker: StartWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Enough deliveries that the claim with the other organisation's event fills the queue.
    for number in range(10):
        await api.subscribe(f"{receiver.url}/{number}")
    await other_api.subscribe(f"{receiver.url}/other")
    events = [{"event_type": "order.created", "payload": number} for number in range(300)]
    await api.done("POST", "/events/batch", json={"events": events})
    await other_api.publish()
    # There is no notification and no poll in time: the rest is claimed only if the queues report that they have room.
    monkeypatch.setattr(dispatcher, "EVENTS_POLL_S", 3600.0)
    async with start_worker():
        await receiver.received(3001, timeout_s=30)


@pytest.mark.parametrize("failure", [TimeoutError(), asyncpg.CannotConnectNowError("starting")])
async def test_events_are_delivered_although_the_database_fails_between_claim_and_attempt(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    failures = [failure]
    load = RecipientCache.load

    async def fail_once(self: RecipientCache, connection: Connection, organisation_id: UUID) -> OrganisationRecipients:
        if failures:
            raise failures.pop()
        return await load(self, connection, organisation_id)

    await api.subscribe(receiver.url)
    event_ids = [await api.publish() for _ in range(3)]
    monkeypatch.setattr(RecipientCache, "load", fail_once)
    async with start_worker():
        for event_id in event_ids:
            (delivery,) = await api.settled(event_id)
            assert delivery["status"] == "delivered"
    assert not failures
    assert len(receiver.requests) == 3


async def test_retries_of_a_deleted_subscription_are_all_canceled_despite_an_error(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.subscribe(receiver.url)
    receiver.default_answer = Answer(500, headers={"retry-after": "3600"})
    async with start_worker():
        event_ids = [await api.publish() for _ in range(2)]
        for event_id in event_ids:
            await api.dispatched(event_id)
    async with database.transaction() as connection:
        # Simulates a deletion at the moment of the claim.
        await connection.execute("UPDATE webhooks.subscription SET deleted_at = now()")
        await connection.execute("UPDATE webhooks.subscription_version SET version = version + 1")
        await connection.execute("UPDATE webhooks.delivery SET next_attempt_at = now()")
    find, calls = RecipientCache.find, iter(range(1_000_000))

    def fail_at_the_second(
        self: RecipientCache, organisation_id: UUID, *, version: int
    ) -> OrganisationRecipients | None:
        if next(calls) == 1:
            raise DatabaseUnavailableError("the database is unavailable")
        return find(self, organisation_id, version=version)

    monkeypatch.setattr(RecipientCache, "find", fail_at_the_second)
    async with start_worker():
        for event_id in event_ids:
            (delivery,) = await api.settled(event_id)
            assert delivery["status"] == "canceled"
    assert len(receiver.requests) == 2
