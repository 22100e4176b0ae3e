"""What strangers send, and what isn't theirs: the answer is always Stripe's error, and never a 500."""

import re
from typing import Any

import pytest

from http_api import Api
from ninefold.core.postgres.database import Database
from payments_api import Shop, open_shop

PAYMENT = {"amount": "2000", "currency": "usd"}


@pytest.fixture
async def local(api: Api, simulator: None) -> Shop:
    """A merchant of the application in this process."""
    del simulator
    return await open_shop(api)


@pytest.mark.parametrize(
    ("path", "form", "code", "param"),
    [
        ("/payment_intents", {"currency": "usd"}, "parameter_missing", "amount"),
        ("/payment_intents", {**PAYMENT, "amount": "ten"}, "parameter_invalid_integer", "amount"),
        ("/payment_intents", {**PAYMENT, "amount": "1e3"}, "parameter_invalid_integer", "amount"),
        ("/payment_intents", {**PAYMENT, "amount": "9" * 40}, "parameter_invalid_integer", "amount"),
        ("/payment_intents", {**PAYMENT, "amount": ""}, None, "amount"),
        ("/payment_intents", {"amount[a]": "1", "currency": "usd"}, None, "amount"),
        ("/payment_intents", {**PAYMENT, "confirm": "yes"}, None, "confirm"),
        ("/payment_intents", {**PAYMENT, "capture_method": "later"}, None, "capture_method"),
        (
            "/payment_intents",
            {**PAYMENT, "setup_future_usage": "on_session"},
            "parameter_unknown",
            "setup_future_usage",
        ),
        ("/payment_intents", {**PAYMENT, "payment_method_types[]": "sofort"}, None, "payment_method_types[0]"),
        ("/payment_intents", {**PAYMENT, "payment_method_types": "x"}, None, "payment_method_types"),
        ("/payment_intents", {**PAYMENT, "description": "\0"}, None, "description"),
        ("/payment_intents", {**PAYMENT, "description": "d" * 1001}, "parameter_invalid_string_length", "description"),
        ("/payment_intents", {**PAYMENT, "metadata": "text"}, None, "metadata"),
        ("/payment_intents", {**PAYMENT, "metadata[a][b]": "1"}, None, "metadata[a]"),
        ("/payment_intents", {**PAYMENT, f"metadata[{'k' * 41}]": "1"}, "parameter_invalid", "metadata"),
        ("/payment_intents", {**PAYMENT, "metadata[k]": "v" * 501}, "parameter_invalid", "metadata"),
        (
            "/payment_intents",
            {**PAYMENT, **{f"metadata[{n}]": "1" for n in range(51)}},
            "parameter_invalid",
            "metadata",
        ),
        ("/payment_intents", {**PAYMENT, "expand": "x"}, None, "expand"),
        ("/payment_intents", {**PAYMENT, "expand[]": "a.b.c.d.e"}, None, "expand"),
        ("/payment_intents", {**PAYMENT, "payment_method": "pm_nothing"}, "resource_missing", "payment_method"),
        ("/payment_intents", {**PAYMENT, "customer": "cus_nothing"}, "resource_missing", "customer"),
        ("/payment_intents", {**PAYMENT, "return_url": "shop"}, None, "return_url"),
        ("/payment_intents", {**PAYMENT, "return_url": "https://shop.example/\r\nA: b"}, None, "return_url"),
        ("/payment_intents", {**PAYMENT, "confirm": "true"}, "payment_intent_unexpected_state", None),
        ("/payment_methods", {"type": "card"}, "parameter_missing", "card"),
        ("/payment_methods", {"type": "sepa_debit", "card[token]": "tok_visa"}, None, "type"),
        ("/payment_methods", {"type": "card", "card[token]": "tok_x"}, "resource_missing", "card[token]"),
        ("/refunds", {"payment_intent": "pi_x"}, "resource_missing", "payment_intent"),
        ("/refunds", {"payment_intent": "pi_x", "reason": "bored"}, None, "reason"),
        ("/customers", {"email": "e" * 513}, "parameter_invalid_string_length", "email"),
        ("/customers", {"email": "ines"}, "email_invalid", "email"),
        ("/payment_intents", {**PAYMENT, "receipt_email": "notanemail"}, "email_invalid", "receipt_email"),
    ],
)
async def test_a_parameter_that_does_not_fit_is_named(
    local: Shop, path: str, form: dict[str, str], code: str | None, param: str | None
) -> None:
    answer = await local.call("POST", path, **form)

    error = answer.json()["error"]
    assert answer.status_code == 400, answer.text
    assert (error["type"], error.get("param")) == ("invalid_request_error", param)
    assert code in (None, error.get("code"))


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("starting_after=pi_x", "starting_after"),
        ("created=yesterday", "created"),
        ("created[gte]=99999999999999", "created[gte]"),
        ("created[since]=1", "created[since]"),
        ("customer=cus_x", "customer"),
        ("page=2", "page"),
    ],
)
async def test_a_list_that_cannot_be_is_refused(local: Shop, query: str, param: str) -> None:
    answer = await local.call("GET", f"/payment_intents?{query}")

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Content-Type": "application/json"}, b'{"amount": 1}', 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"amount=%FF", 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a[b]=1&a=2", 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=" + b"x" * 70_000, 413),
        ({"Stripe-Version": "latest"}, b"", 400),
        ({"Stripe-Account": "acct_1"}, b"", 400),
        ({"Idempotency-Key": ""}, b"", 400),
        ({"Authorization": "Bearer sk_test_AbCdEfGh_" + "x" * 43}, b"", 401),
        ({"Authorization": "Bearer sk_live_nothing"}, b"", 401),
        ({"Authorization": "Basic ???"}, b"", 401),
        ({"Authorization": ""}, b"", 401),
    ],
)
async def test_a_request_that_cannot_be_read_is_refused(
    local: Shop, headers: dict[str, str], content: bytes, status: int
) -> None:
    sent = {"Authorization": f"Bearer {local.merchant['secret_key']}", **headers}

    answer = await local.http.post("/stripe/v1/payment_intents", content=content, headers=sent)

    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]
    assert answer.headers["Request-Id"].startswith("req_")


async def test_basic_authentication_and_versions_are_accepted(local: Shop) -> None:
    answer = await local.http.get(
        "/stripe/v1/balance", auth=(local.merchant["secret_key"], ""), headers={"Stripe-Version": "2024-06-20"}
    )

    assert (answer.status_code, answer.headers["Stripe-Version"]) == (200, "2024-06-20")


async def test_a_path_that_is_not_there_is_answered_as_stripe_answers(local: Shop) -> None:
    answer = await local.call("GET", "/disputes")

    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "Unrecognized request URL (GET: /stripe/v1/disputes)."


async def test_a_client_whose_address_has_no_path_finds_the_same(local: Shop) -> None:
    headers = {"Authorization": f"Bearer {local.merchant['secret_key']}", "Idempotency-Key": "order-7"}

    first = await local.http.post("/v1/payment_intents", data=PAYMENT, headers=headers)
    again = await local.http.post("/stripe/v1/payment_intents", data=PAYMENT, headers=headers)

    assert (first.status_code, again.content) == (200, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (await local.http.get("/v1/payment_intents", headers=headers)).json()["url"] == "/v1/payment_intents"
    unknown = (await local.http.get("/v1/disputes", headers=headers)).json()
    assert unknown["error"]["message"] == "Unrecognized request URL (GET: /v1/disputes)."


async def test_a_merchant_of_another_processor_cannot_use_cards_of_the_simulated_one(local: Shop, api: Api) -> None:
    path = f"/payments/merchants/{local.merchant['merchant_id']}"
    await api.done("PATCH", path, json={"processor": "stripe"})

    answer = await local.call("POST", "/payment_intents", **PAYMENT, payment_method="pm_card_slow")
    stored = await local.call("POST", "/payment_methods", **{"type": "card", "card[token]": "tok_slow"})
    accepted = await local.call("POST", "/payment_intents", **PAYMENT, payment_method="pm_card_mastercard")

    for refused in (answer, stored):
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "payment_method_unusable")
        assert "this merchant's processor is stripe" in refused.json()["error"]["message"]
    assert accepted.json()["status"] == "requires_confirmation"


async def test_a_token_that_is_not_there_is_named_as_it_was_sent(local: Shop) -> None:
    answer = await local.call("POST", "/payment_methods", **{"type": "card", "card[token]": "tok_nope"})

    assert answer.json()["error"]["message"] == "No such token: 'tok_nope'"


async def test_what_is_another_merchants_is_not_there(local: Shop, api: Api, other_api: Api) -> None:
    ids = await own_objects(local)
    sibling, stranger = await open_shop(api, "Other bakery"), await open_shop(other_api)

    for other in (sibling, stranger):
        for method, path, form in operations_on(ids):
            answer = await other.call(method, path, **form)
            error = answer.json()["error"]
            # The status says whether the path names it, or a parameter.
            is_in_path = any(each in path for each in ids.values())
            assert (answer.status_code, error["code"]) == (404 if is_in_path else 400, "resource_missing"), (
                method,
                path,
            )
            assert error["param"] in ({"id", "intent", "payment_method"} if is_in_path else form), (method, path)
            assert re.fullmatch(r"No such [A-Za-z_ ]+: '[a-z]+_[0-9a-z]+'", error["message"])
        for path in ("payment_intents", "customers", "charges", "refunds", "events", "webhook_endpoints"):
            assert (await other.call("GET", f"/{path}")).json()["data"] == []
        for path in ("payment_methods", "payment_intents", "charges"):
            answer = await other.call("GET", f"/{path}?customer={ids['customer']}")
            assert (answer.status_code, answer.json()["error"]["param"]) == (400, "customer")


async def test_a_merchant_that_sends_too_much_has_to_wait(local: Shop, database: Database, applications: Any) -> None:
    slow = {"NINEFOLD_PAYMENTS_MERCHANT_RATE_PER_S": "2"}
    async with applications.client(slow, database=database) as http:
        limited = Shop(http, local.merchant)
        answers = [await limited.call("GET", "/balance") for _ in range(12)]

    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"]["code"] == "rate_limit"
    assert int(refused.headers["Retry-After"]) >= 1
    assert answers[0].status_code == 200


async def own_objects(shop: Shop) -> dict[str, str]:
    """Return the ids of a merchant's objects, one of each kind."""
    customer = (await shop.call("POST", "/customers", name="Ines")).json()["id"]
    method = (await shop.call("POST", "/payment_methods/pm_card_visa/attach", customer=customer)).json()["id"]
    intent = await shop.pay()
    refund = (await shop.call("POST", "/refunds", payment_intent=intent["id"], amount="100")).json()["id"]
    form = {"url": "https://shop.example/hook", "enabled_events[]": "*"}
    endpoint = (await shop.call("POST", "/webhook_endpoints", **form)).json()["id"]
    event = (await shop.call("GET", "/events")).json()["data"][0]["id"]
    return {
        "customer": customer,
        "method": method,
        "intent": intent["id"],
        "charge": intent["latest_charge"],
        "refund": refund,
        "change": intent["latest_charge"].replace("ch_", "txn_"),
        "endpoint": endpoint,
        "event": event,
    }


def operations_on(ids: dict[str, str]) -> list[tuple[str, str, dict[str, str]]]:
    """Return each operation on an object, and each that names one."""
    intent, method, customer = f"/payment_intents/{ids['intent']}", f"/payment_methods/{ids['method']}", ids["customer"]
    paths = [
        intent,
        method,
        f"/customers/{customer}",
        f"/charges/{ids['charge']}",
        f"/refunds/{ids['refund']}",
        f"/webhook_endpoints/{ids['endpoint']}",
    ]
    return [
        *[("GET", path, {}) for path in paths],
        *[("POST", path, {"metadata[a]": "1"}) for path in paths],
        ("GET", f"/balance_transactions/{ids['change']}", {}),
        ("GET", f"/events/{ids['event']}", {}),
        ("GET", f"/charges/{ids['charge']}/refunds", {}),
        ("GET", f"/customers/{customer}/payment_methods", {}),
        ("DELETE", f"/customers/{customer}", {}),
        ("DELETE", f"/webhook_endpoints/{ids['endpoint']}", {}),
        ("POST", f"{intent}/confirm", {}),
        ("POST", f"{intent}/capture", {}),
        ("POST", f"{intent}/cancel", {}),
        ("POST", f"{method}/detach", {}),
        ("POST", f"{method}/attach", {"customer": customer}),
        ("POST", f"/charges/{ids['charge']}/capture", {}),
        ("POST", "/refunds", {"payment_intent": ids["intent"]}),
        ("POST", "/refunds", {"charge": ids["charge"]}),
        ("POST", "/payment_intents", {**PAYMENT, "customer": customer}),
        ("POST", "/payment_intents", {**PAYMENT, "payment_method": ids["method"]}),
        ("POST", "/payment_methods/pm_card_visa/attach", {"customer": customer}),
    ]
