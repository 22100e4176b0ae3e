"""The bank of a simulated world: it pays payouts, gets what the processor pays, and writes statements, some wrong."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from ninefold.core.postgres.database import Database
from ninefold.systems.payments.model.money import currency as find_currency
from ninefold.systems.payments.processors.simulator.bank import SimulatedProcessor
from ninefold.systems.payments.rules.statement_lines import report_reference

Fault: TypeAlias = Literal["duplicate", "unknown"]

FAULT_CHANCE: Final = 0.15
"""Of each line to be booked twice, and of each statement to have a line that nobody knows."""

UNKNOWN_AMOUNT: Final = 77_000_001
"""More than anything that is paid here, so that it matches nothing by its amount."""
PAID_AFTER: Final = timedelta(hours=1)
"""How long after the end of a day the processor pays it: calls can be late by seconds."""

_PAYOUTS: Final = "SELECT payout_id, reference, amount, currency FROM payments.payout WHERE state = 'in_transit'"


class Line(NamedTuple):
    """A line of a statement; the amount is positive if it is paid in."""

    amount: int
    currency: str
    reference: str


class Bank:
    """Has an account for each currency, on which everything is booked once, apart from its faults.

    Args:
        truth: the processor, which pays what it settles.
        dice: decides the faults.
    """

    def __init__(self, truth: SimulatedProcessor, dice: random.Random) -> None:
        self.booked: Final[Counter[str]] = Counter()
        """All that was ever on a statement, of each currency."""
        self.paid_by_processor: Final[Counter[str]] = Counter()
        self.faults: Final[Counter[str]] = Counter()
        """The breaks that must be found, by their type."""
        self.is_faulty = True
        self._truth: Final = truth
        self._dice: Final = dice
        self._payouts: Final[set[Any]] = set()
        self._day: date | None = None
        """The last one that the processor has paid."""
        self._statements = 0

    async def write_statement(self, database: Database, *, first: date, at: datetime) -> bytes | None:
        """Return a statement of what wasn't on one before; None if there is nothing.

        Args:
            database: where the payouts are that were handed over.
            first: the first day that the processor pays.
            at: now.
        """
        lines = [*await self._pay_out(database), *self._get_paid(first, at)]
        lines += [wrong for line in lines for wrong in self._repeat(line)]
        if self.is_faulty and self._dice.random() < FAULT_CHANCE:
            amount = UNKNOWN_AMOUNT + self._statements
            lines.append(self._fault("unknown", Line(amount, "USD", f"gift {self._statements}")))
        if not lines:
            return None
        self._statements += 1
        for line in lines:
            self.booked[line.currency] += line.amount
        return _camt053(lines, number=self._statements, day=at.date())

    async def _pay_out(self, database: Database) -> list[Line]:
        async with database.connection() as connection:
            rows = await connection.fetch(_PAYOUTS)
        new = [row for row in rows if row["payout_id"] not in self._payouts]
        self._payouts.update(row["payout_id"] for row in new)
        return [Line(-row["amount"], row["currency"], row["reference"]) for row in new]

    def _get_paid(self, first: date, at: datetime) -> list[Line]:
        """Return what the processor pays: a line for each day that is over, and each currency."""
        lines: list[Line] = []
        day = first if self._day is None else self._day + timedelta(days=1)
        while datetime.combine(day, time.min, UTC) + timedelta(days=1) + PAID_AFTER <= at:
            totals: Counter[str] = Counter()
            for settled in self._truth.settle(day):
                totals[settled.currency] += -settled.amount if settled.type == "refund" else settled.amount
            lines += [Line(total, code, report_reference("simulator", day)) for code, total in totals.items() if total]
            self.paid_by_processor.update(totals)
            self._day = day
            day += timedelta(days=1)
        return lines

    def _repeat(self, line: Line) -> list[Line]:
        """Return a line again, if the bank books it twice."""
        if not self.is_faulty or self._dice.random() >= FAULT_CHANCE:
            return []
        return [self._fault("duplicate", line)]

    def _fault(self, kind: Fault, line: Line) -> Line:
        self.faults[kind] += 1
        return line


def _camt053(lines: Sequence[Line], *, number: int, day: date) -> bytes:
    """Return a file with the statements of all accounts: there is one for each currency."""
    statements = "".join(
        f"<Stmt><Id>S{number}{code}</Id><Acct><Id><Othr><Id>555{code}</Id></Othr></Id></Acct>"
        + "".join(_entry(line, place, day) for place, line in enumerate(lines, start=1) if line.currency == code)
        + "</Stmt>"
        for code in sorted({line.currency for line in lines})
    )
    return (
        '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>M{number}</MsgId><CreDtTm>{day}T06:00:00</CreDtTm></GrpHdr>{statements}"
        "</BkToCstmrStmt></Document>"
    ).encode()


def _entry(line: Line, position: int, day: date) -> str:
    exponent = find_currency(line.currency).exponent
    digits = f"{abs(line.amount):0{exponent + 1}d}"
    amount = f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits
    return (
        f'<Ntry><NtryRef>{position}</NtryRef><Amt Ccy="{line.currency}">{amount}</Amt>'
        f"<CdtDbtInd>{'CRDT' if line.amount > 0 else 'DBIT'}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{line.reference}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"
    )
