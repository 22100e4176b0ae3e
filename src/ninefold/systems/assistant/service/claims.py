"""Claims responses for a worker, with all that it needs to generate them."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.assistant.model import LogEvent, NewEvent, PromptMessage, Response
from ninefold.systems.assistant.rules.events import continued_event, in_progress_event
from ninefold.systems.assistant.rules.shares import asker_places_max, organisation_places_max
from ninefold.systems.assistant.service.prompts import load_prompt
from ninefold.systems.assistant.settings import AssistantSettings
from ninefold.systems.assistant.store.events import event_insert, event_list_all
from ninefold.systems.assistant.store.responses import response_claim


class ClaimedResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A response to generate."""

    response: Response
    prompt: Sequence[PromptMessage]
    log: Sequence[LogEvent]
    """What an earlier attempt has written; empty for a new response."""


async def claim_responses(
    connection: Connection, *, worker_id: UUID, engine: str, limit: int, settings: AssistantSettings
) -> list[ClaimedResponse]:
    """Claim responses, and say in their logs that they begin or go on.

    Args:
        connection: in a transaction that guards the worker's lease.
        worker_id: who claims.
        engine: the name of its engine.
        limit: how many at most.
        settings: the places of a worker.
    """
    responses = await response_claim(
        connection,
        worker_id=worker_id,
        engine=engine,
        asker_max=asker_places_max(settings.concurrency),
        organisation_max=organisation_places_max(settings.concurrency),
        limit=limit,
    )
    if not responses:
        return []
    begun_before = [each.response_id for each in responses if each.attempt_count > 1]
    logs = await event_list_all(connection, response_ids=begun_before) if begun_before else {}
    await event_insert(
        connection, events=[(each.response_id, each.last_sequence, _claim_event(each)) for each in responses]
    )
    return [
        ClaimedResponse(
            response=each,
            prompt=await load_prompt(connection, each, settings=settings),
            log=logs.get(each.response_id, ()),
        )
        for each in responses
    ]


def _claim_event(response: Response) -> NewEvent:
    if response.attempt_count == 1:
        return in_progress_event(response)
    return continued_event("worker_lost", attempt=response.attempt_count)
