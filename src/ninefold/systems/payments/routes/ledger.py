"""The HTTP routes for the ledger: accounts, their entries, and audits."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.ids import format_id
from ninefold.core.jobs import JOB_PREFIX, JOBS_CHANNEL, enqueue
from ninefold.core.jobs.service import get_job
from ninefold.core.jobs.wire import JOBS_PATH, JobView, show_job
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.payments.model.jobs import AUDIT, AuditLedger
from ninefold.systems.payments.model.ledger import (
    ACCOUNT_PREFIX,
    TRANSFER_PREFIX,
    Account,
    AccountKind,
    JournalEntry,
    TransferKind,
)
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX
from ninefold.systems.payments.model.money import CurrencyText
from ninefold.systems.payments.model.payments import INTENT_PREFIX
from ninefold.systems.payments.model.settlement import BATCH_PREFIX
from ninefold.systems.payments.routes.field_types import (
    AccountIdText,
    BatchIdText,
    CauseType,
    ChargeIdText,
    MerchantIdText,
    NotThere,
    PaymentIdText,
    TransferIdText,
)
from ninefold.systems.payments.routes.wire import TAGS, AccountId, MerchantId
from ninefold.systems.payments.service import ledger as service

_ACCOUNTS: Final = "/api/v1/payments/accounts"
_LOCATION: Final = ResponseHeader(
    name="Location", description="The path of the job, which shows its progress.", documentation_only=True
)


_account_list = PagedList("payments_accounts", UUID)
_entry_list = PagedList("payments_entries", int)


class LedgerAccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account of the ledger, with amounts in minor units."""

    account_id: AccountIdText
    merchant_id: MerchantIdText | None
    """Null for an account of the organisation itself."""
    kind: AccountKind
    currency: CurrencyText
    balance: int
    """What is posted, on the side on which the account normally stands."""
    pending: int
    """What would come to the balance if all that is pending was posted."""
    posted_debits: int
    posted_credits: int
    pending_debits: int
    pending_credits: int


class LedgerEntryView(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer as an account sees it."""

    transfer_id: TransferIdText
    sequence: int
    """The order of the journal."""
    kind: TransferKind
    side: Annotated[str, msgspec.Meta(pattern="^(debit|credit)$", examples=["debit"])]
    amount: int
    currency: CurrencyText
    other_account_id: AccountIdText
    pending_transfer_id: NotThere
    """What this resolves."""
    cause_type: CauseType
    cause_id: ChargeIdText
    """A UUID: why money moves."""
    payment_id: PaymentIdText | None
    """The payment that has caused it, if one has."""
    batch_id: BatchIdText | None
    """The batch that has caused it, if one has."""
    at: Timestamp


@get(_ACCOUNTS, tags=TAGS)
async def list_ledger_accounts(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    merchant_id: FromQuery[MerchantId | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[LedgerAccountView]:
    """List accounts of the ledger.

    Those of the organisation and of all merchants, or of one merchant.
    """
    query = _account_list.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await service.list_accounts(
            connection,
            organisation_id=principal.organisation_id,
            merchant_id=merchant_id,
            after=query.position,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda each: each.account_id, show=_show_account)


@get(f"{_ACCOUNTS}/{{account_id:str}}", tags=TAGS)
async def get_ledger_account(
    account_id: FromPath[AccountId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> LedgerAccountView:
    """Show an account of the ledger.

    With its balances.
    """
    async with database.snapshot() as connection:
        account = await service.get_account(
            connection, organisation_id=principal.organisation_id, account_id=account_id
        )
    return _show_account(account)


@get(f"{_ACCOUNTS}/{{account_id:str}}/entries", tags=TAGS)
async def list_ledger_entries(
    account_id: FromPath[AccountId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[LedgerEntryView]:
    """List the entries of an account.

    Newest first.
    """
    query = _entry_list.query(cursor, limit)
    async with database.snapshot() as connection:
        account = await service.get_account(
            connection, organisation_id=principal.organisation_id, account_id=account_id
        )
        found = await service.list_entries(connection, account=account, before=query.position, limit=query.rows_max)
        payments = await service.find_payments_of(connection, found)
    return query.page(
        found,
        position_of=lambda each: each.sequence,
        show=lambda each: _show_entry(each, account, payment_id=payments.get(each.cause_id)),
    )


@post("/api/v1/payments/audits", tags=TAGS, status_code=202, response_headers=[_LOCATION])
async def audit_ledger(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    audit: NamedDependency[AuditEntry],
) -> Response[JobView]:
    """Verify the ledger.

    A durable job computes everything again from the journal: balances, limits, what is pending, and the hash chain. The
    job's result has the faults.
    """
    async with database.transaction() as connection:
        job_id = await enqueue(
            connection,
            AUDIT,
            AuditLedger(organisation_id=principal.organisation_id),
            organisation_id=principal.organisation_id,
            key="payments.audit",
        )
        job = await get_job(connection, job_id)
        audit.target_id = format_id(JOB_PREFIX, job_id)
    notifier.notify(JOBS_CHANNEL)
    view = show_job(job)
    return Response(view, status_code=202, headers={"Location": f"{JOBS_PATH}/{view.job_id}"})


def _show_account(account: Account) -> LedgerAccountView:
    return LedgerAccountView(
        account_id=format_id(ACCOUNT_PREFIX, account.account_id),
        merchant_id=None if account.merchant_id is None else format_id(MERCHANT_PREFIX, account.merchant_id),
        kind=account.kind,
        currency=account.currency,
        balance=account.balance,
        pending=account.pending,
        posted_debits=account.posted_debits,
        posted_credits=account.posted_credits,
        pending_debits=account.pending_debits,
        pending_credits=account.pending_credits,
    )


def _show_entry(entry: JournalEntry, account: Account, *, payment_id: UUID | None) -> LedgerEntryView:
    is_debit = entry.debit_account_id == account.account_id
    other_id = entry.credit_account_id if is_debit else entry.debit_account_id
    return LedgerEntryView(
        transfer_id=format_id(TRANSFER_PREFIX, entry.transfer_id),
        sequence=entry.sequence,
        kind=entry.kind,
        side="debit" if is_debit else "credit",
        amount=entry.amount,
        currency=entry.currency,
        other_account_id=format_id(ACCOUNT_PREFIX, other_id),
        pending_transfer_id=None if entry.pending_id is None else format_id(TRANSFER_PREFIX, entry.pending_id),
        cause_type=entry.cause_type,
        cause_id=str(entry.cause_id),
        payment_id=None if payment_id is None else format_id(INTENT_PREFIX, payment_id),
        batch_id=format_id(BATCH_PREFIX, entry.cause_id) if entry.cause_type == "batch" else None,
        at=entry.at,
    )


LEDGER_ROUTES: Final[list[HTTPRouteHandler]] = [
    list_ledger_accounts,
    get_ledger_account,
    list_ledger_entries,
    audit_ledger,
]
