"""How long captured funds are held."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.rules.holds import available_at

MERCHANT = msgspec.convert(
    {
        **dict.fromkeys(Merchant.__struct_fields__),
        "merchant_id": UUID(int=1),
        "organisation_id": UUID(int=2),
        "name": "Bakery",
        "country": "US",
        "default_currency": "USD",
        "processor": "simulator",
        "time_zone": "America/New_York",
        "cutoff": "17:00:00",
        "fee_bps": 290,
        "fee_fixed": 30,
        "fees": [],
        "hold_days": 2,
        "first_payout_days": 0,
        "reserve_bps": 0,
        "reserve_days": 0,
        "payout_minimum": 0,
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    },
    Merchant,
)


@pytest.mark.parametrize(
    ("captured_at", "hold_days", "expected"),
    [
        # From Thursday to Monday, and over Thanksgiving.
        ("2026-11-19T15:12", 2, "2026-11-23T05:00"),
        ("2026-11-25T15:12", 2, "2026-11-30T05:00"),
        # Late in the evening in New York it is the next day in UTC.
        ("2026-11-20T03:12", 1, "2026-11-20T05:00"),
        # In summer, midnight is an hour earlier.
        ("2026-07-06T15:00", 1, "2026-07-07T04:00"),
        ("2026-11-19T15:12", 0, "2026-11-19T15:12"),
    ],
)
def test_a_hold_ends_when_a_banking_day_begins(captured_at: str, hold_days: int, expected: str) -> None:
    merchant = msgspec.structs.replace(MERCHANT, hold_days=hold_days)
    moment = datetime.fromisoformat(captured_at).replace(tzinfo=UTC)
    assert available_at(merchant, moment) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_the_first_days_of_a_merchant_pass_before_anything_is_available() -> None:
    merchant = msgspec.structs.replace(MERCHANT, hold_days=0, first_payout_days=7)
    assert available_at(merchant, datetime(2026, 1, 2, tzinfo=UTC)) == datetime(2026, 1, 8, tzinfo=UTC)
