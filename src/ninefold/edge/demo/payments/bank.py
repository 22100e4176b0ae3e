"""The simulated bank: it pays what a file of payouts asks for, gets what the processor pays, and writes a statement."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from xml.sax.saxutils import escape

import msgspec

_NACHA_ENTRY: Final = "6"
_NACHA_CONTROL: Final = "9"


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """A movement on the account at the bank; the amount is positive if it is paid in."""

    amount: int
    reference: str


def read_file(content: str) -> list[Movement]:
    """Return what a NACHA file asks the bank to pay; it checks the totals at its end, as a bank does.

    Raises:
        ValueError: the file contradicts itself.
    """
    records = content.splitlines()
    entries = [record for record in records if record.startswith(_NACHA_ENTRY)]
    control = next(record for record in records if record.startswith(_NACHA_CONTROL))
    # NACHA Operating Rules, appendix three: the amount of an entry, and the credit total of the file.
    movements = [Movement(amount=-int(entry[29:39]), reference=entry[79:94].strip()) for entry in entries]
    if sum(-each.amount for each in movements) != int(control[43:55]):
        raise ValueError("The total of the file isn't that of its entries.")
    return movements


def write_statement(movements: Iterable[Movement], *, day: date) -> bytes:
    """Return a statement of a day in camt.053.001.08."""
    entries = "".join(_entry(each, number, day) for number, each in enumerate(movements, start=1))
    return (
        '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>DEMO-{day}</MsgId><CreDtTm>{day}T23:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>DEMO-{day}</Id><Acct><Id><Othr><Id>5550001</Id></Othr></Id></Acct>{entries}</Stmt>"
        "</BkToCstmrStmt></Document>"
    ).encode()


def processor_payment(lines: Iterable[dict[str, Any]], *, processor: str, day: date) -> Movement:
    """Return what a processor pays for the lines of its settlement report."""
    return Movement(amount=sum(line["amount"] for line in lines), reference=f"{processor}-{day:%Y%m%d}")


def _entry(movement: Movement, number: int, day: date) -> str:
    digits = f"{abs(movement.amount):03d}"
    return (
        f'<Ntry><NtryRef>{number}</NtryRef><Amt Ccy="USD">{digits[:-2]}.{digits[-2:]}</Amt>'
        f"<CdtDbtInd>{'CRDT' if movement.amount > 0 else 'DBIT'}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{escape(movement.reference)}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"
    )
