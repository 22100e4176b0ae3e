"""What the simulated processor has done: a file of SQLite that survives its process, and never a card number."""

import sqlite3
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Final

import msgspec

from ninefold.systems.payments.model.outcomes import Approved, Declined, NeedsAction, SettlementLine

_SCHEMA: Final = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS call (
        our_reference TEXT PRIMARY KEY,
        reference TEXT NOT NULL UNIQUE,
        operation TEXT NOT NULL,
        authorisation TEXT NOT NULL,
        token TEXT NOT NULL,
        amount INTEGER NOT NULL,
        currency TEXT NOT NULL,
        is_captured INTEGER NOT NULL,
        outcome BLOB NOT NULL,
        webhook_url TEXT,
        at TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS call_of_authorisation ON call (authorisation);
    CREATE INDEX IF NOT EXISTS call_by_day ON call (substr(at, 1, 10));
"""

Decided = Approved | Declined | NeedsAction

_encode: Final = msgspec.json.Encoder().encode
_decoder: Final = msgspec.json.Decoder(Decided)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call and its outcome."""

    our_reference: str
    reference: str
    """The processor's own id."""
    operation: str
    authorisation: str
    """The `reference` of the authorisation that it belongs to; its own if it is one."""
    token: str
    amount: int
    currency: str
    is_captured: bool
    """Whether the authorisation asks for a capture at once."""
    outcome: Decided
    webhook_url: str | None
    at: datetime


class Book:
    """The calls that the processor has received.

    Args:
        path: the file; `:memory:` for none.
    """

    def __init__(self, path: Path | str) -> None:
        self._database: Final = sqlite3.connect(path, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def add(self, call: Call) -> None:
        """Add a call."""
        self._database.execute(
            "INSERT INTO call VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                call.our_reference,
                call.reference,
                call.operation,
                call.authorisation,
                call.token,
                call.amount,
                call.currency,
                call.is_captured,
                _encode(call.outcome),
                call.webhook_url,
                call.at.isoformat(),
            ),
        )

    def decide(self, call: Call) -> None:
        """Replace the outcome and the time of a call that has waited for the customer."""
        self._database.execute(
            "UPDATE call SET outcome = ?, at = ? WHERE reference = ?",
            (_encode(call.outcome), call.at.isoformat(), call.reference),
        )

    def find(self, our_reference: str) -> Call | None:
        """Return the call of our reference."""
        return self._one("SELECT * FROM call WHERE our_reference = ?", our_reference)

    def find_by_reference(self, reference: str) -> Call | None:
        """Return the call of the processor's own reference."""
        return self._one("SELECT * FROM call WHERE reference = ?", reference)

    def list_of(self, authorisation: str) -> list[Call]:
        """Return an authorisation and all that followed it."""
        return list(self._rows("SELECT * FROM call WHERE authorisation = ? ORDER BY rowid", authorisation))

    def list_settled(self, day: date) -> list[tuple[Call, SettlementLine]]:
        """Return what moved money on a day, in UTC, each with the call of its authorisation."""
        found = []
        for call in self._rows("SELECT * FROM call WHERE substr(at, 1, 10) = ? ORDER BY rowid", day.isoformat()):
            is_capture = call.operation == "capture" or (call.operation == "authorise" and call.is_captured)
            if isinstance(call.outcome, Approved) and (is_capture or call.operation == "refund"):
                line = SettlementLine(
                    our_reference=call.our_reference,
                    processor_reference=call.reference,
                    type="capture" if is_capture else "refund",
                    amount=call.amount,
                    currency=call.currency,
                    at=call.at,
                )
                origin = self.find_by_reference(call.authorisation)
                assert origin is not None, "an authorisation precedes what follows it"
                found.append((origin, line))
        return found

    def _one(self, query: str, *parameters: object) -> Call | None:
        return next(self._rows(query, *parameters), None)

    def _rows(self, query: str, *parameters: object) -> Iterator[Call]:
        for row in self._database.execute(query, parameters).fetchall():
            yield Call(
                our_reference=row["our_reference"],
                reference=row["reference"],
                operation=row["operation"],
                authorisation=row["authorisation"],
                token=row["token"],
                amount=row["amount"],
                currency=row["currency"],
                is_captured=bool(row["is_captured"]),
                outcome=_decoder.decode(row["outcome"]),
                webhook_url=row["webhook_url"],
                at=datetime.fromisoformat(row["at"]),
            )
