"""When merchants are settled by themselves, and until when holds are ended."""

from datetime import UTC, date, datetime

import pytest

from ninefold.core.postgres.database import Database
from ninefold.systems.payments.jobs.settlement import due_day, release_until
from payments_settlement import SettledShop, open_settled_shop


@pytest.fixture
async def shop(database: Database, tmp_path_factory: pytest.TempPathFactory) -> SettledShop:
    return await open_settled_shop(database, tmp_path_factory.mktemp("files"))


@pytest.mark.parametrize(
    ("at", "settled", "expected"),
    [
        # The day before is settled until the cut-off, at 22:00 in UTC.
        ("2026-11-24T21:59", "2026-11-23", None),
        ("2026-11-24T22:00", "2026-11-23", "2026-11-24"),
        ("2026-11-24T22:00", "2026-11-24", None),
        # Thanksgiving, and a weekend.
        ("2026-11-26T22:00", "2026-11-25", None),
        ("2026-11-29T22:00", "2026-11-27", None),
        ("2026-11-30T22:00", "2026-11-27", "2026-11-30"),
        # No worker ran for a week.
        ("2026-11-30T22:00", "2026-11-20", "2026-11-30"),
        ("2026-11-24T12:00", None, "2026-11-23"),
    ],
)
async def test_a_merchant_is_due_after_the_cutoff_of_a_banking_day(
    shop: SettledShop, at: str, settled: str | None, expected: str | None
) -> None:
    day = None if settled is None else date.fromisoformat(settled)
    due = due_day(shop.merchant, day, datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert due == (None if expected is None else date.fromisoformat(expected))


async def test_holds_that_end_after_a_cutoff_wait_for_its_batch(shop: SettledShop) -> None:
    at = datetime(2026, 11, 23, 22, 5, tzinfo=UTC)
    assert release_until(shop.merchant, date(2026, 11, 20), at) == datetime(2026, 11, 23, 22, tzinfo=UTC)
    assert release_until(shop.merchant, date(2026, 11, 23), at) == at


async def test_a_merchant_that_has_just_begun_has_nothing_to_settle(shop: SettledShop) -> None:
    assert due_day(shop.merchant, None, shop.merchant.created_at) is None
