"""PaymentIntents, by Stripe's own client."""

from typing import Any

import httpx
import pytest
import stripe

from stripe_shops import AMOUNT, StripeShop, refused


async def test_a_payment_is_captured_at_once(shop: StripeShop) -> None:
    intent = await shop.pay(description="Bread", metadata={"order": "7"})

    assert (intent.status, intent.amount_received, intent.currency) == ("succeeded", AMOUNT, "usd")
    assert (intent.description, intent.metadata["order"]) == ("Bread", "7")
    again = await shop.v1.payment_intents.retrieve_async(intent.id)
    assert again.to_dict() == intent.to_dict()


async def test_a_payment_is_created_confirmed_and_captured_in_part(shop: StripeShop) -> None:
    created = await shop.v1.payment_intents.create_async(
        {
            "amount": AMOUNT,
            "currency": "eur",
            "capture_method": "manual",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    assert created.status == "requires_payment_method"

    confirmed = await shop.v1.payment_intents.confirm_async(created.id, {"payment_method": "pm_card_mastercard"})
    assert (confirmed.status, confirmed.amount_capturable) == ("requires_capture", AMOUNT)

    captured = await shop.v1.payment_intents.capture_async(created.id, {"amount_to_capture": 700})
    assert (captured.status, captured.amount_received, captured.amount_capturable) == ("succeeded", 700, 0)


async def test_a_declined_payment_is_a_card_error_with_the_payment_in_it(shop: StripeShop) -> None:
    error = await refused(shop.pay("pm_card_chargeDeclinedInsufficientFunds"), stripe.CardError)

    assert (error["status"], error["type"], error["code"]) == (402, "card_error", "card_declined")
    assert error["decline_code"] == "insufficient_funds"
    assert error["payment_intent"]["status"] == "requires_payment_method"
    last = error["payment_intent"]["last_payment_error"]
    assert (last["type"], last["decline_code"], last["charge"]) == ("card_error", "insufficient_funds", error["charge"])
    assert (last["payment_method"]["card"]["last4"], error["payment_method"]["id"]) == (
        "9995",
        last["payment_method"]["id"],
    )
    charge = await shop.v1.charges.retrieve_async(error["charge"])
    assert (charge.status, charge.failure_code) == ("failed", "card_declined")


@pytest.mark.parametrize(
    ("token", "code", "param"),
    [
        ("pm_card_chargeDeclined", "card_declined", None),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "exp_month"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
async def test_a_test_card_is_declined_for_its_reason(
    shop: StripeShop, token: str, code: str, param: str | None
) -> None:
    error = await refused(shop.pay(token), stripe.CardError)

    assert (error["code"], error.get("param")) == (code, param)


async def test_a_customer_authenticates_on_the_page_of_the_bank(shop: StripeShop) -> None:
    intent = await shop.pay("pm_card_authenticationRequired", return_url="https://shop.example/done")
    assert intent.status == "requires_action"
    assert intent.next_action.redirect_to_url.return_url == "https://shop.example/done"
    url = intent.next_action.redirect_to_url.url
    assert url.startswith(shop.url)

    async with httpx.AsyncClient(trust_env=False) as browser:
        assert "Complete" in (await browser.get(url)).text
        done = await browser.post(url, data={"result": "pass"})

    assert done.status_code == 303
    back = httpx.URL(done.headers["Location"])
    assert (back.host, back.path) == ("shop.example", "/done")
    assert dict(back.params) == {
        "payment_intent": intent.id,
        "payment_intent_client_secret": intent.client_secret,
        "redirect_status": "succeeded",
    }
    assert (await shop.v1.payment_intents.retrieve_async(intent.id)).status == "succeeded"


async def test_a_customer_who_closes_the_page_of_the_bank_pays_with_another_card(shop: StripeShop) -> None:
    intent = await shop.pay("pm_card_authenticationRequired")
    url = intent.next_action.redirect_to_url.url

    paid = await shop.v1.payment_intents.confirm_async(intent.id, {"payment_method": "pm_card_mastercard"})

    assert (paid.status, paid.amount_received, paid.next_action) == ("succeeded", AMOUNT, None)
    async with httpx.AsyncClient(trust_env=False) as browser:
        late = await browser.post(url, data={"result": "pass"})
    assert (late.status_code, late.headers["content-type"]) == (409, "text/html; charset=utf-8")
    charges = (await shop.v1.charges.list_async({"payment_intent": intent.id})).data
    assert [each.payment_method_details.card.brand for each in charges if each.captured] == ["mastercard"]
    assert len((await shop.v1.balance_transactions.list_async()).data) == 1


async def test_a_payment_that_waits_for_its_customer_is_changed(shop: StripeShop) -> None:
    intent = await shop.pay("pm_card_authenticationRequired")

    described = await shop.v1.payment_intents.update_async(intent.id, {"description": "Bread"})
    assert (described.status, described.description) == ("requires_action", "Bread")
    changed = await shop.v1.payment_intents.update_async(intent.id, {"amount": 2500, "payment_method": "pm_card_visa"})
    assert (changed.status, changed.amount, changed.next_action) == ("requires_confirmation", 2500, None)
    paid = await shop.v1.payment_intents.confirm_async(intent.id)
    assert (paid.status, paid.amount_received) == ("succeeded", 2500)


@pytest.mark.parametrize("wish", [{"error_on_requires_action": True}, {"off_session": True}])
async def test_a_payment_without_its_customer_fails_where_authentication_is_required(
    shop: StripeShop, wish: dict[str, bool]
) -> None:
    error = await refused(shop.pay("pm_card_authenticationRequired", **wish), stripe.CardError)

    assert (error["code"], error["payment_intent"]["status"]) == ("authentication_required", "requires_payment_method")


async def test_an_unknown_outcome_is_processing_until_it_is_known(shop: StripeShop) -> None:
    intent = await shop.pay("pm_card_lostAnswer")

    assert intent.status == "processing"
    error = await refused(shop.v1.payment_intents.cancel_async(intent.id))
    assert error["code"] == "payment_intent_unexpected_state"
    assert "status of processing" in error["message"]


async def test_a_payment_is_canceled_for_a_reason(shop: StripeShop) -> None:
    intent = await shop.pay(capture_method="manual")

    canceled = await shop.v1.payment_intents.cancel_async(intent.id, {"cancellation_reason": "abandoned"})

    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    error = await refused(shop.v1.payment_intents.capture_async(intent.id))
    assert error["code"] == "payment_intent_unexpected_state"
    assert error["payment_intent"]["status"] == "canceled"


async def test_a_payment_is_changed_before_it_is_confirmed(shop: StripeShop) -> None:
    intent = await shop.v1.payment_intents.create_async(
        {"amount": AMOUNT, "currency": "usd", "metadata": {"a": "1", "b": "2"}}
    )

    changed = await shop.v1.payment_intents.update_async(
        intent.id, {"amount": 2500, "metadata": {"a": "", "c": "3"}, "payment_method": "pm_card_visa"}
    )

    assert (changed.amount, changed.status) == (2500, "requires_confirmation")
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    paid = await shop.v1.payment_intents.confirm_async(intent.id)
    assert paid.amount_received == 2500
    assert (await refused(shop.v1.payment_intents.update_async(intent.id, {"amount": 3000})))["code"] == (
        "payment_intent_unexpected_state"
    )
    described = await shop.v1.payment_intents.update_async(intent.id, {"description": "Later"})
    assert described.description == "Later"


async def test_payments_are_listed_by_pages(shop: StripeShop) -> None:
    made = [(await shop.v1.payment_intents.create_async({"amount": AMOUNT, "currency": "usd"})).id for _ in range(5)]

    first = await shop.v1.payment_intents.list_async({"limit": 2})
    assert ([each.id for each in first.data], first.has_more) == ([made[4], made[3]], True)
    assert first.url == "/v1/payment_intents"
    assert [each.id async for each in first.auto_paging_iter()] == made[::-1]
    before = await shop.v1.payment_intents.list_async({"limit": 2, "ending_before": made[1]})
    assert ([each.id for each in before.data], before.has_more) == ([made[3], made[2]], True)
    created = first.data[0].created
    newer = await shop.v1.payment_intents.list_async({"created": {"gt": created + 60}})
    assert newer.data == []
    assert len((await shop.v1.payment_intents.list_async({"created": {"gte": created - 60}})).data) == 5


async def test_a_search_is_refused_with_what_to_do_instead(shop: StripeShop) -> None:
    error = await refused(shop.v1.payment_intents.search_async({"query": "status:'succeeded'"}))

    assert "Search isn't offered" in error["message"]


async def test_expanded_objects_are_in_each_other_and_in_lists(shop: StripeShop) -> None:
    customer = await shop.v1.customers.create_async({"email": "ines@example.com"})

    intent = await shop.pay(customer=customer.id, expand=["latest_charge.balance_transaction", "customer"])

    assert intent.customer.email == "ines@example.com"
    change = intent.latest_charge.balance_transaction
    assert (change.amount, change.fee, change.net) == (AMOUNT, 88, AMOUNT - 88)
    listed = await shop.v1.payment_intents.list_async({"expand": ["data.payment_method"]})
    assert listed.data[0].payment_method.card.last4 == "4242"
    error = await refused(shop.v1.payment_intents.retrieve_async(intent.id, {"expand": ["amount"]}))
    assert error["message"] == "This property cannot be expanded (amount)."


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "usd", "amount_too_small"),
        (0, "usd", "amount_too_small"),
        (-5, "usd", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (100_000_000, "usd", "amount_too_large"),
        (AMOUNT, "usx", None),
        (AMOUNT, "xau", None),
    ],
)
async def test_an_amount_that_cannot_be_paid_is_refused(
    shop: StripeShop, amount: int, currency: str, code: str | None
) -> None:
    error = await refused(shop.v1.payment_intents.create_async({"amount": amount, "currency": currency}))

    assert (error["status"], error.get("code")) == (400, code)
    assert error["param"] == ("amount" if code else "currency")


async def test_a_currency_without_decimals_takes_whole_units(shop: StripeShop) -> None:
    intent = await shop.pay(amount=500, currency="jpy")

    assert (intent.amount_received, intent.currency) == (500, "jpy")


async def test_a_customers_page_confirms_with_the_client_secret_only(shop: StripeShop) -> None:
    intent = await shop.v1.payment_intents.create_async({"amount": AMOUNT, "currency": "usd"})
    public: Any = shop.public.v1

    refusal = await refused(public.payment_intents.retrieve_async(intent.id))
    assert refusal["code"] == "parameter_missing"
    await refused(public.payment_intents.retrieve_async(intent.id, {"client_secret": f"{intent.id}_secret_x"}))
    await refused(public.payment_intents.capture_async(intent.id), stripe.PermissionError)
    await refused(public.customers.list_async(), stripe.PermissionError)
    confirmed = await public.payment_intents.confirm_async(
        intent.id,
        {
            "client_secret": intent.client_secret,
            "payment_method_data": {
                "type": "card",
                "card": {"number": "4242424242424242", "exp_month": 5, "exp_year": 2040, "cvc": "123"},
            },
        },
    )
    assert confirmed.status == "succeeded"
