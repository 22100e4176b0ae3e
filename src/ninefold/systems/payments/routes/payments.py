"""The HTTP routes for payments and for outcomes in doubt."""

from typing import Annotated, Final, Literal
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.clock import Clock
from ninefold.core.ids import time_of_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.access import access
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit, SearchPage
from ninefold.core.web.problems import problem_responses
from ninefold.systems.payments.model.payments import IntentState, SearchScope
from ninefold.systems.payments.routes.payment_wire import (
    CloseDoubt,
    PaymentDetailsView,
    PaymentView,
    ProcessorCallView,
    show_attempt,
    show_payment,
    show_payment_details,
)
from ninefold.systems.payments.routes.wire import TAGS, AttemptId, MerchantId, PaymentId, actor_of
from ninefold.systems.payments.service import doubts, reading
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.searching import search_payments
from ninefold.systems.payments.service.steps import Evidence

_INTENTS: Final = "/api/v1/payments/intents"
_DOUBTS: Final = "/api/v1/payments/doubts"

PaymentText = Annotated[
    str,
    QueryParameter(
        min_length=1,
        max_length=200,
        description="Only those with this text in their description; or with exactly this value in their metadata, as "
        "the processor's reference, or as an id of the payment, a charge, a refund or a call to the processor.",
    ),
]

_intent_list = PagedList("payments_intents", UUID)
_doubt_list = PagedList("payments_doubts", UUID)


@get(_INTENTS, tags=TAGS)
async def list_payments(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    merchant_id: FromQuery[MerchantId | None] = None,
    payment_state: Annotated[IntentState | None, QueryParameter(name="state")] = None,
    q: FromQuery[PaymentText | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> SearchPage[PaymentView]:
    """List payments.

    Newest first. A search looks at 10,000 payments. If too few of them match, a page has fewer items than `limit`, or
    none, and still a `next_cursor`: the search continues there.
    """
    query = _intent_list.query(cursor, limit)
    scope = SearchScope(organisation_id=principal.organisation_id, merchant_id=merchant_id, state=payment_state)
    async with database.snapshot() as connection:
        found = await search_payments(connection, scope, text=q, before=query.position, limit=query.rows_max)
    return query.search_page(
        found.items,
        position_of=lambda each: each.intent_id,
        show=lambda each: show_payment(each, amount_refunded=found.refunded.get(each.intent_id, 0)),
        stopped_at=found.stopped_at,
        time_of=time_of_id,
    )


@get(f"{_INTENTS}/{{payment_id:str}}", tags=TAGS)
async def get_payment(
    payment_id: FromPath[PaymentId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> PaymentDetailsView:
    """Show a payment.

    With its timeline, its calls to the processor, its charges and its refunds.
    """
    async with database.snapshot() as connection:
        details = await reading.get_payment(connection, organisation_id=principal.organisation_id, intent_id=payment_id)
    return show_payment_details(details)


@get(_DOUBTS, tags=TAGS)
async def list_payment_doubts(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    doubt_state: Annotated[Literal["in_doubt", "needs_person"] | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[ProcessorCallView]:
    """List calls whose outcome is in doubt.

    Oldest first. The processor is asked about those that are `in_doubt`; a person has to close those that are
    `needs_person`.
    """
    query = _doubt_list.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await doubts.list_doubts(
            connection,
            organisation_id=principal.organisation_id,
            state=doubt_state,
            after=query.position,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda each: each.attempt_id, show=show_attempt)


@get(f"{_DOUBTS}/{{attempt_id:str}}", tags=TAGS)
async def get_payment_doubt(
    attempt_id: FromPath[AttemptId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> ProcessorCallView:
    """Show a call to a processor.

    Also after its outcome is known.
    """
    async with database.snapshot() as connection:
        attempt = await doubts.get_attempt(connection, organisation_id=principal.organisation_id, attempt_id=attempt_id)
    return show_attempt(attempt)


@post(
    f"{_DOUBTS}/{{attempt_id:str}}/inquire",
    tags=TAGS,
    status_code=200,
    responses=problem_responses(409, 501),
    opt=access(not_audited="It changes only what the next inquiry would change, and the timeline has it."),
)
async def inquire_payment_doubt(
    attempt_id: FromPath[AttemptId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    flow: NamedDependency[PaymentFlow],
) -> ProcessorCallView:
    """Ask the processor now what became of a call.

    The answer is recorded. If it tells nothing, the call stays in doubt.
    """
    done = await doubts.inquire_now(database, flow, organisation_id=principal.organisation_id, attempt_id=attempt_id)
    assert done.attempt is not None, "it was asked about one"
    return show_attempt(done.attempt)


@post(f"{_DOUBTS}/{{attempt_id:str}}/close", tags=TAGS, status_code=200, responses=problem_responses(409))
async def close_payment_doubt(
    *,
    attempt_id: FromPath[AttemptId],
    data: FromBody[CloseDoubt],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    flow: NamedDependency[PaymentFlow],
    clock: NamedDependency[Clock],
) -> ProcessorCallView:
    """Close a doubt by evidence.

    The ledger and the payment then say what the evidence proves. This can't be undone.
    """
    async with database.transaction() as connection:
        done = await doubts.close_doubt(
            connection,
            organisation_id=principal.organisation_id,
            attempt_id=attempt_id,
            verdict=data.outcome,
            processor_reference=data.processor_reference,
            evidence=Evidence(kind=data.evidence_kind, text=data.evidence, closed_by=actor_of(principal)),
            at=clock.now(),
            limits=flow.limits,
        )
    assert done.attempt is not None, "it was about one"
    return show_attempt(done.attempt)


PAYMENT_ROUTES: Final[list[HTTPRouteHandler]] = [
    list_payments,
    get_payment,
    list_payment_doubts,
    get_payment_doubt,
    inquire_payment_doubt,
    close_payment_doubt,
]
