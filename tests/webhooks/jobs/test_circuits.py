"""The circuit breaker, as its users see it: an endpoint that is down, one that comes back, one that is gone."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from http_api import Json
from in_process import StartWorker
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.jobs import dispatcher
from receivers import Answer, ReceivedRequest, Receiver
from webhooks.webhooks_api import WebhooksApi

PROBED_SOON = {"NINEFOLD_WEBHOOKS_CIRCUIT_RETRY_S": "0.3"}
QUICK_RETRIES = {"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "0.01,0.01,0.01,0.01,0.01"}
SHORT_RETRIES = {"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "0.1,0.1,0.1,0.1,0.1"}
RARE_RETRIES = {"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "600,600"}


async def circuit_of(api: WebhooksApi, subscription: Json) -> Json:
    shown = await api.get(f"/subscriptions/{subscription['subscription_id']}")
    circuit: Json = shown["circuit"]
    return circuit


async def wait_for_circuit(api: WebhooksApi, subscription: Json, state: str) -> Json:
    async with asyncio.timeout(10):
        while (circuit := await circuit_of(api, subscription))["state"] != state:
            await asyncio.sleep(0.02)
    return circuit


async def wait_for_delivery(api: WebhooksApi, events: list[str]) -> None:
    async with asyncio.timeout(20):
        for event_id in events:
            while {each["status"] for each in await api.settled(event_id, timeout_s=20)} != {"delivered"}:
                await asyncio.sleep(0.02)


async def pass_time(database: Database, passed: timedelta) -> None:
    """Let time pass for webhook delivery, by moving every stored time into the past."""
    async with database.transaction() as connection:
        columns = await connection.fetch(
            "SELECT table_name, string_agg(format('%1$I = %1$I - $1::interval', column_name), ', ') AS changes"
            " FROM information_schema.columns"
            " JOIN information_schema.tables USING (table_schema, table_name)"
            " WHERE table_schema = 'webhooks' AND table_type = 'BASE TABLE'"
            " AND data_type = 'timestamp with time zone' GROUP BY table_name"
        )
        for column in columns:
            statement = f"UPDATE webhooks.{column['table_name']} SET {column['changes']}"
            await connection.execute(statement, passed)


async def test_ten_failures_open_the_circuit_and_nothing_more_is_sent(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    receiver.default_answer = Answer(500)
    subscription = await api.subscribe(receiver.url)
    assert (await circuit_of(api, subscription))["state"] == "closed"
    async with start_worker(RARE_RETRIES):
        for _ in range(10):
            await api.dispatched(await api.publish())
        circuit = await wait_for_circuit(api, subscription, "open")
        later = [(await api.dispatched(await api.publish()))[0] for _ in range(5)]
    assert circuit["consecutive_failures"] == 10
    assert circuit["opened_at"] < circuit["retry_at"]
    assert len(receiver.requests) == 10
    for delivery in later:
        assert (delivery["status"], delivery["waiting_reason"]) == ("waiting", "circuit_open")
        assert (delivery["attempt_count"], delivery["waiting_until"]) == (0, circuit["retry_at"])


async def test_a_retry_that_is_due_while_the_circuit_is_open_waits_and_uses_up_no_attempt(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    receiver.default_answer = Answer(500)
    await api.subscribe(receiver.url)
    async with start_worker({"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "0.5,600"}):
        events = [await api.publish() for _ in range(12)]
        deliveries = [(await api.settled(event_id))[0] for event_id in events]
    assert {delivery["waiting_reason"] for delivery in deliveries} == {"circuit_open"}
    assert {delivery["attempt_count"] for delivery in deliveries} <= {0, 1}
    assert len(receiver.requests) == sum(delivery["attempt_count"] for delivery in deliveries)


async def test_one_probe_at_a_time_and_its_success_sends_everything(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    receiver.default_answer = Answer(500)
    subscription = await api.subscribe(receiver.url)
    async with start_worker({**RARE_RETRIES, **PROBED_SOON}):
        for _ in range(10):
            await api.dispatched(await api.publish())
        await wait_for_circuit(api, subscription, "open")
        receiver.default_answer = Answer(until=(may_answer := asyncio.Event()))
        sent = len(receiver.requests)
        events = [await api.publish() for _ in range(30)]
        await receiver.received(sent + 1)
        assert (await wait_for_circuit(api, subscription, "half_open"))["consecutive_failures"] >= 10
        await asyncio.sleep(0.5)
        assert len(receiver.requests) == sent + 1
        receiver.default_answer = Answer()
        may_answer.set()
        await wait_for_delivery(api, events)
        circuit = await circuit_of(api, subscription)
    assert circuit == {
        **circuit,
        "state": "closed",
        "opened_at": None,
        "retry_at": None,
        "consecutive_failures": 0,
        "failing_since": None,
    }


async def test_a_failed_probe_opens_the_circuit_again(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    receiver.default_answer = Answer(500)
    subscription = await api.subscribe(receiver.url)
    circuits: list[Json] = []
    async with start_worker({**RARE_RETRIES, **PROBED_SOON}):
        for _ in range(13):
            await api.dispatched(await api.publish())
        async with asyncio.timeout(10):
            while not circuits or circuits[-1]["consecutive_failures"] < 13:
                circuits.append(await circuit_of(api, subscription))
                await asyncio.sleep(0.02)
    opened = [circuit for circuit in circuits if circuit["state"] != "closed"]
    assert len({circuit["opened_at"] for circuit in opened}) == 1
    assert len({circuit["retry_at"] for circuit in opened}) >= 2
    assert len(receiver.requests) == circuits[-1]["consecutive_failures"]


async def test_a_circuit_closed_by_hand_sends_everything(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    receiver.default_answer = Answer(500)
    subscription = await api.subscribe(receiver.url)
    async with start_worker(RARE_RETRIES):
        for _ in range(10):
            await api.dispatched(await api.publish())
        await wait_for_circuit(api, subscription, "open")
        events = [await api.publish() for _ in range(5)]
        receiver.default_answer = Answer()
        closed = await api.done("POST", f"/subscriptions/{subscription['subscription_id']}/circuit/close")
        assert closed["circuit"]["state"] == "closed"
        assert {(await api.settled(event_id))[0]["status"] for event_id in events} == {"delivered"}


@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_that_throttles_is_left_alone_and_its_circuit_stays_closed(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker, status: int
) -> None:
    receiver.answers.extend([Answer(status, headers={"retry-after": "1"})] * 12)
    subscription = await api.subscribe(receiver.url)
    async with start_worker({"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "0.01"}):
        throttled = await api.publish()
        (first,) = await api.dispatched(throttled)
        assert (first["status"], first["waiting_reason"]) == ("waiting", "rate_limited")
        (waiting,) = await api.dispatched(await api.publish())
        assert (waiting["status"], waiting["waiting_reason"]) == ("waiting", "rate_limited")
        assert waiting["waiting_until"] is not None
        assert len(receiver.requests) == 1
        receiver.answers.clear()
        assert [each["status"] for each in await api.settled(waiting["event_id"])] == ["delivered"]
        (delivery,) = await api.settled(throttled)
        assert (delivery["status"], delivery["attempt_count"]) == ("delivered", 2)
    circuit = await circuit_of(api, subscription)
    assert (circuit["state"], circuit["consecutive_failures"]) == ("closed", 0)


async def test_410_pauses_the_subscription_at_once_and_loses_nothing(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    receiver.answers.append(Answer(410))
    subscription = await api.subscribe(receiver.url)
    path = f"/subscriptions/{subscription['subscription_id']}"
    async with start_worker():
        first = await api.publish()
        async with asyncio.timeout(10):
            while (shown := await api.get(path))["is_active"]:
                await asyncio.sleep(0.02)
        second = await api.publish()
        for event_id in (first, second):
            assert [each["waiting_reason"] for each in await api.settled(event_id)] == ["paused"]
        assert shown["pause"]["reason"] == "gone"
        await api.done("PATCH", path, json={"is_active": True})
        await wait_for_delivery(api, [first, second])
    assert len(receiver.requests) == 3


async def test_a_pause_ends_attempts_in_flight_and_keeps_what_is_queued(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    receiver.default_answer = Answer(until=asyncio.Event())
    subscription = await api.subscribe(receiver.url)
    path = f"/subscriptions/{subscription['subscription_id']}"
    async with start_worker({"NINEFOLD_WEBHOOKS_ATTEMPT_TIMEOUT_S": "60"}):
        events = [await api.publish() for _ in range(20)]
        await receiver.received(1)
        await api.done("PATCH", path, json={"is_active": False})
        deliveries = [(await api.settled(event_id))[0] for event_id in events]
        assert {each["waiting_reason"] for each in deliveries} == {"paused"}
        receiver.default_answer = Answer()
        await api.done("PATCH", path, json={"is_active": True})
        await wait_for_delivery(api, events)


class PoisonedReceiver(Receiver):
    """Accepts everything except one payload."""

    async def answer(self, request: ReceivedRequest) -> Answer:
        """Store a request, and refuse the poison."""
        await super().answer(request)
        return Answer(422 if request.body == b'"poison"' else 200)


async def test_a_poisoned_payload_dies_while_its_endpoint_accepts_others(
    api: WebhooksApi, start_worker: StartWorker
) -> None:
    async with (
        PoisonedReceiver() as receiver,
        start_worker({"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "0.1,0.1,0.1,0.1,0.1"}),
    ):
        subscription = await api.subscribe(receiver.url)
        poisoned = await api.publish(b'"poison"')
        async with asyncio.timeout(20):
            while not (delivery := (await api.get(f"/events/{poisoned}"))["deliveries"][0])["finished_at"]:
                await api.settled(await api.publish())
    assert (delivery["status"], delivery["attempt_count"]) == ("failed", 6)
    assert (await circuit_of(api, subscription))["state"] == "closed"


async def test_payloads_that_a_receiver_always_refuses_are_not_the_only_probes(
    api: WebhooksApi, start_worker: StartWorker
) -> None:
    async with PoisonedReceiver() as receiver, start_worker({**QUICK_RETRIES, **PROBED_SOON}):
        await api.subscribe(receiver.url)
        for _ in range(30):
            await api.settled(await api.publish(b'"poison"'))
        await wait_for_delivery(api, [await api.publish() for _ in range(5)])


async def test_a_delivery_that_is_no_longer_wanted_is_not_the_probe(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    receiver.default_answer = Answer(500)
    subscription = await api.subscribe(receiver.url, "old.*", "new.*")
    async with start_worker({**QUICK_RETRIES, "NINEFOLD_WEBHOOKS_CIRCUIT_RETRY_S": "1"}):
        old = [await api.publish(event_type="old.one") for _ in range(15)]
        new = [await api.publish(event_type="new.one") for _ in range(3)]
        await wait_for_circuit(api, subscription, "open")
        path = f"/subscriptions/{subscription['subscription_id']}"
        await api.done("PATCH", path, json={"event_types": ["new.*"]})
        receiver.default_answer = Answer()
        await wait_for_delivery(api, new)
        async with asyncio.timeout(20):
            for event_id in old:
                while (await api.settled(event_id))[0]["status"] != "canceled":
                    await asyncio.sleep(0.05)


async def test_a_worker_that_stops_during_a_probe_lets_another_one_probe_at_once(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    receiver.default_answer = Answer(500)
    subscription = await api.subscribe(receiver.url)
    async with start_worker({**QUICK_RETRIES, **PROBED_SOON}):
        event_id = await api.publish()
        await api.settled(event_id)
        receiver.default_answer = Answer(until=asyncio.Event())
        await receiver.received(len(receiver.requests) + 1)
        await wait_for_circuit(api, subscription, "half_open")
    receiver.default_answer = Answer()
    async with start_worker():
        await wait_for_delivery(api, [event_id])


async def test_a_new_url_starts_with_a_closed_circuit(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    async with Receiver() as down:
        url = down.url
    subscription = await api.subscribe(url)
    async with start_worker(QUICK_RETRIES):
        event_id = await api.publish()
        await api.settled(event_id)
        await api.done("PATCH", f"/subscriptions/{subscription['subscription_id']}", json={"url": receiver.url})
        await wait_for_delivery(api, [event_id])


@pytest.mark.parametrize(("probes", "interval_min"), [(0, 5), (2, 5), (12, 30)], ids=["45 s", "10 min", "6 h"])
async def test_an_outage_ends_with_everything_delivered_and_nobody_doing_anything(
    api: WebhooksApi, start_worker: StartWorker, database: Database, probes: int, interval_min: int
) -> None:
    # A probe is due after five minutes, also if it is made later.
    interval = timedelta(minutes=interval_min)
    async with Receiver() as down:
        port, url = down.port, down.url
    subscription = await api.subscribe(url)
    async with start_worker(QUICK_RETRIES):
        events = [await api.publish() for _ in range(20)]
        for event_id in events:
            assert [each["status"] for each in await api.settled(event_id)] == ["waiting"]
        for _ in range(probes):
            failures = (await circuit_of(api, subscription))["consecutive_failures"]
            await pass_time(database, interval)
            async with asyncio.timeout(10):
                while (await circuit_of(api, subscription))["consecutive_failures"] == failures:
                    await asyncio.sleep(0.01)
        async with Receiver(port=port) as up:
            await pass_time(database, interval)
            await wait_for_delivery(api, events)
    assert {request.headers["webhook-id"] for request in up.requests} == {*events}
    assert len(up.requests) == 20


async def test_what_waits_for_its_endpoint_longer_than_24_hours_has_failed(
    api: WebhooksApi, start_worker: StartWorker, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "EXPIRY_POLL_S", 0.1)
    async with Receiver() as down:
        url = down.url
    await api.subscribe(url)
    paused = await api.subscribe(url)
    await api.done("PATCH", f"/subscriptions/{paused['subscription_id']}", json={"is_active": False})
    async with start_worker(QUICK_RETRIES):
        event_id = await api.publish()
        await api.settled(event_id)
        await pass_time(database, timedelta(hours=25))
        async with asyncio.timeout(10):
            while {each["status"] for each in await api.settled(event_id)} != {"failed", "waiting"}:
                await asyncio.sleep(0.05)
        (waiting,) = [each for each in await api.settled(event_id) if each["status"] == "waiting"]
        assert waiting["subscription_id"] == paused["subscription_id"]
        async with Receiver(port=int(url.split(":")[2].split("/")[0])):
            await api.done("PATCH", f"/subscriptions/{paused['subscription_id']}", json={"is_active": True})
            await asyncio.sleep(0.3)
            async with asyncio.timeout(10):
                while {each["status"] for each in await api.settled(event_id)} != {"failed", "delivered"}:
                    await asyncio.sleep(0.05)


async def test_an_endpoint_that_fails_for_five_days_is_paused_with_a_notice_a_day_before(
    api: WebhooksApi, start_worker: StartWorker, database: Database
) -> None:
    async with Receiver() as down:
        url = down.url
    subscription = await api.subscribe(url)
    path = f"/subscriptions/{subscription['subscription_id']}"
    with capture_logs() as logs:
        async with start_worker(QUICK_RETRIES):
            await api.settled(await api.publish())
            for days, event in ((4, "pausing_soon"), (1, "paused")):
                await pass_time(database, timedelta(days=days, minutes=1))
                await api.dispatched(await api.publish())
                async with asyncio.timeout(10):
                    while not [line for line in logs if line["event"] == f"webhooks.subscription.{event}"]:
                        await asyncio.sleep(0.05)
    shown = await api.get(path)
    assert (shown["is_active"], shown["pause"]["reason"]) == (False, "failing")
    assert [line["event"] for line in logs if line["event"].startswith("webhooks.subscription.")] == [
        "webhooks.subscription.pausing_soon",
        "webhooks.subscription.paused",
    ]
