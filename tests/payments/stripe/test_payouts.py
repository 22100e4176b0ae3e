"""A Payout as Stripe's API shows it, in each of its states."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ninefold.systems.payments.model.events import Event, Snapshot
from ninefold.systems.payments.model.settlement import Payout
from ninefold.systems.payments.stripe.objects.others import show_event, show_payout

AT = datetime(2026, 11, 27, 17, tzinfo=UTC)
PAYOUT = Payout(
    payout_id=UUID(int=1),
    organisation_id=UUID(int=2),
    merchant_id=UUID(int=3),
    batch_id=UUID(int=4),
    currency="USD",
    amount=1_912,
    state="in_transit",
    method="nacha",
    reference="ABCDEFGHIJKLMNO",
    trace_number="123456780000001",
    bank_file_id=None,
    bank_last4="6789",
    arrival_date=date(2026, 11, 30),
    statement_descriptor="Bakery",
    created_at=AT,
    in_transit_at=AT,
    paid_at=None,
    failed_at=None,
    canceled_at=None,
    failure_code=None,
    failure_message=None,
)
FAILED: dict[str, Any] = {"failed_at": AT, "failure_code": "R03", "failure_message": "No account"}


@pytest.mark.parametrize(("state", "fields"), [("in_transit", {}), ("paid", {"paid_at": AT}), ("failed", FAILED)])
def test_a_payout_has_its_state_and_its_balance_transactions(state: str, fields: dict[str, Any]) -> None:
    shown = show_payout(msgspec.structs.replace(PAYOUT, state=state, **fields))

    assert (shown["amount"], shown["currency"], shown["status"]) == (1_912, "usd", state)
    assert shown["arrival_date"] == datetime(2026, 11, 30, tzinfo=UTC).timestamp()
    assert shown["balance_transaction"] == shown["id"].replace("po_", "txn_")
    assert (shown["failure_balance_transaction"] is not None) == (state == "failed")


def test_the_event_of_a_payout_survives_its_storage() -> None:
    snapshot = msgspec.json.decode(msgspec.json.encode(Snapshot(payout=PAYOUT)), type=Snapshot)
    event = Event(
        event_id=UUID(int=5),
        organisation_id=UUID(int=2),
        merchant_id=UUID(int=3),
        type="payout.updated",
        snapshot=snapshot,
        previous=None,
        request_id=None,
        idempotency_key=None,
        created_at=AT,
        forwarded_at=None,
    )

    shown = show_event(event, base_url="")

    assert shown["data"]["object"] == show_payout(PAYOUT)
    assert shown["pending_webhooks"] == 1
