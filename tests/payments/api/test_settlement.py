"""Settlement over HTTP, with a worker: from a payment to the bank's statement, and each step of the way can be read."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from http_api import Api, Json
from in_process import StartWorker
from ninefold.systems.payments.files.nacha import read_nacha
from ninefold.systems.payments.rules.banking_days import business_day
from payments_api import Shop
from payments_settlement import BANK_ACCOUNT, Line, camt053

FINISHED_WITHIN_S = 60


@pytest.fixture
def payments_dir(tmp_path: Path) -> Path:
    """A data folder for each test, so that no report has payments of another one."""
    return tmp_path


@pytest.fixture
async def shop(api: Api, simulator: None) -> Shop:
    """A merchant with a bank account, whose funds are available at once."""
    del simulator
    body = {"name": "Bakery", "hold_days": 0, "first_payout_days": 0}
    account = {name: getattr(BANK_ACCOUNT, name) for name in BANK_ACCOUNT.__struct_fields__ if name.startswith("bank_")}
    return Shop(api.http, await api.done("POST", "/payments/merchants", json=body | account))


async def finished(api: Api, job: Json) -> Json:
    """Wait until a job has ended; return it."""
    async with asyncio.timeout(FINISHED_WITHIN_S):
        while (found := await api.get(f"/jobs/{job['job_id']}"))["state"] not in ("succeeded", "failed"):
            await asyncio.sleep(0.05)
    assert found["state"] == "succeeded", found
    return found


def today() -> date:
    """Return the day that it is now for the merchant."""
    return business_day(datetime.now(UTC), cutoff=time(17), zone="America/New_York")


async def test_a_payment_reaches_the_bank_and_can_be_followed(
    api: Api, shop: Shop, start_worker: StartWorker, environment: Mapping[str, str]
) -> None:
    payment = await shop.pay(amount=10_000)
    merchant_id = shop.merchant["merchant_id"]
    async with start_worker():
        settle = f"/payments/merchants/{merchant_id}/settle"
        await finished(api, await api.done("POST", settle, json={"day": today().isoformat()}))
        (listed,) = (await api.get(f"/payments/batches?merchant_id={merchant_id}"))["items"]
        batch = await api.get(f"/payments/batches/{listed['batch_id']}")
        (line,) = (await api.get(f"/payments/batches/{listed['batch_id']}/lines"))["items"]

        reference = batch["payout"]["reference"]
        statement = camt053([Line(-9_680, reference)], number=1, day=datetime.now(UTC).date())
        await api.done("POST", "/payments/statements?name=monday", content=statement)
        async with asyncio.timeout(FINISHED_WITHIN_S):
            while (await api.get(f"/payments/batches/{listed['batch_id']}"))["payout"]["state"] != "paid":
                await asyncio.sleep(0.05)

    assert (batch["state"], batch["payout_amount"], batch["capture_amount"]) == ("delivered", 9_680, 10_000)
    assert (line["type"], line["payment_intent_id"], line["net"]) == ("capture", payment["id"], 9_680)
    content = await api.request("GET", f"/payments/bank-files/{batch['bank_file_id']}/content")
    assert hashlib.sha256(content.content).hexdigest() == batch["bank_file"]["sha256"]
    assert read_nacha(content.content).batches[0].entries[0].amount == 9_680
    (path,) = (Path(environment["NINEFOLD_DATA_DIR"]) / "bank-files").rglob(batch["bank_file"]["name"])
    assert path.read_bytes() == content.content
    assert path.stat().st_mode & 0o077 == 0
    computed = await api.request("GET", f"/payments/batches/{listed['batch_id']}/content")
    assert hashlib.sha256(computed.content).hexdigest() == batch["sha256"]
    (of_payment,) = (await api.request("GET", f"/payments/intents/{payment['id']}/batches")).json()
    assert of_payment["batch_id"] == listed["batch_id"]
    paid = await api.get(f"/payments/payouts/{batch['payout']['payout_id']}")
    assert [each["amount"] for each in paid["statement_lines"]] == [-9_680]


async def test_a_day_is_reconciled_by_a_job(api: Api, shop: Shop, start_worker: StartWorker) -> None:
    for paid in (await shop.pay("pm_card_notSettled", amount=10_000), await shop.pay(amount=2_000)):
        assert paid["status"] == "succeeded", paid
    day = datetime.now(UTC).date().isoformat()
    async with start_worker():
        await finished(api, await api.done("POST", f"/payments/reconciliation/days/{day}/runs"))

    found = await api.get(f"/payments/reconciliation/days/{day}")
    (total,) = found["summary"]["totals"]
    assert (total["ledger_amount"], total["report_amount"], found["last_run"]["number"]) == (12_000, 2_000, 1)
    items = (await api.get(f"/payments/reconciliation/days/{day}/items"))["items"]
    assert [item["verdict"] for item in items] == ["missing", "agrees"]
    (found_break,) = (await api.get("/payments/reconciliation/breaks?state=open"))["items"]
    assert (found_break["type"], found_break["difference"]) == ("missing", -10_000)
    assert "processor" in found_break["advice"]
    problem = await api.refused(409, "POST", f"/payments/reconciliation/days/{day}/close")
    assert problem["code"] == "day_not_over"


async def test_days_that_cannot_be_settled_or_compared_are_refused_at_once(
    api: Api, shop: Shop, start_worker: StartWorker
) -> None:
    settle = f"/payments/merchants/{shop.merchant['merchant_id']}/settle"
    async with start_worker():
        await finished(api, await api.done("POST", settle, json={"day": today().isoformat()}))

    past = await api.refused(409, "POST", settle, json={"day": (today() - timedelta(days=1)).isoformat()})
    later = datetime.now(UTC).date() + timedelta(days=2)
    future = await api.refused(422, "POST", f"/payments/reconciliation/days/{later}/runs")

    assert (past["code"], past["field"]) == ("batch_order", "day")
    assert past["remedy"] == f"Settle {today()} or a later day."
    assert (future["code"], future["field"]) == ("day_not_begun", "day")


async def test_a_wrong_file_is_refused_with_its_line(api: Api) -> None:
    problem = await api.refused(422, "POST", "/payments/statements", content=b"101 " + b" " * 89 + b"\n")
    assert (problem["code"], problem["field"]) == ("invalid_bank_file", "line 1")
