"""Idempotency keys: a request is done once, whoever repeats it and whoever dies."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import stripe

from http_api import Api
from ninefold.core.postgres.database import Database
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.store.idempotency import idempotency_key_delete_before
from payments_api import Shop, open_shop
from stripe_shops import AMOUNT, StripeShop, refused

NEW = {"amount": AMOUNT, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
KEY: Any = {"idempotency_key": "order-7"}
FORM = {"amount": "2000", "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true"}


@pytest.fixture
async def local(api: Api, simulator: None) -> Shop:
    """A merchant of the application in this process."""
    del simulator
    return await open_shop(api)


async def test_a_repeated_request_gets_the_first_answer(shop: StripeShop) -> None:
    first = await shop.v1.payment_intents.create_async(NEW, KEY)
    again = await shop.v1.payment_intents.create_async(NEW, KEY)

    assert again.to_dict() == first.to_dict()
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.headers["Idempotency-Key"] == "order-7"
    assert len((await shop.v1.charges.list_async()).data) == 1


async def test_a_decline_is_answered_again_and_not_tried_again(shop: StripeShop) -> None:
    declined = {**NEW, "payment_method": "pm_card_chargeDeclined"}

    first = await refused(shop.v1.payment_intents.create_async(declined, KEY), stripe.CardError)
    again = await refused(shop.v1.payment_intents.create_async(declined, KEY), stripe.CardError)

    assert first == again
    assert len((await shop.v1.charges.list_async()).data) == 1


async def test_other_parameters_are_refused_and_named(shop: StripeShop) -> None:
    await shop.v1.payment_intents.create_async(NEW, KEY)
    other = {**NEW, "amount": 3000, "metadata": {"order": "8"}}

    error = await refused(shop.v1.payment_intents.create_async(other, KEY), stripe.IdempotencyError)

    assert (error["status"], error["type"]) == (400, "idempotency_error")
    assert "These differ: amount, metadata[order]." in error["message"]
    error = await refused(shop.v1.customers.create_async({}, KEY), stripe.IdempotencyError)
    assert "the first request was POST /stripe/v1/payment_intents" in error["message"]


async def test_what_is_invalid_is_not_stored(shop: StripeShop) -> None:
    await refused(shop.v1.payment_intents.create_async({**NEW, "amount": 1}, KEY))
    await refused(shop.v1.payment_intents.create_async({**NEW, "customer": "cus_x"}, KEY))

    assert (await shop.v1.payment_intents.create_async(NEW, KEY)).status == "succeeded"


async def test_a_key_belongs_to_one_merchant(shop: StripeShop, server_api: Api, server_url: str) -> None:
    other = StripeShop(server_url, server_api, await server_api.done("POST", "/payments/merchants", json={"name": "B"}))
    first = await shop.v1.payment_intents.create_async(NEW, KEY)

    assert (await other.v1.payment_intents.create_async(NEW, KEY)).id != first.id
    await other.close()


async def test_a_key_has_at_most_255_characters(shop: StripeShop) -> None:
    assert (await shop.v1.customers.create_async({}, {"idempotency_key": "k" * 255})).object == "customer"
    error = await refused(shop.v1.customers.create_async({}, {"idempotency_key": "k" * 256}))
    assert "255 characters" in error["message"]


async def test_a_request_in_progress_is_a_conflict(local: Shop) -> None:
    slow = {**FORM, "payment_method": "pm_card_slow"}
    first = asyncio.create_task(send(local, slow))
    while not (await local.call("GET", "/payment_intents")).json()["data"]:
        await asyncio.sleep(0)

    second = await send(local, slow)

    assert (second.status_code, second.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    assert second.headers["Stripe-Should-Retry"] == "true"
    assert (await first).status_code == 200


async def test_the_answer_to_a_bug_is_stored(local: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(PaymentFlow, "create", fail)
        first = await send(local, FORM)
    again = await send(local, FORM)

    assert (first.status_code, first.json()["error"]["type"]) == (500, "api_error")
    assert (again.status_code, again.content) == (500, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_a_request_that_reached_no_processor_goes_on_with_the_same_payment(api: Api) -> None:
    local = await open_shop(api)

    first = await send(local, FORM)
    again = await send(local, FORM)

    assert (first.status_code, again.status_code) == (503, 503)
    assert first.headers["Stripe-Should-Retry"] == "true"
    (intent,) = (await local.call("GET", "/payment_intents")).json()["data"]
    assert intent["status"] == "requires_confirmation"


@pytest.mark.parametrize("moment", ["before the first step", "before the call", "after the call"])
async def test_a_request_whose_server_died_goes_on_from_its_last_step(
    local: Shop, database: Database, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    with monkeypatch.context() as patch:
        die_at(patch, moment)
        with pytest.raises(asyncio.CancelledError):
            await send(local, FORM)
    assert (await send(local, FORM)).status_code == 409
    await end_claims(database)

    done = await send(local, FORM)

    assert done.json()["status"] == "succeeded"
    assert (await send(local, FORM)).headers["Idempotent-Replayed"] == "true"
    (intent,) = (await local.call("GET", "/payment_intents")).json()["data"]
    assert intent["id"] == done.json()["id"]
    assert len((await local.call("GET", "/charges")).json()["data"]) == 1
    assert (await local.call("GET", "/balance")).json()["pending"][0]["amount"] == AMOUNT - 88


async def test_a_server_that_was_taken_for_dead_stores_nothing(
    local: Shop, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = PaymentFlow.create

    async def create_late(flow: PaymentFlow, *arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(PaymentFlow, "create", create)
        await end_claims(database)
        assert (await send(local, FORM)).json()["status"] == "succeeded"
        return await create(flow, *arguments, **options)

    monkeypatch.setattr(PaymentFlow, "create", create_late)

    assert (await send(local, FORM)).status_code == 409
    assert len((await local.call("GET", "/payment_intents")).json()["data"]) == 1


async def test_a_refund_whose_server_died_is_made_once(
    local: Shop, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = await local.pay()
    refund = {"payment_intent": intent["id"], "amount": "500"}
    with monkeypatch.context() as patch:
        die_at(patch, "after the call")
        with pytest.raises(asyncio.CancelledError):
            await send(local, refund, path="/refunds")
    await end_claims(database)

    assert (await send(local, refund, path="/refunds")).json()["status"] == "succeeded"
    assert len((await local.call("GET", "/refunds")).json()["data"]) == 1


async def test_keys_are_forgotten_after_their_time(local: Shop, database: Database) -> None:
    await send(local, FORM)
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        assert await idempotency_key_delete_before(connection, before=now - timedelta(hours=24), limit=10) == 0
        assert await idempotency_key_delete_before(connection, before=now + timedelta(hours=1), limit=10) == 1


async def send(shop: Shop, form: dict[str, str], *, path: str = "/payment_intents") -> httpx.Response:
    """Send a request with a key."""
    headers = {"Authorization": f"Bearer {shop.merchant['secret_key']}", "Idempotency-Key": "order-7"}
    return await shop.http.post(f"/stripe/v1{path}", data=form, headers=headers)


def die_at(patch: pytest.MonkeyPatch, moment: str) -> None:
    """Let whoever works on the next request stop at a moment, as if its server was killed."""
    call = PaymentFlow.call

    async def die(flow: PaymentFlow, *arguments: Any, **_: Any) -> Any:
        if moment == "after the call":
            await call(flow, *arguments)
        raise asyncio.CancelledError

    patch.setattr(PaymentFlow, "create" if moment == "before the first step" else "call", die)


async def end_claims(database: Database) -> None:
    """Let all claims be over, as those of servers that have died are."""
    async with database.connection() as connection:
        await connection.execute("UPDATE payments.idempotency_key SET locked_until = now() - interval '1 second'")
