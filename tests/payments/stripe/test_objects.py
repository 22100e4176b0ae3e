"""Customers, PaymentMethods, Charges, Refunds, the balance and Payouts, by Stripe's own client."""

import asyncio
from typing import Any

import pytest
import stripe

from stripe_shops import AMOUNT, StripeShop, refused

FEE = 88
CARD: dict[str, Any] = {"number": "4242424242424242", "exp_month": 5, "exp_year": 2040, "cvc": "123"}


async def test_a_customer_is_created_changed_listed_and_deleted(shop: StripeShop) -> None:
    created = await shop.v1.customers.create_async(
        {"email": "ines@example.com", "name": "Ines", "metadata": {"tier": "gold"}, "payment_method": "pm_card_visa"}
    )
    methods = await shop.v1.customers.payment_methods.list_async(created.id)
    (method,) = methods.data
    changed = await shop.v1.customers.update_async(
        created.id,
        {"name": "", "phone": "+1 555", "metadata": "", "invoice_settings": {"default_payment_method": method.id}},
    )

    assert (changed.name, changed.phone, changed.metadata.to_dict()) == (None, "+1 555", {})
    found = await shop.v1.customers.retrieve_async(created.id, {"expand": ["invoice_settings.default_payment_method"]})
    assert found.invoice_settings.default_payment_method.card.last4 == "4242"
    assert [each.id for each in (await shop.v1.customers.list_async({"email": "ines@example.com"})).data] == [
        created.id
    ]
    assert (await shop.v1.customers.delete_async(created.id)).deleted is True
    assert (await shop.v1.customers.retrieve_async(created.id)).deleted is True
    assert (await shop.v1.customers.list_async()).data == []
    assert (await refused(shop.v1.customers.update_async(created.id, {"name": "X"})))["status"] == 404


async def test_a_payment_method_belongs_to_one_customer(shop: StripeShop) -> None:
    ines, tomas = [await shop.v1.customers.create_async({"name": name}) for name in ("Ines", "Tomas")]
    created = await shop.v1.payment_methods.create_async(
        {"type": "card", "card": CARD, "billing_details": {"name": "Ines", "address": {"city": "Porto"}}}
    )
    assert (created.card.last4, created.card.exp_year, created.billing_details.address.city) == ("4242", 2040, "Porto")

    await shop.v1.payment_methods.attach_async(created.id, {"customer": ines.id})

    await refused(shop.v1.payment_methods.attach_async(created.id, {"customer": tomas.id}))
    await refused(shop.pay(created.id, customer=tomas.id))
    assert (await shop.pay(created.id, customer=ines.id)).customer == ines.id
    changed = await shop.v1.payment_methods.update_async(created.id, {"card": {"exp_year": 2041}})
    assert (changed.card.exp_month, changed.card.exp_year) == (5, 2041)
    detached = await shop.v1.payment_methods.detach_async(created.id)
    assert detached.customer is None
    assert (await shop.v1.payment_methods.list_async({"customer": ines.id})).data == []


@pytest.mark.parametrize(
    ("card", "code", "param"),
    [
        ({**CARD, "number": "4242424242424241"}, "incorrect_number", "card[number]"),
        ({**CARD, "number": "12"}, "incorrect_number", "card[number]"),
        # A number that passes the check, and is no test card.
        ({**CARD, "number": "4539148803436467"}, "card_declined", "card[number]"),
        ({**CARD, "exp_month": 13}, "invalid_expiry_month", "card[exp_month]"),
        ({**CARD, "exp_year": 2020}, "invalid_expiry_year", "card[exp_year]"),
        ({**CARD, "cvc": "12"}, "invalid_cvc", "card[cvc]"),
    ],
)
async def test_a_card_that_is_described_wrongly_is_a_card_error(
    shop: StripeShop, card: dict[str, Any], code: str, param: str
) -> None:
    error = await refused(shop.v1.payment_methods.create_async({"type": "card", "card": card}), stripe.CardError)

    assert (error["code"], error["param"]) == (code, param)
    assert card["number"] not in str(error)


async def test_a_charge_is_read_listed_captured_and_described(shop: StripeShop) -> None:
    intent = await shop.pay(capture_method="manual")

    captured = await shop.v1.charges.capture_async(intent.latest_charge, {"amount": 1500})

    assert (captured.captured, captured.amount_captured, captured.status) == (True, 1500, "succeeded")
    assert (captured.payment_intent, captured.payment_method_details.card.last4) == (intent.id, "4242")
    error = await refused(shop.v1.charges.capture_async(intent.latest_charge))
    assert error["code"] == "charge_already_captured"
    changed = await shop.v1.charges.update_async(captured.id, {"metadata": {"shelf": "3"}})
    assert changed.metadata["shelf"] == "3"
    assert (await shop.v1.payment_intents.retrieve_async(intent.id)).metadata.to_dict() == {}
    listed = await shop.v1.charges.list_async({"payment_intent": intent.id, "expand": ["data.refunds"]})
    assert [(each.id, each.refunds.data) for each in listed.data] == [(captured.id, [])]


async def test_refunds_take_back_no_more_than_was_captured(shop: StripeShop) -> None:
    intent = await shop.pay()

    part = await shop.v1.refunds.create_async(
        {"payment_intent": intent.id, "amount": 500, "reason": "requested_by_customer", "metadata": {"note": "stale"}}
    )
    assert (part.status, part.amount, part.charge) == ("succeeded", 500, intent.latest_charge)
    error = await refused(shop.v1.refunds.create_async({"charge": intent.latest_charge, "amount": 1501}))
    assert error["message"] == "Refund amount (15.01 USD) is greater than unrefunded amount on charge (15.00 USD)"
    rest = await shop.v1.refunds.create_async({"charge": intent.latest_charge})
    assert rest.amount == 1500
    error = await refused(shop.v1.refunds.create_async({"payment_intent": intent.id}))
    assert error["code"] == "charge_already_refunded"
    charge = await shop.v1.charges.retrieve_async(intent.latest_charge)
    assert (charge.refunded, charge.amount_refunded) == (True, AMOUNT)
    listed = await shop.v1.refunds.list_async({"payment_intent": intent.id})
    assert [each.id for each in listed.data] == [rest.id, part.id]
    changed = await shop.v1.refunds.update_async(part.id, {"metadata": {"note": ""}})
    assert changed.metadata.to_dict() == {}


async def test_a_refund_whose_answer_is_lost_is_pending(shop: StripeShop) -> None:
    intent = await shop.pay("pm_card_lostRefundAnswer")

    refund = await shop.v1.refunds.create_async({"payment_intent": intent.id, "amount": 500})

    assert (refund.status, refund.amount) == ("pending", 500)


async def test_what_was_not_captured_cannot_be_refunded(shop: StripeShop) -> None:
    held = await shop.pay(capture_method="manual")

    error = await refused(shop.v1.refunds.create_async({"payment_intent": held.id}))
    assert "does not have a successful charge to refund" in error["message"]
    error = await refused(shop.v1.refunds.create_async({"charge": held.latest_charge}))
    assert error["param"] == "charge"
    assert (await refused(shop.v1.refunds.create_async({})))["code"] == "parameter_missing"


async def test_a_refund_that_the_bank_refuses_comes_back_to_the_balance(shop: StripeShop) -> None:
    intent = await shop.pay("pm_card_refundFail")

    refund = await shop.v1.refunds.create_async({"payment_intent": intent.id})

    assert (refund.status, refund.failure_reason) == ("failed", "declined")
    returned = await shop.v1.balance_transactions.retrieve_async(refund.failure_balance_transaction)
    assert (returned.type, returned.amount, returned.source) == ("refund_failure", AMOUNT, refund.id)
    expanded = await shop.v1.refunds.retrieve_async(refund.id, {"expand": ["failure_balance_transaction"]})
    assert expanded.failure_balance_transaction.id == returned.id
    assert "failure_reason" not in await shop.v1.refunds.create_async({"payment_intent": (await shop.pay()).id})
    changes = (await shop.v1.balance_transactions.list_async()).data
    assert sum(each.net for each in changes) == AMOUNT - 2 * FEE
    assert {each.type for each in changes} == {"charge", "refund", "refund_failure"}


async def test_the_balance_is_what_its_changes_add_up_to(shop: StripeShop) -> None:
    first = await shop.pay()
    await shop.pay(amount=500, currency="jpy")
    await shop.v1.refunds.create_async({"payment_intent": first.id, "amount": 700})

    balance = await shop.v1.balance.retrieve_async()

    amounts = {each.currency: each.amount for each in balance.available}
    pending = {each.currency: each.amount for each in balance.pending}
    assert amounts["usd"] == -700
    listed = await shop.v1.balance_transactions.list_async({"currency": "usd"})
    assert sum(each.net for each in listed.data) == amounts["usd"] + pending["usd"] == AMOUNT - FEE - 700
    charge = await shop.v1.charges.retrieve_async(first.latest_charge)
    change = await shop.v1.balance_transactions.retrieve_async(charge.balance_transaction, {"expand": ["source"]})
    assert (change.type, change.source.id, change.status) == ("charge", charge.id, "pending")
    assert [(each.amount, each.type) for each in change.fee_details] == [(FEE, "stripe_fee")]
    assert (await shop.v1.payouts.list_async()).data == []


async def test_the_synchronous_client_works_too(shop: StripeShop) -> None:
    def buy() -> Any:
        client = stripe.StripeClient(shop.merchant["secret_key"], base_addresses={"api": f"{shop.url}/stripe"})
        intent = client.v1.payment_intents.create(
            {"amount": AMOUNT, "currency": "usd", "payment_method": "pm_card_amex", "confirm": True}
        )
        return client.v1.refunds.create({"payment_intent": intent.id})

    assert (await asyncio.to_thread(buy)).status == "succeeded"
