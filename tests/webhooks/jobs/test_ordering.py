"""Deliveries in order: one of each key at a time, whatever happens to it, and nothing else is held up."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from http_api import Json
from in_process import StartWorker
from ninefold.core.postgres.database import Database
from receivers import Answer, ReceivedRequest, Receiver
from webhooks.webhooks_api import WebhooksApi


async def subscribe(api: WebhooksApi, url: str, **fields: object) -> Json:
    body = {"url": url, "event_types": ["*"], "ordering": "fifo", **fields}
    return await api.done("POST", "/subscriptions", json=body)


async def publish(api: WebhooksApi, *keys: str | None) -> list[str]:
    """Publish a batch with an event for each key, whose payload is its number; return the ids."""
    events = [
        {"event_type": "order.created", "payload": number, **({} if key is None else {"ordering_key": key})}
        for number, key in enumerate(keys)
    ]
    answer = await api.done("POST", "/events/batch", json={"events": events})
    assert answer["accepted"] == len(keys)
    return [result["event_id"] for result in answer["results"]]


async def delivery_of(api: WebhooksApi, event_id: str) -> Json:
    (delivery,) = (await api.get(f"/events/{event_id}"))["deliveries"]
    found: Json = delivery
    return found


async def state_of(api: WebhooksApi, event_id: str) -> tuple[str, str | None]:
    delivery = await delivery_of(api, event_id)
    return delivery["status"], delivery["waiting_reason"]


async def until_state(api: WebhooksApi, event_id: str, status: str) -> Json:
    async with asyncio.timeout(10):
        while (delivery := await delivery_of(api, event_id))["status"] != status:
            await asyncio.sleep(0.01)
    return delivery


def received(receiver: Receiver) -> list[bytes]:
    return [request.body for request in receiver.requests]


async def blocked_keys(api: WebhooksApi, subscription: Json) -> list[Json]:
    path = f"/subscriptions/{subscription['subscription_id']}/blocked-keys"
    found: list[Json] = (await api.get(path))["items"]
    return found


async def blocked_key_alerts(api: WebhooksApi) -> list[Json]:
    return [alert for alert in (await api.get("/webhooks/status"))["alerts"] if alert["kind"] == "keys_blocked"]


async def test_events_of_a_key_leave_in_the_order_of_the_batch(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    await subscribe(api, receiver.url)
    async with start_worker():
        await publish(api, *["a"] * 20)
        await receiver.received(20)
    assert received(receiver) == [b"%d" % number for number in range(20)]


async def test_the_next_one_leaves_only_when_the_former_has_ended(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    answered = asyncio.Event()
    receiver.answers.append(Answer(500))
    receiver.answers.append(Answer(200, until=answered))
    await subscribe(api, receiver.url)
    async with start_worker():
        _, second = await publish(api, "a", "a")
        await receiver.received(2)
        assert received(receiver) == [b"0", b"0"]
        assert await state_of(api, second) == ("waiting", "ordering")
        answered.set()
        await until_state(api, second, "delivered")
    assert received(receiver) == [b"0", b"0", b"1"]


async def test_other_keys_and_events_without_one_go_on(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    answered = asyncio.Event()
    receiver.answers.append(Answer(200, until=answered))
    await subscribe(api, receiver.url)
    async with start_worker():
        first, second = await publish(api, "a", "a")
        await receiver.received(1)
        others = await publish(api, "b", "b", None)
        for other in others:
            await until_state(api, other, "delivered")
        assert (await delivery_of(api, first))["is_running"]
        assert await state_of(api, second) == ("waiting", "ordering")
        answered.set()
        await until_state(api, second, "delivered")


async def test_keys_mean_nothing_to_a_subscription_without_order(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    answered = asyncio.Event()
    receiver.answers.append(Answer(200, until=answered))
    await subscribe(api, receiver.url, ordering="none")
    async with start_worker():
        await publish(api, "a", "a", "a")
        await receiver.received(3)
        answered.set()


class PickyReceiver(Receiver):
    """Refuses some bodies, and accepts all others."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[bytes] = set()

    async def answer(self, request: ReceivedRequest) -> Answer:
        self.default_answer = Answer(400 if request.body in self.refused else 200)
        return await super().answer(request)


@pytest.fixture
async def picky() -> AsyncIterator[PickyReceiver]:
    async with PickyReceiver() as listening:
        yield listening


async def fail_for_good(api: WebhooksApi, picky: PickyReceiver, event_id: str) -> Json:
    """Wait until a refused event has failed: its receiver accepts another one after the first attempt."""
    await picky.wait_until(lambda: bool(picky.requests))
    await until_state(api, await api.publish(b'"accepted"'), "delivered")
    return await until_state(api, event_id, "failed")


async def block(api: WebhooksApi, picky: PickyReceiver, **fields: object) -> tuple[Json, Json, list[str]]:
    """Publish three events of a key, of which the first fails for good.

    Returns:
        The subscription, the failed delivery, and the ids of the other events.
    """
    picky.refused.add(b"0")
    subscription = await subscribe(api, picky.url, retry_schedule=[0.5], **fields)
    first, *others = await publish(api, "a", "a", "a")
    return subscription, await fail_for_good(api, picky, first), others


async def test_a_delivery_that_fails_for_good_blocks_its_key(
    api: WebhooksApi, picky: PickyReceiver, start_worker: StartWorker
) -> None:
    async with start_worker():
        subscription, failed, (second, third) = await block(api, picky)
        assert [await state_of(api, each) for each in (second, third)] == [("waiting", "ordering")] * 2
        (blocked,) = await blocked_keys(api, subscription)
        assert blocked["ordering_key"] == "a"
        assert blocked["delivery_id"] == failed["delivery_id"]
        assert blocked["error_class"] == "unsuccessful_status"
        assert blocked["waiting_deliveries"] == 2
        assert "skip" in blocked["advice"]
        (alert,) = await blocked_key_alerts(api)
        assert (alert["subscription_id"], alert["count"]) == (subscription["subscription_id"], 1)
        assert alert["needs_person"]


async def test_a_retry_by_hand_unblocks_a_key(
    api: WebhooksApi, picky: PickyReceiver, start_worker: StartWorker
) -> None:
    async with start_worker():
        subscription, failed, (_, third) = await block(api, picky)
        picky.refused.clear()
        await api.done("POST", f"/deliveries/{failed['delivery_id']}/retry")
        await until_state(api, third, "delivered")
        assert await blocked_keys(api, subscription) == []
        assert await blocked_key_alerts(api) == []
    assert [body for body in received(picky) if body != b'"accepted"'] == [b"0", b"0", b"0", b"1", b"2"]


async def test_a_key_whose_retry_by_hand_fails_is_blocked_again(
    api: WebhooksApi, picky: PickyReceiver, start_worker: StartWorker
) -> None:
    async with start_worker():
        subscription, failed, (second, _) = await block(api, picky)
        attempts = len(picky.requests)
        await api.done("POST", f"/deliveries/{failed['delivery_id']}/retry")
        await picky.received(attempts + 1)
        assert await blocked_keys(api, subscription) == []
        await fail_for_good(api, picky, failed["event_id"])
        assert len(await blocked_keys(api, subscription)) == 1
        assert await state_of(api, second) == ("waiting", "ordering")


async def test_a_replay_of_dead_letters_unblocks_a_key(
    api: WebhooksApi, picky: PickyReceiver, start_worker: StartWorker
) -> None:
    async with start_worker():
        _, failed, (_, third) = await block(api, picky)
        picky.refused.clear()
        await api.done("POST", "/dead-letters/replay", json={"delivery_ids": [failed["delivery_id"]]})
        await until_state(api, third, "delivered")


async def test_a_skipped_delivery_stays_a_dead_letter_and_the_others_go_on(
    api: WebhooksApi, picky: PickyReceiver, start_worker: StartWorker
) -> None:
    async with start_worker():
        subscription, failed, (_, third) = await block(api, picky)
        skipped = await api.done("POST", f"/deliveries/{failed['delivery_id']}/skip")
        assert skipped["status"] == "failed"
        await until_state(api, third, "delivered")
        assert await blocked_keys(api, subscription) == []
        problem = await api.refused(409, "POST", f"/deliveries/{failed['delivery_id']}/skip")
        assert problem["code"] == "delivery_not_ordered"


@pytest.mark.parametrize("changes", [{"ordering_on_failure": "skip"}, {"ordering": "none"}])
async def test_a_subscription_that_no_longer_blocks_lets_its_keys_go_on(
    api: WebhooksApi, picky: PickyReceiver, start_worker: StartWorker, changes: Json
) -> None:
    async with start_worker():
        subscription, _, (_, third) = await block(api, picky)
        await api.done("PATCH", f"/subscriptions/{subscription['subscription_id']}", json=changes)
        await until_state(api, third, "delivered")


async def test_with_skip_the_next_one_follows_a_failure(
    api: WebhooksApi, picky: PickyReceiver, start_worker: StartWorker
) -> None:
    async with start_worker():
        subscription, _, (_, third) = await block(api, picky, ordering_on_failure="skip")
        await until_state(api, third, "delivered")
        assert await blocked_keys(api, subscription) == []
    assert [body for body in received(picky) if body != b'"accepted"'] == [b"0", b"0", b"1", b"2"]


async def test_what_waits_for_its_turn_cannot_be_retried_but_skipped(
    api: WebhooksApi, picky: PickyReceiver, start_worker: StartWorker
) -> None:
    async with start_worker():
        _, failed, (second, third) = await block(api, picky)
        held = await delivery_of(api, second)
        problem = await api.refused(409, "POST", f"/deliveries/{held['delivery_id']}/retry")
        assert problem["code"] == "delivery_held"
        assert (await api.done("POST", f"/deliveries/{held['delivery_id']}/skip"))["status"] == "canceled"
        await api.done("POST", f"/deliveries/{failed['delivery_id']}/skip")
        await until_state(api, third, "delivered")
    assert b"1" not in received(picky)


async def test_a_retrying_delivery_can_be_skipped(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    receiver.answers.append(Answer(500))
    await subscribe(api, receiver.url, retry_schedule=[3600])
    async with start_worker():
        first, second = await publish(api, "a", "a")
        delivery = await until_state(api, first, "retrying")
        assert (await api.done("POST", f"/deliveries/{delivery['delivery_id']}/skip"))["status"] == "canceled"
        await until_state(api, second, "delivered")


async def test_a_running_delivery_cannot_be_skipped(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    answered = asyncio.Event()
    receiver.answers.append(Answer(200, until=answered))
    await subscribe(api, receiver.url)
    async with start_worker():
        first, second = await publish(api, "a", "a")
        await receiver.received(1)
        delivery = await delivery_of(api, first)
        problem = await api.refused(409, "POST", f"/deliveries/{delivery['delivery_id']}/skip")
        assert problem["code"] == "delivery_running"
        answered.set()
        await until_state(api, second, "delivered")


async def test_a_type_that_is_no_longer_wanted_ends_a_turn(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    receiver.answers.append(Answer(500))
    subscription = await subscribe(api, receiver.url, retry_schedule=[0.5])
    async with start_worker():
        (first,) = await publish(api, "a")
        body = {"event_type": "invoice.paid", "payload": 1, "ordering_key": "a"}
        second = (await api.done("POST", "/events", json=body))["event_id"]
        await until_state(api, first, "retrying")
        changes = {"event_types": ["invoice.*"]}
        await api.done("PATCH", f"/subscriptions/{subscription['subscription_id']}", json=changes)
        await until_state(api, second, "delivered")
        assert (await delivery_of(api, first))["status"] == "canceled"


async def test_a_pause_keeps_the_order(api: WebhooksApi, receiver: Receiver, start_worker: StartWorker) -> None:
    subscription = await subscribe(api, receiver.url, is_active=False)
    path = f"/subscriptions/{subscription['subscription_id']}"
    async with start_worker():
        first, second, third = await publish(api, "a", "a", "a")
        async with asyncio.timeout(10):
            while await state_of(api, first) != ("waiting", "paused"):
                await asyncio.sleep(0.01)
        assert await state_of(api, second) == ("waiting", "ordering")
        assert len((await api.get(f"{path}/deliveries?status=waiting"))["items"]) == 3
        await api.done("PATCH", path, json={"is_active": True})
        await until_state(api, third, "delivered")
    assert received(receiver) == [b"0", b"1", b"2"]


async def test_a_switch_back_keeps_the_order_of_what_was_accepted_before(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    subscription = await subscribe(api, receiver.url)
    before = await publish(api, *["a"] * 5)
    await api.done("PATCH", f"/subscriptions/{subscription['subscription_id']}", json={"ordering": "none"})
    await publish(api, "a")
    async with start_worker():
        for event_id in before:
            await until_state(api, event_id, "delivered")
        await receiver.received(6)
    in_order = [request.body for request in receiver.requests if request.headers["webhook-id"] in before]
    assert in_order == [b"%d" % number for number in range(5)]


async def test_a_switch_to_order_is_about_later_events(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    subscription = await subscribe(api, receiver.url, ordering="none")
    before = await publish(api, "a", "a")
    await api.done("PATCH", f"/subscriptions/{subscription['subscription_id']}", json={"ordering": "fifo"})
    after = await publish(api, "a", "a")
    async with start_worker():
        for event_id in (*before, *after):
            await until_state(api, event_id, "delivered")
    in_order = [
        request.headers["webhook-id"] for request in receiver.requests if request.headers["webhook-id"] in after
    ]
    assert in_order == after


async def test_a_deleted_subscription_has_nothing_left_in_order(
    api: WebhooksApi, database: Database, start_worker: StartWorker
) -> None:
    subscription = await subscribe(api, "http://127.0.0.1:1/hooks")
    events = await publish(api, "a", "a", "b")
    assert (await api.request("DELETE", f"/subscriptions/{subscription['subscription_id']}")).is_success
    async with start_worker():
        for event_id in events:
            await until_state(api, event_id, "canceled")
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM webhooks.ordered_delivery") == 0


async def test_two_subscriptions_have_orders_of_their_own(
    api: WebhooksApi, receiver: Receiver, picky: PickyReceiver, start_worker: StartWorker
) -> None:
    picky.refused.add(b"0")
    await subscribe(api, picky.url, retry_schedule=[3600])
    await subscribe(api, receiver.url)
    async with start_worker():
        await publish(api, "a", "a", "a")
        await receiver.received(3)
        await picky.received(1)
    assert received(receiver) == [b"0", b"1", b"2"]
    assert received(picky) == [b"0"]
