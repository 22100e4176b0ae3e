"""The HTTP routes for settlement: batches, payouts and bank files."""

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.clock import Clock
from ninefold.core.ids import format_id
from ninefold.core.jobs import JOBS_CHANNEL
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.openapi.responses import bytes_response
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.payments.model.settlement import BatchState, PayoutState
from ninefold.systems.payments.routes.settlement_wire import (
    BankFileId,
    BankFileView,
    BatchDetailsView,
    BatchId,
    BatchLineView,
    BatchView,
    PayoutDetailsView,
    PayoutId,
    PayoutView,
    SettleMerchant,
    show_bank_file,
    show_batch,
    show_batch_details,
    show_batch_line,
    show_payout,
    show_payout_details,
)
from ninefold.systems.payments.routes.wire import JOB_LOCATION, TAGS, MerchantId, PaymentId, StartedJobView, started
from ninefold.systems.payments.service import bank_files, payouts, settling, statements
from ninefold.systems.payments.service.merchants import get_merchant
from ninefold.systems.payments.service.reading import get_payment
from ninefold.systems.payments.service.settlement_jobs import enqueue_settlement

_ROOT: Final = "/api/v1/payments"
_BATCH: Final = f"{_ROOT}/batches/{{batch_id:str}}"
_PAYOUT: Final = f"{_ROOT}/payouts/{{payout_id:str}}"
_FILE: Final = f"{_ROOT}/bank-files/{{bank_file_id:str}}"

_batches = PagedList("payments_batches", UUID)
_lines = PagedList("payments_batch_lines", int)
_payouts = PagedList("payments_payouts", UUID)
_files = PagedList("payments_bank_files", UUID)


@post(
    f"{_ROOT}/merchants/{{merchant_id:str}}/settle",
    tags=TAGS,
    status_code=202,
    responses=problem_responses(404, 409),
    response_headers=[JOB_LOCATION],
)
async def settle_merchant(
    *,
    merchant_id: FromPath[MerchantId],
    data: FromBody[SettleMerchant],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    notifier: NamedDependency[Notifier],
) -> Response[StartedJobView]:
    """Settle a merchant.

    A job does what is left of the day's batches: it computes and posts them, writes the bank file and delivers it.
    Before the cut-off, this ends the merchant's day.
    """
    async with database.transaction() as connection:
        merchant = await get_merchant(connection, organisation_id=principal.organisation_id, merchant_id=merchant_id)
        job, day = await enqueue_settlement(connection, merchant, day=data.day, at=clock.now())
    notifier.notify(JOBS_CHANNEL)
    return started(job, day=day)


@get(f"{_ROOT}/batches", tags=TAGS)
async def list_batches(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    merchant_id: FromQuery[MerchantId | None] = None,
    day: FromQuery[date | None] = None,
    batch_state: Annotated[BatchState | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[BatchView]:
    """List batches.

    Newest first.
    """
    query = _batches.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await settling.list_batches(
            connection,
            organisation_id=principal.organisation_id,
            merchant_id=merchant_id,
            day=day,
            state=batch_state,
            before=query.position,
            limit=query.rows_max,
        )
        states = await settling.list_payout_states(connection, found)
    return query.page(
        found,
        position_of=lambda each: each.batch_id,
        show=lambda each: show_batch(each, payout_state=states.get(each.batch_id)),
    )


@get(_BATCH, tags=TAGS)
async def get_batch(
    batch_id: FromPath[BatchId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> BatchDetailsView:
    """Show a batch.

    With its payout, its bank file, and the lines of the bank's statement that pay it.
    """
    async with database.snapshot() as connection:
        batch = await settling.get_batch(connection, organisation_id=principal.organisation_id, batch_id=batch_id)
        payout = await settling.find_payout_of_batch(connection, batch)
        file = None
        if batch.bank_file_id is not None:
            file = await bank_files.get_file(
                connection, organisation_id=principal.organisation_id, bank_file_id=batch.bank_file_id
            )
        lines = [] if payout is None else await statements.list_lines_of_payout(connection, payout)
    return show_batch_details(batch, payout=payout, file=file, lines=lines)


@get(f"{_BATCH}/lines", tags=TAGS)
async def list_batch_lines(
    batch_id: FromPath[BatchId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[BatchLineView]:
    """List the lines of a batch.

    Each is an entry of the journal, in its order.
    """
    query = _lines.query(cursor, limit)
    async with database.snapshot() as connection:
        batch = await settling.get_batch(connection, organisation_id=principal.organisation_id, batch_id=batch_id)
        found = await settling.list_batch_lines(connection, batch, after=query.position, limit=query.rows_max)
    return query.page(found, position_of=lambda each: each.sequence, show=show_batch_line)


@get(f"{_BATCH}/content", tags=TAGS, responses=bytes_response("text/csv", description="The content of the batch."))
async def get_batch_content(
    batch_id: FromPath[BatchId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> Response[Any]:
    """Compute a batch again.

    From the journal, and answered only if it has the same SHA-256 as the first time.
    """
    async with database.snapshot() as connection:
        batch = await settling.get_batch(connection, organisation_id=principal.organisation_id, batch_id=batch_id)
        content = await settling.recompute_content(connection, batch)
    return _attachment(content, name=f"{format_id('bat', batch.batch_id)}.csv", media_type="text/csv")


@get(f"{_ROOT}/intents/{{payment_id:str}}/batches", tags=TAGS)
async def list_batches_of_payment(
    payment_id: FromPath[PaymentId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> list[BatchView]:
    """List the batches of a payment.

    Those that its capture and its refunds are in.
    """
    organisation_id = principal.organisation_id
    async with database.snapshot() as connection:
        await get_payment(connection, organisation_id=organisation_id, intent_id=payment_id)
        found = await settling.list_batches_of_payment(
            connection, organisation_id=organisation_id, intent_id=payment_id
        )
        states = await settling.list_payout_states(connection, found)
    return [show_batch(batch, payout_state=states.get(batch.batch_id)) for batch in found]


@get(f"{_ROOT}/payouts", tags=TAGS)
async def list_payouts(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    merchant_id: FromQuery[MerchantId | None] = None,
    payout_state: Annotated[PayoutState | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[PayoutView]:
    """List payouts.

    Newest first.
    """
    query = _payouts.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await payouts.list_payouts(
            connection,
            organisation_id=principal.organisation_id,
            merchant_id=merchant_id,
            state=payout_state,
            before=query.position,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda each: each.payout_id, show=show_payout)


@get(_PAYOUT, tags=TAGS)
async def get_payout(
    payout_id: FromPath[PayoutId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> PayoutDetailsView:
    """Show a payout.

    With the lines of the bank's files that it is on.
    """
    async with database.snapshot() as connection:
        payout = await payouts.get_payout(connection, organisation_id=principal.organisation_id, payout_id=payout_id)
        lines = await statements.list_lines_of_payout(connection, payout)
    return show_payout_details(payout, lines=lines)


@get(f"{_ROOT}/bank-files", tags=TAGS)
async def list_bank_files(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[BankFileView]:
    """List bank files.

    Newest first.
    """
    query = _files.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await bank_files.list_files(
            connection, organisation_id=principal.organisation_id, before=query.position, limit=query.rows_max
        )
    return query.page(found, position_of=lambda each: each.bank_file_id, show=show_bank_file)


@get(_FILE, tags=TAGS)
async def get_bank_file(
    bank_file_id: FromPath[BankFileId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> BankFileView:
    """Show a bank file."""
    async with database.snapshot() as connection:
        file = await bank_files.get_file(
            connection, organisation_id=principal.organisation_id, bank_file_id=bank_file_id
        )
    return show_bank_file(file)


@get(
    f"{_FILE}/content",
    tags=TAGS,
    responses=bytes_response("application/octet-stream", description="The file as the bank gets it."),
)
async def download_bank_file(
    bank_file_id: FromPath[BankFileId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> Response[Any]:
    """Download a bank file."""
    async with database.snapshot() as connection:
        file = await bank_files.get_file(
            connection, organisation_id=principal.organisation_id, bank_file_id=bank_file_id
        )
        content = await bank_files.read_content(connection, file)
    return _attachment(content, name=file.name, media_type="application/octet-stream")


def _attachment(content: bytes, *, name: str, media_type: str) -> Response[Any]:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-cache"}
    return Response(content, media_type=media_type, headers=headers)


SETTLEMENT_ROUTES: Final[list[HTTPRouteHandler]] = [
    settle_merchant,
    list_batches,
    get_batch,
    list_batch_lines,
    get_batch_content,
    list_batches_of_payment,
    list_payouts,
    get_payout,
    list_bank_files,
    get_bank_file,
    download_bank_file,
]
