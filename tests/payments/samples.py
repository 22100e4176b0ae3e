"""The sample data of payments: a merchant with a payment, and calls whose outcome is in doubt."""

from ninefold.core.clock import SystemClock
from ninefold.core.ids import format_id, parse_id
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX, Merchant
from ninefold.systems.payments.model.payments import INTENT_PREFIX, NewIntent
from ninefold.systems.payments.processors.opening import Processors
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.settings import PaymentsSettings
from ninefold.systems.payments.store.queries import read_row
from payments_api import AMOUNT, DirectSimulator
from sample_data import SampleContext, SampleData

SECRET_TEXT = "only-acme-knows-this"


async def make_sample_data(context: SampleContext) -> SampleData:
    """Take payments of a merchant; the outcome of some isn't known."""
    api = context.api
    merchant = await api.done("POST", "/payments/merchants", json={"name": SECRET_TEXT})
    await api.done("POST", "/payments/merchants", json={"name": "Bakery"})
    tokens = ["pm_card_visa", *["pm_card_neverKnown"] * 3]
    payments = [await pay(context, merchant["merchant_id"], token) for token in tokens]
    attempts = [each["attempt_id"] for each in (await api.get("/payments/doubts"))["items"]]
    accounts = (await api.get("/payments/accounts"))["items"]
    (receivable,) = [each["account_id"] for each in accounts if each["kind"] == "processor_receivable"]
    return SampleData(
        ids={
            "merchant_id": merchant["merchant_id"],
            "key_id": (await api.get(f"/payments/merchants/{merchant['merchant_id']}/keys"))["items"][0]["key_id"],
            "payment_id": payments[-1],
            "account_id": receivable,
            "attempt_id": attempts[0],
        },
        ids_of={"close_payment_doubt": {"attempt_id": attempts[1]}},
        secret_text=SECRET_TEXT,
        destroying=["revoke_merchant_key"],
    )


async def pay(context: SampleContext, merchant_id: str, token: str) -> str:
    """Take a payment, without the process of the simulated processor; return its id."""
    processors = Processors({"simulator": DirectSimulator()})
    flow = PaymentFlow(context.database, processors, PaymentsSettings(), SystemClock())
    query = "SELECT * FROM payments.merchant WHERE merchant_id = $1"
    async with context.database.connection() as connection:
        merchant = read_row(Merchant, await connection.fetchrow(query, parse_id(MERCHANT_PREFIX, merchant_id)))
    new = NewIntent(amount=AMOUNT, currency="usd", description=SECRET_TEXT)
    done = await flow.create(merchant, new, payment_method=token, confirm=True)
    return format_id(INTENT_PREFIX, done.intent.intent_id)
