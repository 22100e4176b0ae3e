"""A merchant whose payments are settled: with a clock that the test moves, and a bank that the test speaks for."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.payments.files.nacha import (
    NachaBatch,
    NachaEntry,
    NachaFile,
    Return,
    read_nacha,
    trace_number,
    write_nacha,
)
from ninefold.systems.payments.model.ledger import AccountKey, AccountKind
from ninefold.systems.payments.model.merchants import Merchant, MerchantChanges
from ninefold.systems.payments.model.payments import Charge, NewIntent
from ninefold.systems.payments.model.reconciliation import Break, ReconciliationRun, Statement
from ninefold.systems.payments.model.settlement import Batch, Payout
from ninefold.systems.payments.processors.opening import Processors
from ninefold.systems.payments.rules.statement_lines import parse_statement, report_reference
from ninefold.systems.payments.service import breaks, payouts
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.ledger import read_balance
from ninefold.systems.payments.service.matching import match_lines
from ninefold.systems.payments.service.merchants import create_merchant
from ninefold.systems.payments.service.reconciling import reconcile_day
from ninefold.systems.payments.service.settling import Delivery, delivery_of, settle_merchant
from ninefold.systems.payments.service.statements import import_statement
from ninefold.systems.payments.settings import PaymentsSettings
from payments_api import DirectSimulator

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
"""Ten o'clock in New York, seven hours before the cut-off."""

BANK_ACCOUNT = MerchantChanges(
    hold_days=0,
    first_payout_days=0,
    bank_account_name="Bäckerei Inês",
    bank_routing_number="011000015",
    bank_account_number="000123456789",
    bank_account_kind="checking",
)


class TestClock:
    """A clock that the test moves."""

    __test__ = False

    def __init__(self, at: datetime = MONDAY) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return the time that the test has set."""
        return self.at


class Line(NamedTuple):
    """A line of the bank's statement; the amount is positive if it is paid in."""

    amount: int
    reference: str = ""
    currency: str = "USD"
    reason: str = ""
    booked_on: date | None = None


class SettledShop:
    """A merchant, and everybody whom its money passes."""

    def __init__(self, database: Database, merchant: Merchant, folder: Path) -> None:
        self.database = database
        self.merchant = merchant
        self.organisation_id = merchant.organisation_id
        self.clock = TestClock()
        self.processors = Processors({"simulator": DirectSimulator()})
        self.flow = PaymentFlow(database, self.processors, PaymentsSettings(), self.clock)
        self.delivery: Delivery = delivery_of(PaymentsSettings(bank_files_folder=str(folder)))
        self.folder = folder / format_id("org", self.organisation_id)
        self.statements = 0

    async def pay(self, amount: int, token: str = "pm_card_visa", *, currency: str = "usd") -> Charge:
        """Take a payment; return its charge."""
        new = NewIntent(amount=amount, currency=currency)
        done = await self.flow.create(self.merchant, new, payment_method=token, confirm=True)
        assert done.charge is not None
        self.clock.at += timedelta(microseconds=1)
        return done.charge

    async def refund(self, charge: Charge, amount: int) -> None:
        """Refund a part of a payment."""
        await self.flow.refund(self.merchant.merchant_id, charge.intent_id, amount=amount)

    async def settle(self, day: date | None = None, *, database: Database | None = None) -> list[Batch]:
        """Settle the merchant for a day: that of the clock, by default."""
        return await settle_merchant(
            database or self.database,
            self.merchant,
            day=day or self.clock.at.date(),
            at=self.clock.at,
            delivery=self.delivery,
        )

    async def balance(self, kind: AccountKind, currency: str = "USD") -> int:
        """Return the balance of an account of the merchant, or of its organisation."""
        is_own = kind.startswith("merchant_") or kind in ("payout_in_flight", "refunds_in_flight")
        key = AccountKey(self.organisation_id, self.merchant.merchant_id if is_own else None, kind, currency)
        async with self.database.connection() as connection:
            return (await read_balance(connection, key)).balance

    async def payouts(self) -> list[Payout]:
        """Return all payouts, newest first."""
        async with self.database.connection() as connection:
            return await payouts.list_payouts(connection, organisation_id=self.organisation_id, limit=100)

    async def breaks(self, state: Any = "open") -> list[Break]:
        """Return breaks, newest first."""
        async with self.database.connection() as connection:
            return await breaks.list_breaks(connection, organisation_id=self.organisation_id, state=state, limit=100)

    async def import_lines(self, *lines: Line) -> Statement:
        """Import a statement of the bank, and match its lines."""
        self.statements += 1
        return await self.import_file(camt053(lines, number=self.statements, day=self.clock.at.date()))

    async def import_file(self, content: bytes) -> Statement:
        """Import a file of the bank, and match its lines."""
        async with self.database.transaction() as connection:
            statement = await import_statement(
                connection,
                parse_statement(content),
                organisation_id=self.organisation_id,
                name="statement",
                content=content,
                imported_by="bank",
                at=self.clock.at,
            )
        await match_lines(self.database, organisation_id=self.organisation_id, at=self.clock.at)
        return statement

    async def reconcile(self, day: date) -> ReconciliationRun:
        """Reconcile a day."""
        return await reconcile_day(
            self.database, self.flow, organisation_id=self.organisation_id, day=day, clock=self.clock
        )

    def processor_line(self, amount: int, day: date) -> Line:
        """Return the line with which the processor pays a day."""
        return Line(amount, report_reference("simulator", day))

    def read_file(self) -> NachaFile:
        """Return the only file in the folder of bank files."""
        (path,) = self.folder.iterdir()
        return read_nacha(path.read_bytes())

    def returned(self, payout: Payout, *, reason: str = "R03") -> bytes:
        """Return the file with which the bank sends a payout back."""
        assert payout.trace_number is not None
        entry = NachaEntry(
            transaction_code=21,
            routing_number="123456780",
            account_number="000123456789",
            amount=payout.amount,
            name="INES",
            trace_number=trace_number("01100001", 1),
            addendum=Return(reason=reason, original_trace=payout.trace_number, original_bank="01100001"),
        )
        batch = NachaBatch(
            entry_class="CCD",
            company_name="NINEFOLD",
            company_id="1234567890",
            description="RETURN",
            effective_date=self.clock.at.date(),
            bank="01100001",
            number=1,
            entries=(entry,),
        )
        file = NachaFile(
            destination="123456780",
            destination_name="BANK",
            origin="011000015",
            origin_name="FED",
            created_at=self.clock.at.replace(tzinfo=None),
            batches=(batch,),
        )
        return write_nacha(file)


async def open_settled_shop(
    database: Database, folder: Path, *, name: str = "Bakery", changes: MerchantChanges = BANK_ACCOUNT
) -> SettledShop:
    """Create an organisation with a merchant that has a bank account, and no hold."""
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name=name)
        created = await create_merchant(
            connection,
            organisation_id=organisation.organisation_id,
            name=name,
            changes=changes,
            at=MONDAY - timedelta(days=400),
        )
    return SettledShop(database, created.merchant, folder)


def with_bank_account(**changes: Any) -> MerchantChanges:
    """Return what a merchant with a bank account is besides."""
    return msgspec.structs.replace(BANK_ACCOUNT, **changes)


class CrashError(Exception):
    """The process has died."""


class CrashingDatabase:
    """A database whose user dies before or after the commit of one of its transactions.

    Args:
        database: the real one.
        at: which transaction, from 1.
        is_committed: whether the commit is the last that it does.
    """

    def __init__(self, database: Database, *, at: int, is_committed: bool) -> None:
        self._database = database
        self._left = at
        self._is_committed = is_committed

    def connection(self) -> Any:
        """Return a connection, as the database does."""
        return self._database.connection()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Open a transaction, and die where it is said."""
        self._left -= 1
        async with self._database.transaction() as connection:
            yield connection
            if self._left == 0 and not self._is_committed:
                raise CrashError
        if self._left == 0:
            raise CrashError


def camt053(lines: Iterable[Line], *, number: int, day: date) -> bytes:
    """Return a statement in camt.053.001.08."""
    entries = "".join(_entry(line, position, day) for position, line in enumerate(lines, start=1))
    return (
        '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>M{number}</MsgId><CreDtTm>{day}T06:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>S{number}</Id><Acct><Id><Othr><Id>5550001</Id></Othr></Id></Acct>{entries}</Stmt>"
        "</BkToCstmrStmt></Document>"
    ).encode()


def _entry(line: Line, position: int, day: date) -> str:
    digits = f"{abs(line.amount):03d}"
    reason = f"<RtrInf><Rsn><Prtry>{line.reason}</Prtry></Rsn></RtrInf>" if line.reason else ""
    return (
        f'<Ntry><NtryRef>{position}</NtryRef><Amt Ccy="{line.currency}">{digits[:-2]}.{digits[-2:]}</Amt>'
        f"<CdtDbtInd>{'CRDT' if line.amount > 0 else 'DBIT'}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{line.booked_on or day}</Dt></BookgDt><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{line.reference or 'NOTPROVIDED'}</EndToEndId></Refs>{reason}"
        "</TxDtls></NtryDtls></Ntry>"
    )
