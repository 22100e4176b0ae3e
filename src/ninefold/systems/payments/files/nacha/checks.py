"""The rules of NACHA files that concern more than one field, for what is written and for what is read."""

from ninefold.systems.payments.files.errors import BankFileError
from ninefold.systems.payments.files.nacha.codes import (
    CHANGE_CODES,
    RETURN_ENDINGS,
    RETURN_REASONS,
    TRANSACTION_CODES,
    ZERO_ENDINGS,
)
from ninefold.systems.payments.files.nacha.model import (
    NachaBatch,
    NachaEntry,
    NachaFile,
    NotificationOfChange,
    Return,
    is_routing_number,
)


def check_entry(entry: NachaEntry, *, line: int) -> None:
    """Check an entry and its addendum.

    Raises:
        BankFileError: the entry breaks a rule.
    """
    if entry.transaction_code not in TRANSACTION_CODES:
        raise BankFileError(
            f"There is no transaction code {entry.transaction_code}.", line=line, name="transaction_code"
        )
    if not is_routing_number(entry.routing_number):
        raise BankFileError(f"{entry.routing_number!r} isn't a routing number.", line=line, name="check_digit")
    if not entry.account_number.strip():
        raise BankFileError("There is no account number.", line=line, name="account_number")
    if not entry.trace_number.isdecimal() or len(entry.trace_number) != 15:  # noqa: PLR2004 - see the layout
        raise BankFileError(f"{entry.trace_number!r} isn't 15 digits.", line=line, name="trace_number")
    _check_amount(entry, line)
    _check_addendum(entry, line)


def check_batch(batch: NachaBatch, *, line: int) -> None:
    """Check the entries of a batch against each other; `line` is the line before the first one.

    Raises:
        BankFileError: an entry breaks a rule.
    """
    if batch.entry_class not in ("PPD", "CCD", "COR"):
        raise BankFileError(
            f"Entries of class {batch.entry_class!r} aren't supported.", line=line, name="standard_entry_class"
        )
    if not batch.entries:
        raise BankFileError("The batch has no entries.", line=line)
    previous = ""
    for entry in batch.entries:
        check_entry(entry, line=line + 1)
        if (batch.entry_class == "COR") != isinstance(entry.addendum, NotificationOfChange):
            raise BankFileError("Notifications of change, and only these, are of class COR.", line=line + 1)
        is_ours = not isinstance(entry.addendum, (Return, NotificationOfChange))
        if is_ours and entry.trace_number[:8] != batch.bank:
            raise BankFileError(
                f"{entry.trace_number} doesn't begin with the bank's {batch.bank}.", line=line + 1, name="trace_number"
            )
        if entry.trace_number <= previous:
            raise BankFileError(
                f"{entry.trace_number} isn't greater than the one before.", line=line + 1, name="trace_number"
            )
        previous = entry.trace_number
        line += entry.records


def check_file(file: NachaFile, *, line: int) -> None:
    """Check the batches of a file against each other; `line` is that of the file's control record.

    Raises:
        BankFileError: a batch number or a trace number is used twice.
    """
    numbers = [batch.number for batch in file.batches]
    if len(set(numbers)) != len(numbers):
        raise BankFileError("Two batches have the same number.", line=line, name="batch_number")
    seen: set[str] = set()
    for entry in (entry for batch in file.batches for entry in batch.entries):
        if entry.trace_number in seen:
            raise BankFileError(f"{entry.trace_number} is used twice.", line=line, name="trace_number")
        seen.add(entry.trace_number)


def _check_amount(entry: NachaEntry, line: int) -> None:
    if entry.amount < 0:
        raise BankFileError("The amount is negative.", line=line, name="amount")
    must_be_zero = isinstance(entry.addendum, NotificationOfChange) or entry.transaction_code % 10 in ZERO_ENDINGS
    if must_be_zero and entry.amount:
        raise BankFileError("The amount of this kind of entry must be zero.", line=line, name="amount")
    if not must_be_zero and not entry.amount:
        # A prenote that comes back has a zero amount and the transaction code of any return.
        if isinstance(entry.addendum, Return):
            return
        raise BankFileError("The amount is zero.", line=line, name="amount")


def _check_addendum(entry: NachaEntry, line: int) -> None:
    is_coming_back = entry.transaction_code % 10 in RETURN_ENDINGS
    match entry.addendum:
        case Return(reason=reason):
            if reason not in RETURN_REASONS:
                raise BankFileError(f"There is no return reason {reason!r}.", line=line + 1, name="return_reason")
        case NotificationOfChange(change=change):
            if change not in CHANGE_CODES:
                raise BankFileError(f"There is no change code {change!r}.", line=line + 1, name="change_code")
        case _ if is_coming_back:
            raise BankFileError("A return needs an addendum that says why.", line=line, name="addenda_indicator")
