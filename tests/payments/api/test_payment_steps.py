"""What a person does with a payment by our API, what it has moved, and the search for payments."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from http_api import Api, Json
from payments_api import AMOUNT, Shop, open_shop, simulator_running

FEE = 88


@pytest.fixture(scope="module", autouse=True)
async def processor(payments_dir: Path) -> AsyncIterator[None]:
    """The simulated processor: one for all tests, because the application keeps its connections to it."""
    environment = {"NINEFOLD_DATA_DIR": str(payments_dir), "NINEFOLD_PORT": "1"}
    async with simulator_running(payments_dir, environment):
        yield


@pytest.fixture
async def shop(api: Api) -> Shop:
    """A merchant of the organisation."""
    return await open_shop(api)


def moved(found: Json) -> list[tuple[str, str, str, int]]:
    """Return what each entry has moved."""
    return [(each["kind"], each["debit_kind"], each["credit_kind"], each["amount"]) for each in found["entries"]]


async def test_a_part_is_captured_and_the_rest_is_released(api: Api, shop: Shop) -> None:
    paid = await shop.pay(capture_method="manual")

    details = await api.done("POST", f"/payments/intents/{paid['id']}/capture", json={"amount": 1_500})

    assert (details["state"], details["amount_received"]) == ("succeeded", 1_500)
    assert (details["attempts"][-1]["operation"], details["attempts"][-1]["state"]) == ("capture", "succeeded")
    entries = moved(await api.get(f"/payments/intents/{paid['id']}/entries"))
    assert entries[:3] == [
        ("pending", "processor_receivable", "merchant_pending", AMOUNT),
        ("posts", "processor_receivable", "merchant_pending", 1_500),
        ("posted", "merchant_pending", "merchant_held", 1_500),
    ]
    problem = await api.refused(409, "POST", f"/payments/intents/{paid['id']}/capture", json={})
    assert problem["code"] == "payment_intent_unexpected_state"


async def test_a_canceled_payment_moves_nothing(api: Api, shop: Shop) -> None:
    paid = await shop.pay(capture_method="manual")

    details = await api.done("POST", f"/payments/intents/{paid['id']}/cancel", json={"reason": "requested_by_customer"})

    assert (details["state"], details["cancel_reason"]) == ("canceled", "requested_by_customer")
    kinds = [kind for kind, *_ in moved(await api.get(f"/payments/intents/{paid['id']}/entries"))]
    assert kinds == ["pending", "voids"]


async def test_a_refund_is_taken_from_what_is_available(api: Api, shop: Shop) -> None:
    paid = await shop.pay()

    details = await api.done(
        "POST", f"/payments/intents/{paid['id']}/refunds", json={"amount": 500, "reason": "duplicate"}
    )

    assert [(each["state"], each["amount"], each["reason"]) for each in details["refunds"]] == [
        ("succeeded", 500, "duplicate")
    ]
    assert moved(await api.get(f"/payments/intents/{paid['id']}/entries")) == [
        ("posted", "processor_receivable", "merchant_held", AMOUNT),
        ("posted", "merchant_held", "fees", FEE),
        ("posted", "merchant_available", "refunds_in_flight", 500),
        ("posted", "refunds_in_flight", "processor_receivable", 500),
    ]
    problem = await api.refused(422, "POST", f"/payments/intents/{paid['id']}/refunds", json={"amount": AMOUNT})
    assert problem["field"] == "amount"


async def test_only_the_last_four_digits_of_a_card_are_shown(api: Api, shop: Shop) -> None:
    paid = await shop.pay("pm_card_mastercard")

    details = await api.get(f"/payments/intents/{paid['id']}")

    assert details["card"] == {"brand": "mastercard", "last4": "4444", "exp_month": 12, "exp_year": 2034}


async def test_the_entries_of_an_account_name_their_payments(api: Api, shop: Shop) -> None:
    paid = await shop.pay()

    accounts = (await api.get(f"/payments/accounts?merchant_id={shop.merchant['merchant_id']}"))["items"]
    held = next(each for each in accounts if each["kind"] == "merchant_held")
    entries = (await api.get(f"/payments/accounts/{held['account_id']}/entries"))["items"]

    assert [(each["payment_id"], each["batch_id"]) for each in entries] == [(paid["id"], None)] * 2


async def test_payments_are_found_by_what_people_know_of_them(api: Api, shop: Shop) -> None:
    form: dict[str, Any] = {"description": "Two lamps for Ines", "metadata[order]": "104218"}
    paid = await shop.pay(**form)
    await shop.pay(description="A chair")
    details = await api.get(f"/payments/intents/{paid['id']}")
    attempt = details["attempts"][0]

    known = ["lamps for INES", "104218", attempt["processor_reference"], attempt["attempt_id"], paid["id"]]
    for text in [*known, details["charges"][0]["charge_id"]]:
        found = await api.get(f"/payments/intents?q={text}")
        assert [each["payment_id"] for each in found["items"]] == [paid["id"]], text
    assert (await api.get("/payments/intents?q=104"))["items"] == []
    assert (await api.get("/payments/intents?q=lamps&state=canceled"))["items"] == []


async def test_a_search_of_another_organisation_finds_nothing(other_api: Api, shop: Shop) -> None:
    paid = await shop.pay(description="Two lamps")

    assert (await other_api.get("/payments/intents?q=lamps"))["items"] == []
    assert (await other_api.get(f"/payments/intents?q={paid['id']}"))["items"] == []
    await other_api.refused(404, "GET", f"/payments/intents/{paid['id']}/entries")
    await other_api.refused(404, "POST", f"/payments/intents/{paid['id']}/refunds", json={})
