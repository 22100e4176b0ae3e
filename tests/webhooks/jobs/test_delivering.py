"""The main job: from a publish, over a worker, to the receiver's answer and back into the API."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from in_process import StartWorker
from ninefold.core.egress import EgressClient, EgressResponse, LocalLimitError, Target
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.systems.webhooks.jobs import dispatcher, limits
from ninefold.systems.webhooks.service.directory import OrganisationRecipients, RecipientDirectory
from receivers import Answer, Receiver
from webhooks.webhooks_api import WebhooksApi

RETRIES = 3
"""Of a round, in the settings of the worker that these tests run."""

ODD_PAYLOAD = '{"z": 1.0, "a":1e3,"naïve" : "日本\\u00e9", "big":12345678901234567890, "n":[ ]}'.encode()


@pytest.mark.usefixtures("worker")
async def test_a_delivery_carries_the_published_bytes_and_a_valid_signature(
    api: WebhooksApi, receiver: Receiver
) -> None:
    subscription = await api.subscribe(receiver.url, "order.*")
    event_id = await api.publish(ODD_PAYLOAD)
    (request,) = await receiver.received(1)
    assert request.body == ODD_PAYLOAD
    assert event_id == request.headers["webhook-id"]
    assert event_id == request.headers["x-webhook-id"]
    assert request.headers["content-type"] == "application/json"
    assert msgspec.json.decode(ODD_PAYLOAD) == request.verify(subscription["secret"])
    (delivery,) = await api.settled(event_id)
    assert delivery["status"] == "delivered"
    assert [attempt["response_code"] for attempt in delivery["attempts"]] == [200]
    assert delivery["attempts"][0]["response_body"] == "ok"


@pytest.mark.usefixtures("worker")
async def test_only_subscribers_of_the_type_get_an_event(api: WebhooksApi, receiver: Receiver) -> None:
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
    assert {request.path for request in receiver.requests} == {b"/hooks"}


@pytest.mark.usefixtures("worker")
async def test_a_delivery_that_used_up_its_retries_is_failed_and_listed_and_can_be_retried_by_hand(
    api: WebhooksApi, receiver: Receiver
) -> None:
    subscription = await api.subscribe(receiver.url)
    receiver.default_answer = Answer(503, body=b"closed")
    event_id = await api.publish(ODD_PAYLOAD)
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
    assert {(request.headers["webhook-id"], request.body) for request in receiver.requests} == {(event_id, ODD_PAYLOAD)}


@pytest.mark.usefixtures("worker")
async def test_retry_after_lengthens_the_wait(api: WebhooksApi, receiver: Receiver) -> None:
    await api.subscribe(receiver.url)
    receiver.answers.append(Answer(429, headers={"retry-after": "3600"}))
    event_id = await api.publish()
    (delivery,) = await api.dispatched(event_id)
    assert delivery["status"] == "retrying"
    assert delivery["next_attempt_at"] > delivery["created_at"]
    waited = datetime.fromisoformat(delivery["next_attempt_at"]) - datetime.fromisoformat(
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
async def test_both_secrets_sign_while_one_is_rotated(api: WebhooksApi, receiver: Receiver) -> None:
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
async def test_the_next_event_goes_by_a_changed_subscription(api: WebhooksApi, receiver: Receiver) -> None:
    subscription = await api.subscribe(f"{receiver.url}/old")
    path = f"/subscriptions/{subscription['subscription_id']}"
    for number in range(20):
        changed = await api.request("PATCH", path, json={"url": f"{receiver.url}/{number}"})
        assert changed.status_code == 200
        await api.settled(await api.publish())
        assert receiver.requests[-1].path == f"/hooks/{number}".encode()


@pytest.mark.usefixtures("worker")
async def test_a_subscription_gets_no_event_that_is_older_than_itself(api: WebhooksApi, receiver: Receiver) -> None:
    await api.subscribe(f"{receiver.url}/first")
    receiver.default_answer = Answer(500)
    event_id = await api.publish()
    await receiver.received(1)
    await api.subscribe(f"{receiver.url}/second")
    receiver.default_answer = Answer(200)
    (delivery,) = await api.settled(event_id)
    assert delivery["status"] == "delivered"


@pytest.mark.usefixtures("worker")
async def test_deleting_a_subscription_cancels_what_waits(api: WebhooksApi, receiver: Receiver) -> None:
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


async def test_an_event_without_a_worker_is_seen_as_queued_with_its_deliveries(
    api: WebhooksApi, receiver: Receiver
) -> None:
    await api.subscribe(receiver.url)
    event = await api.get(f"/events/{await api.publish()}")
    assert event["status"] == "queued"
    assert [delivery["status"] for delivery in event["deliveries"]] == ["queued"]


async def test_a_worker_that_stops_lets_the_attempt_under_way_end(
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


async def test_a_worker_that_stops_starts_nothing_more(
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
async def test_an_attempt_that_ninefold_itself_prevented_uses_up_none(
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


async def test_the_payloads_under_way_are_bounded_together(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "IN_FLIGHT_BYTES_MAX", 1)
    answer_now = asyncio.Event()
    receiver.default_answer = Answer(until=answer_now)
    under_way: list[int] = []

    def answer() -> None:
        under_way.append(len(receiver.requests))
        answer_now.set()

    await api.subscribe(receiver.url)
    events = [{"event_type": "order.created", "payload": number} for number in range(3)]
    accepted = (await api.request("POST", "/events/batch", json={"events": events})).json()
    async with start_worker():
        await receiver.received(1)
        asyncio.get_running_loop().call_later(0.3, answer)
        for result in accepted["results"]:
            await api.settled(result["event_id"])
    assert under_way == [1]


async def test_silent_receivers_of_one_organisation_do_not_keep_another_waiting(
    api: WebhooksApi, other_api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    never = asyncio.Event()
    async with Receiver() as silent:
        silent.default_answer = Answer(until=never)
        await api.subscribe(silent.url)
        await other_api.subscribe(receiver.url)
        events = [{"event_type": "order.created", "payload": number} for number in range(1000)]
        await api.done("POST", "/events/batch", json={"events": events})
        settings = {"NINEFOLD_WEBHOOKS_IN_FLIGHT_MAX": "10", "NINEFOLD_WEBHOOKS_ATTEMPT_TIMEOUT_S": "1"}
        async with start_worker(settings):
            await silent.received(8)
            for _ in range(20):
                (delivery,) = await other_api.settled(await other_api.publish())
                assert delivery["status"] == "delivered"
            never.set()
            silent.default_answer = Answer()
            await silent.received(1000, timeout_s=30)


async def test_a_backlog_is_worked_off_without_a_pause_also_when_another_organisation_has_one_event(
    api: WebhooksApi,
    other_api: WebhooksApi,
    receiver: Receiver,
    start_worker: StartWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # So many that the claim that brings the other's event fills the queue.
    for number in range(10):
        await api.subscribe(f"{receiver.url}/{number}")
    await other_api.subscribe(f"{receiver.url}/other")
    events = [{"event_type": "order.created", "payload": number} for number in range(300)]
    await api.done("POST", "/events/batch", json={"events": events})
    await other_api.publish()
    # Nobody notifies, and no poll comes in time: the rest is claimed only if the queues say that they have room.
    monkeypatch.setattr(dispatcher, "EVENTS_POLL_S", 3600.0)
    async with start_worker():
        await receiver.received(3001, timeout_s=30)


@pytest.mark.parametrize("failure", [TimeoutError(), asyncpg.CannotConnectNowError("starting")])
async def test_a_database_that_fails_between_claim_and_attempt_holds_nothing_back(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    failures = [failure]
    load = RecipientDirectory.load

    async def fail_once(
        self: RecipientDirectory, connection: Connection, organisation_id: UUID
    ) -> OrganisationRecipients:
        if failures:
            raise failures.pop()
        return await load(self, connection, organisation_id)

    await api.subscribe(receiver.url)
    event_ids = [await api.publish() for _ in range(3)]
    monkeypatch.setattr(RecipientDirectory, "load", fail_once)
    async with start_worker():
        for event_id in event_ids:
            (delivery,) = await api.settled(event_id)
            assert delivery["status"] == "delivered"
    assert not failures
    assert len(receiver.requests) == 3


async def test_an_error_among_retries_whose_subscription_is_gone_forgets_none_of_them(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.subscribe(receiver.url)
    receiver.default_answer = Answer(500, headers={"retry-after": "3600"})
    async with start_worker():
        event_ids = [await api.publish() for _ in range(2)]
        for event_id in event_ids:
            await api.dispatched(event_id)
    async with database.transaction() as connection:
        # As if it were deleted at the moment at which they are claimed.
        await connection.execute("UPDATE webhooks.subscription SET deleted_at = now()")
        await connection.execute("UPDATE webhooks.subscription_version SET version = version + 1")
        await connection.execute("UPDATE webhooks.delivery SET next_attempt_at = now()")
    find, calls = RecipientDirectory.find, iter(range(1_000_000))

    def fail_at_the_second(
        self: RecipientDirectory, organisation_id: UUID, *, version: int
    ) -> OrganisationRecipients | None:
        if next(calls) == 1:
            raise DatabaseUnavailableError("gone")
        return find(self, organisation_id, version=version)

    monkeypatch.setattr(RecipientDirectory, "find", fail_at_the_second)
    async with start_worker():
        for event_id in event_ids:
            (delivery,) = await api.settled(event_id)
            assert delivery["status"] == "canceled"
    assert len(receiver.requests) == 2
