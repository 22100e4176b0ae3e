"""The steps of `ninefold demo payments`: take payments, kill the server, settle, pay out, reconcile and audit."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final

import httpx
import msgspec

from ninefold.edge.demo.installation import Installation, start_installation
from ninefold.edge.demo.killing import kill_process
from ninefold.edge.demo.payments.bank import processor_payment, read_file, write_statement
from ninefold.edge.demo.payments.display import DayView, print_summary
from ninefold.edge.demo.payments.plan import MERCHANTS, Order, plan_day
from ninefold.edge.demo.payments.shop import Shop
from ninefold.edge.demo.payments.summary import (
    PAID,
    AuditProof,
    FoundFault,
    MerchantDay,
    PaymentsSummary,
    find_problems,
)
from ninefold.edge.demo.presentation import present
from ninefold.edge.demo.progress import Progress
from ninefold.edge.simulation.api import RetryingApi
from ninefold.edge.simulation.clients import Address

AT_ONCE: Final = 8
PAGE: Final = 100
POLL_S: Final = 0.2
ENDS_WITHIN_S: Final = 300.0
ROUTING_NUMBER: Final = "011000015"
"""The one that the Federal Reserve Bank of Boston has, which is no merchant's."""

_JOB_ENDED: Final = frozenset({"succeeded", "failed", "canceled"})


async def run_payments_demo(*, is_json: bool, payments: int) -> bool:
    """Run the whole demo.

    Args:
        is_json: print the summary as JSON on standard output, and progress on standard error.
        payments: how many are taken.

    Returns:
        Whether every cent is accounted for, and both planted faults were found.
    """
    demonstrate = partial(_demonstrate, orders=plan_day(payments))
    return await present(demonstrate, DayView(payments), print_summary=print_summary, is_json=is_json)


async def _demonstrate(progress: Progress[Mapping[str, Counter[str]]], *, orders: Sequence[Order]) -> PaymentsSummary:
    async with AsyncExitStack() as stack:
        progress.say("Starting Ninefold with an embedded PostgreSQL in a temporary folder")
        installation = await stack.enter_async_context(start_installation())
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=30.0))
        started_at_s = time.monotonic()
        async with asyncio.timeout(ENDS_WITHIN_S):
            day = Day(orders, installation, http, progress)
            await day.open_shops()
            await day.take_payments()
            await day.end_doubts()
            batches, payouts, bank_file = await day.settle()
            faults = await day.reconcile(bank_file)
            payouts = await day.list_all("/payouts")
            audit = await day.audit()
        duration_s = time.monotonic() - started_at_s
        progress.say("Stopping Ninefold and removing its folder")
    problems = find_problems(
        states=day.states,
        captured=day.captured,
        batches=batches,
        payouts=payouts,
        bank_file=bank_file,
        faults=faults,
        audit=audit,
    )
    return PaymentsSummary(
        is_complete=not problems and day.killed != [],
        merchants=[day.show_merchant(name, batches[name], payouts) for name, _, _ in MERCHANTS],
        in_doubt=day.in_doubt,
        killed=day.killed,
        pause_s=day.pause_s,
        bank_file=bank_file["name"],
        bank_file_total=bank_file["total"],
        faults=faults,
        audit=audit,
        duration_s=round(duration_s, 1),
        problems=problems,
    )


class Day:
    """The simulated day.

    Args:
        orders: what is paid for. The server is killed after half of them.
        installation: where everything happens.
        http: a client for everybody.
        progress: shows how far it has come.
    """

    def __init__(
        self,
        orders: Sequence[Order],
        installation: Installation,
        http: httpx.AsyncClient,
        progress: Progress[Mapping[str, Counter[str]]],
    ) -> None:
        self.states: Final[dict[str, Counter[str]]] = {name: Counter() for name, _, _ in MERCHANTS}
        self.captured: Final[Counter[str]] = Counter()
        self.killed: Final[list[str]] = []
        self.pause_s: float | None = None
        self.in_doubt = 0
        self._orders: Final = orders
        self._day: Final[date] = datetime.now(UTC).date()
        self._merchant_ids: Final[dict[str, str]] = {}
        self._shops: Final[dict[str, Shop]] = {}
        self._taken: Final[dict[int, dict[str, Any]]] = {}
        self._killed_at_s: float | None = None
        self._installation: Final = installation
        self._http: Final = http
        self._api: Final = RetryingApi(
            http, Address([installation.url]), api_key=installation.api_key, prefix="/api/v1"
        )
        self._progress: Final = progress

    async def open_shops(self) -> None:
        """Create the merchants, whose funds aren't held, so that the day's captures are settled on the same day."""
        for name, _, digits in MERCHANTS:
            terms = {
                "name": name,
                "time_zone": "UTC",
                "cutoff": "23:59",
                "hold_days": 0,
                "first_payout_days": 0,
                "bank_account_name": name,
                "bank_routing_number": ROUTING_NUMBER,
                "bank_account_number": f"00012345{digits}",
                "bank_account_kind": "checking",
            }
            created = await self._api.request("POST", "/payments/merchants", terms)
            self._merchant_ids[name] = created["merchant_id"]
            self._shops[name] = Shop(self._http, self._installation.url, secret_key=created["secret_key"])

    async def take_payments(self) -> None:
        """Take all payments, several at once, and kill the server in the middle."""
        self._progress.say(f"{len(MERCHANTS)} merchants take {len(self._orders)} payments by Stripe's API")
        places = asyncio.Semaphore(AT_ONCE)

        async def take(order: Order) -> None:
            async with places:
                began_at_s = time.monotonic()
                payment = await self._shops[order.merchant].take(order)
            self._count(order, payment)
            self._measure_pause(began_at_s)

        await asyncio.gather(*[take(order) for order in self._orders])

    async def end_doubts(self) -> None:
        """Wait until the outcome of every payment is known."""
        orders = {order.number: order for order in self._orders}
        open_ = {number for number, payment in self._taken.items() if payment["status"] == "processing"}
        self.in_doubt = len(open_)
        self._progress.say(f"{self.in_doubt} payments are in doubt. Ninefold asks the processor what became of them")
        for number in sorted(open_):
            shop = self._shops[orders[number].merchant]
            payment = self._taken[number]
            while payment["status"] == "processing":
                await asyncio.sleep(POLL_S)
                payment = await shop.read(payment["id"])
            self.states[orders[number].merchant]["processing"] -= 1
            self._count(orders[number], payment)

    async def settle(self) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]], dict[str, Any]]:
        """Let the day of each merchant end; return the batches by merchant, the payouts and the bank's file."""
        self._progress.say("Cut-off: settling each merchant, and writing the file for the bank")
        for merchant_id in self._merchant_ids.values():
            body = {"day": self._day.isoformat()}
            await self._finish_job(await self._api.request("POST", f"/payments/merchants/{merchant_id}/settle", body))
        names = {merchant_id: name for name, merchant_id in self._merchant_ids.items()}
        batches = {names[each["merchant_id"]]: each for each in await self.list_all("/batches")}
        files = await self.list_all("/bank-files")
        bank_file = {"name": ", ".join(each["name"] for each in files), "total": sum(each["total"] for each in files)}
        return batches, await self.list_all("/payouts"), {**bank_file, "files": files}

    async def reconcile(self, bank_file: dict[str, Any]) -> list[FoundFault]:
        """Let the bank pay, read its statement, and compare the ledger, the processor and the bank."""
        self._progress.say("The bank pays. Reconciling its statement, the processor's report and the ledger")
        await self._compare()
        [report] = await self.list_all("/settlement-reports")
        lines = await self.list_all(f"/settlement-reports/{report['settlement_report_id']}/lines")
        movements = [processor_payment(lines, processor=report["processor"], day=self._day)]
        for file in bank_file["files"]:
            content = await self._api.send("GET", f"/payments/bank-files/{file['bank_file_id']}/content")
            movements += read_file(content.text)
        await self._import(write_statement(movements, day=self._day))
        await self._compare()
        return [
            msgspec.convert({name: each[name] for name in FoundFault.__struct_fields__}, FoundFault)
            for each in await self.list_all("/reconciliation/breaks?state=open")
        ]

    async def audit(self) -> AuditProof:
        """Seal and verify the whole ledger."""
        self._progress.say("Auditing: every balance and every hash is computed again from the journal")
        job = await self._finish_job(await self._api.request("POST", "/payments/audits"))
        result = job["result"]
        return msgspec.convert({name: result[name] for name in AuditProof.__struct_fields__}, AuditProof)

    async def list_all(self, path: str) -> list[dict[str, Any]]:
        """Return all items of a list."""
        items: list[dict[str, Any]] = []
        cursor = ""
        joined = "&" if "?" in path else "?"
        while True:
            page = await self._api.request("GET", f"/payments{path}{joined}limit={PAGE}{cursor}")
            items += page["items"]
            if page.get("next_cursor") is None:
                return items
            cursor = f"&cursor={page['next_cursor']}"

    def show_merchant(self, name: str, batch: dict[str, Any], payouts: list[dict[str, Any]]) -> MerchantDay:
        """Return what a merchant's day has come to."""
        counts = self.states[name]
        state = next((each["state"] for each in payouts if each["batch_id"] == batch["batch_id"]), "none")
        return MerchantDay(
            name=name,
            payments=counts.total(),
            paid=counts[PAID],
            declined=counts["requires_payment_method"],
            not_sent=counts["requires_confirmation"],
            captured=self.captured[name],
            fees=batch["fee_amount"],
            payout=batch["payout_amount"],
            payout_state=state,
            batch_sha256=batch["sha256"],
        )

    def _count(self, order: Order, payment: dict[str, Any]) -> None:
        self._taken[order.number] = payment
        self.states[order.merchant][payment["status"]] += 1
        self.captured[order.merchant] += payment["amount_received"]
        if self._killed_at_s is None and len(self._taken) >= len(self._orders) // 2:
            self._kill()
        self._progress.show(self.states)

    def _measure_pause(self, began_at_s: float) -> None:
        """Note how long the first payment that began after the kill had to wait."""
        if self._killed_at_s is not None and self.pause_s is None and began_at_s > self._killed_at_s:
            self.pause_s = round(time.monotonic() - self._killed_at_s, 1)
            self._progress.say(f"The next payment was answered {self.pause_s:.1f} s after the kill")

    def _kill(self) -> None:
        self._killed_at_s = time.monotonic()
        if kill_process(self._installation.pid, ["serve"]):
            self.killed.append("ninefold serve")
            self._progress.say("Killed the server with SIGKILL, while it was taking payments")

    async def _compare(self) -> None:
        path = f"/payments/reconciliation/days/{self._day.isoformat()}/runs"
        await self._finish_job(await self._api.request("POST", path))

    async def _import(self, statement: bytes) -> None:
        url = f"{self._installation.url}/api/v1/payments/statements"
        headers = {"Authorization": f"Bearer {self._installation.api_key}", "Content-Type": "application/octet-stream"}
        (await self._http.post(url, content=statement, headers=headers)).raise_for_status()

    async def _finish_job(self, started: dict[str, Any]) -> dict[str, Any]:
        """Wait until a job has ended; return it."""
        while True:
            job = await self._api.request("GET", f"/jobs/{started['job_id']}")
            if job["state"] in _JOB_ENDED:
                return job
            await asyncio.sleep(POLL_S)
