"""Queries for what accounts and API keys may use, and have used."""

from datetime import date
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.assistant.model import Asker, Response, Usage, UsageOfDay
from ninefold.systems.assistant.store.queries import queries


async def token_budget_reserve(connection: Connection, *, asker: Asker, tokens: int, capacity: int) -> float:
    """Take tokens from a budget; return what is left, which is negative if there weren't enough.

    Args:
        connection: in a transaction, which must be rolled back if there weren't enough.
        asker: whose budget.
        tokens: how many to take.
        capacity: what the budget can have at most, and what comes back per minute.
    """
    available: float = await queries.token_budget_reserve(
        connection,
        organisation_id=asker.organisation_id,
        asker_id=asker.asker_id,
        tokens=float(tokens),
        capacity=float(capacity),
    )
    return available


async def token_budget_settle(connection: Connection, *, asker_id: UUID, tokens: int) -> None:
    """Give back tokens that weren't used; a negative number takes more."""
    await queries.token_budget_settle(connection, asker_id=asker_id, tokens=float(tokens))


async def usage_add(connection: Connection, *, response: Response, usage: Usage) -> None:
    """Count a response that has ended."""
    await queries.usage_add(
        connection,
        organisation_id=response.organisation_id,
        asker_id=response.asker_id,
        asker_kind=response.asker_kind,
        model=response.model,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
    )


async def usage_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    asker_id: UUID | None,
    since: date | None,
    until: date | None,
    before: tuple[date, UUID, str] | None,
    limit: int,
) -> list[UsageOfDay]:
    """Read what an organisation has used, newest day first.

    Args:
        connection: any connection.
        organisation_id: the organisation.
        asker_id: only what this account or API key has used.
        since: the first day.
        until: the last day.
        before: the day, the asker and the model of the last item on the page before.
        limit: how many at most.
    """
    day, asker, model = before or (None, None, None)
    records = queries.usage_list(
        connection,
        organisation_id=organisation_id,
        asker_id=asker_id,
        since=since,
        until=until,
        before_day=day,
        before_asker_id=asker,
        before_model=model,
        limit=limit,
    )
    return [
        UsageOfDay(
            asker_id=record["asker_id"],
            asker_kind=record["asker_kind"],
            day=record["day"],
            model=record["model"],
            responses=record["responses"],
            input_tokens=record["input_tokens"],
            output_tokens=record["output_tokens"],
        )
        async for record in records
    ]
