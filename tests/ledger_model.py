"""A model of the ledger in a few lines of Python, which the real one is compared with."""

from collections.abc import Sequence
from copy import deepcopy
from uuid import UUID

from ninefold.systems.payments.model.ledger import NEVER_NEGATIVE, AccountKey, Transfer


class OverdrawnError(Exception):
    """An account would be overdrawn."""


class ResolvedError(Exception):
    """What is pending was resolved before."""


class Balances:
    """What an account has, in minor units."""

    def __init__(self) -> None:
        self.posted_debits = 0
        self.posted_credits = 0
        self.pending_debits = 0
        self.pending_credits = 0

    def as_tuple(self) -> tuple[int, int, int, int]:
        """Return posted debits and credits, then pending ones."""
        return self.posted_debits, self.posted_credits, self.pending_debits, self.pending_credits

    def is_overdrawn(self) -> bool:
        """Return whether more is spent or reserved than was received."""
        return self.posted_credits - self.posted_debits - self.pending_debits < 0


class LedgerModel:
    """Accounts, the causes that were posted, and what is pending."""

    def __init__(self) -> None:
        self.accounts: dict[AccountKey, Balances] = {}
        self.posted: dict[tuple[str, UUID, int], Transfer] = {}
        self.open: dict[UUID, Transfer] = {}

    def post(self, transfers: Sequence[Transfer]) -> int:
        """Post all transfers or none; return how many were new.

        Raises:
            OverdrawnError: an account would be overdrawn.
            ResolvedError: what is pending was resolved before.
        """
        new = [each for each in transfers if _identity(each) not in self.posted]
        accounts, still_open = deepcopy(self.accounts), dict(self.open)
        for key in {key for each in transfers for key in (each.debit, each.credit)}:
            accounts.setdefault(key, Balances())
        for each in new:
            if each.kind in {"posts", "voids", "expires"}:
                assert each.pending_id is not None
                if still_open.pop(each.pending_id, None) is None:
                    raise ResolvedError
            elif each.kind == "pending":
                still_open[each.transfer_id] = each
            _change(accounts, each)
        touched = {key for each in new for key in (each.debit, each.credit)}
        if any(key.kind in NEVER_NEGATIVE and accounts[key].is_overdrawn() for key in touched):
            raise OverdrawnError
        self.accounts, self.open = accounts, still_open
        self.posted.update({_identity(each): each for each in new})
        return len(new)


def _identity(transfer: Transfer) -> tuple[str, UUID, int]:
    return transfer.cause.type, transfer.cause.id, transfer.leg


def _change(accounts: dict[AccountKey, Balances], transfer: Transfer) -> None:
    debit, credit = accounts[transfer.debit], accounts[transfer.credit]
    if transfer.kind in {"posted", "posts"}:
        debit.posted_debits += transfer.amount
        credit.posted_credits += transfer.amount
    pending = transfer.amount if transfer.kind == "pending" else -(transfer.pending_amount or 0)
    debit.pending_debits += pending
    credit.pending_credits += pending
