"""Reads bank statements in ISO 20022's camt.053, versions 001.02 and 001.08."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

import msgspec
from lxml import etree

from ninefold.systems.payments.files.amounts import read_currency, read_decimal
from ninefold.systems.payments.files.errors import BankFileError
from ninefold.systems.payments.model.money import Currency

NAMESPACES: Final = frozenset(f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}" for version in ("02", "08"))
STATEMENTS_MAX: Final = 100
ENTRIES_MAX: Final = 200_000
"""Entries and their details in one file."""
TEXT_LENGTH_MAX: Final = 500


class StatementDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of an entry."""

    amount: int | None
    """Minor units, positive if it is paid in; None if the bank doesn't say."""
    end_to_end_id: str | None = None
    bank_reference: str | None = None
    instruction_id: str | None = None
    text: str | None = None
    return_reason: str | None = None


class StatementEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a statement. It can stand for a batch of payments."""

    line: int
    """The line of the file that it begins on."""
    amount: int
    """Minor units, positive if it is paid in, negative if it is paid out."""
    currency: str
    is_reversal: bool
    booked_on: date
    value_on: date | None
    entry_reference: str | None
    bank_reference: str | None
    text: str | None
    details: tuple[StatementDetail, ...]


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The statement of one account for one period."""

    statement_id: str
    account: str
    currency: str
    opening_balance: int | None
    closing_balance: int | None
    closing_date: date | None
    entries: tuple[StatementEntry, ...]


def read_camt053(content: bytes) -> list[Statement]:
    """Return the statements of a file.

    Only booked entries are read: pending ones aren't money yet.

    Raises:
        BankFileError: it isn't such a file, contradicts itself, or has a document type, which could name other files.
    """
    root = _parse(content)
    namespace = etree.QName(root).namespace or ""
    if namespace not in NAMESPACES or etree.QName(root).localname != "Document":
        raise BankFileError(
            f"The document is {etree.QName(root).text[:100]!r}, not camt.053.001.02 or camt.053.001.08.",
            line=_line(root),
        )
    reader = _Reader(namespace)
    statements = [reader.statement(found) for found in reader.all(root, "BkToCstmrStmt/Stmt")]
    if not statements:
        raise BankFileError("The file has no statement.", line=_line(root), name="Stmt")
    if len(statements) > STATEMENTS_MAX:
        raise BankFileError(f"The file has more than {STATEMENTS_MAX} statements.", name="Stmt")
    return statements


def _parse(content: bytes) -> etree._Element:
    # Nothing is fetched, no entity is replaced, and libxml2's limits on depth and size stay.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = error.lineno if isinstance(error, etree.XMLSyntaxError) else None
        raise BankFileError("The file isn't well-formed XML.", line=line) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise BankFileError("The file has a document type, which statements never have.", line=1, name="DOCTYPE")
    return root


class _Reader:
    """Reads the elements of one namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.entry_count = 0

    def all(self, parent: etree._Element, path: str) -> Iterator[etree._Element]:
        """Yield the elements at a path."""
        qualified = "/".join(f"{{{self.namespace}}}{name}" for name in path.split("/"))
        return parent.iterfind(qualified)

    def text(self, parent: etree._Element, *paths: str) -> str | None:
        """Return the text at the first of these paths that has one."""
        for path in paths:
            for found in self.all(parent, path):
                text = (found.text or "").strip()
                if len(text) > TEXT_LENGTH_MAX:
                    raise BankFileError(f"It has more than {TEXT_LENGTH_MAX} characters.", line=_line(found), name=path)
                if text:
                    return text
        return None

    def required(self, parent: etree._Element, *paths: str) -> str:
        """Return the text at one of these paths."""
        text = self.text(parent, *paths)
        if text is None:
            raise BankFileError("It is missing.", line=_line(parent), name=paths[0])
        return text

    def day(self, parent: etree._Element, path: str) -> date | None:
        """Return the date at a path, which is a date or a time."""
        text = self.text(parent, f"{path}/Dt", f"{path}/DtTm")
        if text is None:
            return None
        try:
            return datetime.fromisoformat(text).date()
        except ValueError as error:
            raise BankFileError(f"{text[:40]!r} isn't a date.", line=_line(parent), name=path) from error

    def amount(self, parent: etree._Element, path: str) -> tuple[int, Currency] | None:
        """Return the amount at a path, without its sign."""
        found = next(self.all(parent, path), None)
        if found is None:
            return None
        unit = read_currency(found.get("Ccy", ""), line=_line(found), name=f"{path}/@Ccy")
        return read_decimal((found.text or "").strip(), unit, line=_line(found), name=path), unit

    def sign(self, parent: etree._Element) -> int:
        """Return 1 for what is paid in, -1 for what is paid out."""
        text = self.required(parent, "CdtDbtInd")
        if text not in ("CRDT", "DBIT"):
            raise BankFileError(f"{text!r} must be CRDT or DBIT.", line=_line(parent), name="CdtDbtInd")
        return 1 if text == "CRDT" else -1

    def statement(self, element: etree._Element) -> Statement:
        """Return a statement, whose entries must lead from its opening to its closing balance."""
        opening, _ = self._balance(element, "OPBD", "PRCD")
        closing, closing_date = self._balance(element, "CLBD")
        entries = tuple(filter(None, (self._entry(found) for found in self.all(element, "Ntry"))))
        unit = self.text(element, "Acct/Ccy") or (opening or closing or (0, None))[1]
        if unit is None and entries:
            unit = entries[0].currency
        statement = Statement(
            statement_id=self.required(element, "Id"),
            account=self.required(element, "Acct/Id/IBAN", "Acct/Id/Othr/Id"),
            currency=str(read_currency(str(unit or ""), line=_line(element), name="Acct/Ccy")),
            opening_balance=opening and opening[0],
            closing_balance=closing and closing[0],
            closing_date=closing_date,
            entries=entries,
        )
        _check_balances(statement, line=_line(element))
        return statement

    def _balance(self, element: etree._Element, *codes: str) -> tuple[tuple[int, Currency] | None, date | None]:
        for code in codes:
            for balance in self.all(element, "Bal"):
                amount = self.amount(balance, "Amt")
                if amount is not None and self.text(balance, "Tp/CdOrPrtry/Cd") == code:
                    return (amount[0] * self.sign(balance), amount[1]), self.day(balance, "Dt")
        return None, None

    def _entry(self, element: etree._Element) -> StatementEntry | None:
        status = self.required(element, "Sts", "Sts/Cd")
        amount = self.amount(element, "Amt")
        if amount is None:
            raise BankFileError("It is missing.", line=_line(element), name="Amt")
        if status != "BOOK":
            return None
        sign = self.sign(element)
        details = tuple(self._detail(found, amount[1], sign) for found in self.all(element, "NtryDtls/TxDtls"))
        self.entry_count += 1 + len(details)
        if self.entry_count > ENTRIES_MAX:
            raise BankFileError(f"The file has more than {ENTRIES_MAX:,} entries and details.", line=_line(element))
        entry = StatementEntry(
            line=_line(element) or 0,
            amount=amount[0] * sign,
            currency=amount[1].code,
            is_reversal=self.text(element, "RvslInd") in ("true", "1"),
            booked_on=self._booked_on(element),
            value_on=self.day(element, "ValDt"),
            entry_reference=self.text(element, "NtryRef"),
            bank_reference=self.text(element, "AcctSvcrRef"),
            text=self.text(element, "AddtlNtryInf"),
            details=details,
        )
        self._check_details(entry, element)
        return entry

    def _booked_on(self, element: etree._Element) -> date:
        booked_on = self.day(element, "BookgDt") or self.day(element, "ValDt")
        if booked_on is None:
            raise BankFileError("It is missing.", line=_line(element), name="BookgDt")
        return booked_on

    def _detail(self, element: etree._Element, unit: Currency, sign: int) -> StatementDetail:
        # Version 02 has the amount among other amounts, version 08 directly. In another currency, it says nothing here.
        amount = self.amount(element, "Amt") or self.amount(element, "AmtDtls/TxAmt/Amt")
        if self.text(element, "CdtDbtInd") is not None:
            sign = self.sign(element)
        end_to_end_id = self.text(element, "Refs/EndToEndId")
        return StatementDetail(
            amount=amount[0] * sign if amount is not None and amount[1] == unit else None,
            end_to_end_id=None if end_to_end_id == "NOTPROVIDED" else end_to_end_id,
            bank_reference=self.text(element, "Refs/AcctSvcrRef"),
            instruction_id=self.text(element, "Refs/InstrId", "Refs/PmtInfId"),
            text=self.text(element, "RmtInf/Ustrd", "AddtlTxInf"),
            return_reason=self.text(element, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"),
        )

    def _check_details(self, entry: StatementEntry, element: etree._Element) -> None:
        announced = self.text(element, "NtryDtls/Btch/NbOfTxs")
        if announced is not None and entry.details and announced != str(len(entry.details)):
            raise BankFileError(
                f"It says {announced[:20]}, and there are {len(entry.details)} details.",
                line=entry.line,
                name="NtryDtls/Btch/NbOfTxs",
            )
        amounts = [detail.amount for detail in entry.details if detail.amount is not None]
        if amounts and len(amounts) == len(entry.details) and sum(amounts) != entry.amount:
            raise BankFileError(
                f"The details add up to {sum(amounts)} minor units, and the entry has {entry.amount}.",
                line=entry.line,
                name="Amt",
            )


def _check_balances(statement: Statement, *, line: int | None) -> None:
    foreign = next((entry for entry in statement.entries if entry.currency != statement.currency), None)
    if foreign is not None:
        raise BankFileError(
            f"The entry is in {foreign.currency}, and the account in {statement.currency}.",
            line=foreign.line,
            name="Amt/@Ccy",
        )
    if statement.opening_balance is None or statement.closing_balance is None:
        return
    expected = statement.opening_balance + sum(entry.amount for entry in statement.entries)
    if expected != statement.closing_balance:
        raise BankFileError(
            f"The opening balance and the entries make {expected} minor units, and the closing balance is"
            f" {statement.closing_balance}.",
            line=line,
            name="Bal",
        )


def _line(element: etree._Element) -> int | None:
    line: object = element.sourceline
    return line if isinstance(line, int) else None
