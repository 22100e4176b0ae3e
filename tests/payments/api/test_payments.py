"""Our API of payments: what it shows of what merchants do with Stripe's API."""

import asyncio

import httpx
import pytest

from http_api import Api
from installations import READY_WITHIN_S
from ninefold.systems.payments.processors.simulator.signing import SIGNATURE_HEADER, sign
from payments_api import AMOUNT, Shop, open_shop

WEBHOOKS = "/processors/simulator/webhooks"


@pytest.fixture
async def shop(api: Api, simulator: None) -> Shop:
    del simulator
    return await open_shop(api)


async def test_a_payment_is_shown_with_all_that_happened_to_it(api: Api, shop: Shop) -> None:
    paid = await shop.pay()
    assert paid["status"] == "succeeded"

    found = await api.get(f"/payments/intents/{paid['id']}")

    assert (found["state"], found["amount_received"]) == ("succeeded", AMOUNT)
    assert [each["type"] for each in found["timeline"]] == ["created", "confirmed", "captured"]
    assert [(each["operation"], each["state"]) for each in found["attempts"]] == [("authorise", "succeeded")]
    assert [(each["state"], each["amount_captured"]) for each in found["charges"]] == [("succeeded", AMOUNT)]
    assert found["live_channel"].startswith("payments.changes:org_")


async def test_payments_are_listed_by_state_and_merchant(api: Api, shop: Shop) -> None:
    paid = await shop.pay()
    await shop.pay("pm_card_chargeDeclined")
    other = await open_shop(api, "Kiosk")

    succeeded = await api.get("/payments/intents?state=succeeded")
    assert [each["payment_id"] for each in succeeded["items"]] == [paid["id"]]
    assert (await api.get(f"/payments/intents?merchant_id={other.merchant['merchant_id']}"))["items"] == []
    assert len((await api.get("/payments/intents"))["items"]) == 2


async def test_accounts_show_their_entries(api: Api, shop: Shop) -> None:
    await shop.pay()

    accounts = {each["kind"]: each for each in (await api.get("/payments/accounts"))["items"]}
    entries = (await api.get(f"/payments/accounts/{accounts['merchant_held']['account_id']}/entries"))["items"]

    assert accounts["processor_receivable"]["balance"] == AMOUNT
    assert accounts["merchant_held"]["balance"] + accounts["fees"]["balance"] == AMOUNT
    assert [(each["side"], each["amount"]) for each in entries] == [("debit", 88), ("credit", AMOUNT)]


async def test_a_card_number_is_refused_where_it_would_be_stored(api: Api, shop: Shop) -> None:
    merchant = f"/payments/merchants/{shop.merchant['merchant_id']}"
    await shop.pay("pm_card_neverKnown")
    (doubt,) = (await api.get("/payments/doubts"))["items"]
    evidence = {"outcome": "declined", "evidence_kind": "other", "evidence": "The card 4242 4242 4242 4242"}

    problems = [
        await api.refused(422, "POST", "/payments/merchants", json={"name": "4242-4242-4242-4242"}),
        await api.refused(422, "PATCH", merchant, json={"bank_account_name": "4242424242424242"}),
        await api.refused(422, "POST", f"/payments/doubts/{doubt['attempt_id']}/close", json=evidence),
    ]

    assert [(each["code"], each["field"]) for each in problems] == [
        ("card_number_not_allowed", "name"),
        ("card_number_not_allowed", "bank_account_name"),
        ("card_number_not_allowed", "evidence"),
    ]


async def test_a_doubt_is_asked_about_and_closed(api: Api, shop: Shop) -> None:
    assert (await shop.pay("pm_card_lostAnswer"))["status"] == "processing"
    assert (await shop.pay("pm_card_neverKnown"))["status"] == "processing"
    first, second = (await api.get("/payments/doubts?state=in_doubt"))["items"]

    asked = await api.done("POST", f"/payments/doubts/{first['attempt_id']}/inquire")
    assert asked["state"] == "succeeded"
    still = await api.done("POST", f"/payments/doubts/{second['attempt_id']}/inquire")
    assert still["state"] == "in_doubt"
    body = {"outcome": "declined", "evidence_kind": "processor_status", "evidence": "Ticket 4711"}
    closed = await api.done("POST", f"/payments/doubts/{second['attempt_id']}/close", json=body)

    assert (closed["state"], closed["evidence"]) == ("declined", "Ticket 4711")
    assert closed["closed_by"].startswith("API key key_")
    assert (await api.get("/payments/doubts"))["items"] == []
    problem = await api.refused(409, "POST", f"/payments/doubts/{second['attempt_id']}/close", json=body)
    assert problem["code"] == "attempt_state"


@pytest.mark.parametrize(("result", "state"), [("pass", "succeeded"), ("fail", "requires_payment_method")])
async def test_a_customer_authenticates_on_the_page(api: Api, shop: Shop, result: str, state: str) -> None:
    paid = await shop.pay("pm_card_authenticationRequired")
    url = paid["next_action"]["redirect_to_url"]["url"]
    path = httpx.URL(url).path

    page = await shop.http.get(path)
    assert "<form" in page.text
    ended = await shop.http.post(path, data={"result": result})
    assert ended.status_code == 200
    # The webhook of the simulated processor doesn't reach the application of this test.
    (attempt,) = (await api.get(f"/payments/intents/{paid['id']}"))["attempts"]
    outcome = {"type": "approved", "reference": path.rpartition("/")[2], "is_captured": True}
    if result == "fail":
        outcome = {"type": "declined", "code": "payment_intent_authentication_failure"}
    await send_webhook(shop.http, attempt["attempt_id"], outcome)

    assert (await api.get(f"/payments/intents/{paid['id']}"))["state"] == state
    assert (await shop.http.post(path, data={"result": result})).status_code == 404


async def test_a_webhook_of_somebody_else_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post(WEBHOOKS, content=b"{}", headers={SIGNATURE_HEADER: sign(b"something else")})

    assert answer.status_code == 400


async def send_webhook(http: httpx.AsyncClient, our_reference: str, outcome: dict[str, object]) -> None:
    body = httpx.Request(
        "POST",
        "http://x",
        json={"event_id": "e1", "our_reference": our_reference, "outcome": outcome, "at": "2026-11-27T12:00:00Z"},
    ).content
    answer = await http.post(WEBHOOKS, content=body, headers={SIGNATURE_HEADER: sign(body)})
    assert answer.json() == {"ok": True}


async def test_the_audit_is_a_job(api: Api, shop: Shop, worker: None) -> None:
    del worker
    await shop.pay()
    job = await api.done("POST", "/payments/audits")

    async with asyncio.timeout(READY_WITHIN_S):
        while (found := await api.get(f"/jobs/{job['job_id']}"))["state"] != "succeeded":
            await asyncio.sleep(0.05)

    assert (found["result"]["fault_count"], found["result"]["unsealed"], found["result"]["transfers"]) == (0, 0, 2)


async def test_a_key_that_has_leaked_is_replaced(api: Api, shop: Shop) -> None:
    keys = f"/payments/merchants/{shop.merchant['merchant_id']}/keys"
    (first,) = (await api.get(keys))["items"]
    created = await api.done("POST", keys)

    assert (await api.request("DELETE", f"{keys}/{first['key_id']}")).is_success

    assert (await shop.call("GET", "/payment_intents/pi_1")).status_code == 401
    replaced = Shop(shop.http, {**shop.merchant, "secret_key": created["secret_key"]})
    assert (await replaced.pay())["status"] == "succeeded"
    assert [each["state"] for each in (await api.get(keys))["items"]] == ["revoked", "active"]


async def test_a_merchant_has_fees_by_currency(api: Api, shop: Shop) -> None:
    merchant = f"/payments/merchants/{shop.merchant['merchant_id']}"
    yen = {"currency": "JPY", "bps": 360, "fixed": 40}
    assert shop.merchant["fees"] == []

    await api.done("PATCH", merchant, json={"fees": [{**yen, "currency": "jpy"}]})
    await api.done("PATCH", merchant, json={"hold_days": 3})
    assert (await api.get(merchant))["fees"] == [yen]

    form = {"amount": "10000", "currency": "jpy", "payment_method": "pm_card_visa", "confirm": "true"}
    assert (await shop.call("POST", "/payment_intents", **form)).json()["status"] == "succeeded"
    accounts = (await api.get("/payments/accounts"))["items"]
    assert [(each["currency"], each["balance"]) for each in accounts if each["kind"] == "fees"] == [("JPY", 400)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fees": [{"currency": "QQQ", "bps": 1, "fixed": 1}]}, "fees[0].currency"),
        ({"fees": [{"currency": "USD", "bps": 1, "fixed": 1}]}, "fees[0].currency"),
        ({"fees": [{"currency": each, "bps": 1, "fixed": 1} for each in ("EUR", "eur")]}, "fees[1].currency"),
        ({"fees": [{"currency": "EUR", "bps": 10_001, "fixed": 1}]}, "fees[0].bps"),
        ({"default_currency": "JPY"}, "default_currency"),
    ],
)
async def test_fees_that_can_not_be_agreed_are_refused(
    api: Api, shop: Shop, change: dict[str, object], field: str
) -> None:
    merchant = f"/payments/merchants/{shop.merchant['merchant_id']}"
    await api.done("PATCH", merchant, json={"fees": [{"currency": "JPY", "bps": 360, "fixed": 40}]})

    answer = await api.request("PATCH", merchant, json=change)

    assert answer.is_client_error
    assert answer.json()["field"] == field
    assert (await api.get(merchant))["default_currency"] == "USD"


async def test_a_merchant_gets_another_name_that_no_other_one_has(api: Api, shop: Shop) -> None:
    merchant = f"/payments/merchants/{shop.merchant['merchant_id']}"
    other = await api.done("POST", "/payments/merchants", json={"name": f"{shop.merchant['name']} 2"})

    renamed = await api.done("PATCH", merchant, json={"name": " Bakery of Inês "})
    taken = await api.refused(
        409, "PATCH", f"/payments/merchants/{other['merchant_id']}", json={"name": renamed["name"]}
    )

    assert renamed["name"] == "Bakery of Inês"
    assert (taken["code"], taken["field"]) == ("merchant_name_taken", "name")
    assert (await api.done("PATCH", merchant, json={"name": "Bakery of Inês"}))["name"] == "Bakery of Inês"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("default_currency", "ZZZ", "'ZZZ' isn't a currency of ISO 4217"),
        ("default_currency", "dollars", "the three letters of a currency in ISO 4217, such as USD"),
        ("bank_routing_number", "1234", "the nine digits of a routing number"),
        ("cutoff", "25:00", "a time of day with two digits each, such as 17:00"),
    ],
)
async def test_what_is_wrong_with_a_merchant_is_said_in_words(
    api: Api, shop: Shop, field: str, value: str, words: str
) -> None:
    problem = await api.refused(
        422, "PATCH", f"/payments/merchants/{shop.merchant['merchant_id']}", json={field: value}
    )

    assert problem["field"] == field
    assert words in problem["detail"]
    assert "regex" not in problem["detail"]
