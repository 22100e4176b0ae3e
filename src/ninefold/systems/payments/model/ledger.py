"""The ledger: accounts, and transfers between them."""

import hashlib
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.ids import derive_id

ACCOUNT_PREFIX: Final = "acct"
TRANSFER_PREFIX: Final = "txf"

AccountKind: TypeAlias = Literal[
    "processor_receivable",
    "merchant_pending",
    "merchant_held",
    "merchant_available",
    "merchant_reserve",
    "fees",
    "refunds_in_flight",
    "payout_in_flight",
    "bank",
    "bank_fees",
    "suspense",
]
TransferKind: TypeAlias = Literal["posted", "pending", "posts", "voids", "expires"]

DEBIT_NORMAL: Final = frozenset({"processor_receivable", "bank", "bank_fees"})
"""The kinds of accounts whose balance is debits minus credits; of the others, it is credits minus debits."""

OF_ORGANISATION: Final = frozenset({"processor_receivable", "fees", "bank", "bank_fees", "suspense"})
"""The kinds of accounts that an organisation has once; of the others, each merchant has one."""

NEVER_NEGATIVE: Final = frozenset(
    {"merchant_pending", "merchant_held", "merchant_reserve", "refunds_in_flight", "payout_in_flight"}
)
"""The kinds of accounts that can't be overdrawn, which the constraint `account_not_overdrawn` says too."""


class AccountKey(msgspec.Struct, frozen=True):
    """Which account is meant; it is created by its first transfer."""

    organisation_id: UUID
    merchant_id: UUID | None
    """None for an account of the organisation itself."""
    kind: AccountKind
    currency: str

    @property
    def account_id(self) -> UUID:
        """The id of the account, a UUIDv8, which follows from the others."""
        owner = self.merchant_id or self.organisation_id
        digest = bytearray(hashlib.sha256(f"{owner}:{self.kind}:{self.currency}".encode()).digest()[:16])
        digest[6] = digest[6] & 0x0F | 0x80
        digest[8] = digest[8] & 0x3F | 0x80
        return UUID(bytes=bytes(digest))


class Cause(msgspec.Struct, frozen=True):
    """Why money moves. The same cause and leg is the same transfer, so that a repetition changes nothing."""

    type: str
    """Such as `capture`: lower-case letters and underscores."""
    id: UUID


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be moved from one account to another, or to be reserved for that."""

    transfer_id: UUID
    debit: AccountKey
    credit: AccountKey
    amount: int
    cause: Cause
    leg: int = 0
    """Tells the transfers of one cause apart."""
    kind: TransferKind = "posted"
    pending_id: UUID | None = None
    """What this resolves; None if it resolves nothing."""
    pending_amount: int | None = None
    timeout_at: datetime | None = None


def new_transfer(
    cause: Cause, *, leg: int, debit: AccountKey, credit: AccountKey, amount: int, **others: Any
) -> Transfer:
    """Return a transfer, whose id follows from its cause and leg.

    Args:
        cause: why money moves.
        leg: tells the transfers of one cause apart.
        debit: the account that gives.
        credit: the account that gets.
        amount: in minor units.
        others: further fields.
    """
    digest = hashlib.blake2b(f"{cause.type}:{leg}".encode(), digest_size=16).digest()
    transfer_id = derive_id(cause.id, UUID(bytes=digest))
    return Transfer(transfer_id=transfer_id, debit=debit, credit=credit, amount=amount, cause=cause, leg=leg, **others)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account with its balances in minor units."""

    account_id: UUID
    organisation_id: UUID
    merchant_id: UUID | None
    kind: AccountKind
    currency: str
    posted_debits: int
    posted_credits: int
    pending_debits: int
    pending_credits: int

    @property
    def balance(self) -> int:
        """What is posted, on the side on which the account normally stands."""
        balance = self.posted_credits - self.posted_debits
        return -balance if self.kind in DEBIT_NORMAL else balance

    @property
    def pending(self) -> int:
        """What would come to the balance if all that is pending was posted."""
        pending = self.pending_credits - self.pending_debits
        return -pending if self.kind in DEBIT_NORMAL else pending


class ComparedAccount(Account, frozen=True, kw_only=True):
    """An account, with its balances as the journal has them."""

    journal_posted_debits: int
    journal_posted_credits: int
    journal_pending_debits: int
    journal_pending_credits: int

    @property
    def is_right(self) -> bool:
        """Whether the balances are what the journal says."""
        own = (self.posted_debits, self.posted_credits, self.pending_debits, self.pending_credits)
        return own == (
            self.journal_posted_debits,
            self.journal_posted_credits,
            self.journal_pending_debits,
            self.journal_pending_credits,
        )

    @property
    def is_overdrawn(self) -> bool:
        """Whether it has a balance that it must never have."""
        return self.kind in NEVER_NEGATIVE and self.posted_credits - self.posted_debits - self.pending_debits < 0


class JournalBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an organisation's journal that is sealed: its hash covers its transfers and the block before."""

    organisation_id: UUID
    number: int
    first_sequence: int
    last_sequence: int
    transfer_count: int
    previous_hash: bytes
    hash: bytes
    sealed_at: datetime


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer as the journal has it."""

    transfer_id: UUID
    sequence: int
    organisation_id: UUID
    kind: TransferKind
    debit_account_id: UUID
    credit_account_id: UUID
    amount: int
    currency: str
    pending_id: UUID | None
    pending_amount: int | None
    timeout_at: datetime | None
    cause_type: str
    cause_id: UUID
    leg: int
    at: datetime


class PaymentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer that a payment, a charge or a refund has caused, with the kinds of its accounts."""

    transfer_id: UUID
    sequence: int
    kind: TransferKind
    debit_account_id: UUID
    debit_kind: AccountKind
    credit_account_id: UUID
    credit_kind: AccountKind
    amount: int
    currency: str
    cause_type: str
    at: datetime
