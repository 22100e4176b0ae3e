"""What accounts and API keys have used."""

from datetime import date
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.assistant.model import Asker, UsageOfDay
from ninefold.systems.assistant.store.usage import usage_list


async def list_usage(
    connection: Connection,
    *,
    asker: Asker,
    is_of_all: bool,
    since: date | None,
    until: date | None,
    before: tuple[date, UUID, str] | None,
    limit: int,
) -> list[UsageOfDay]:
    """Return what was used by day and model, newest day first.

    Args:
        connection: any connection.
        asker: who wants to know.
        is_of_all: of all accounts and API keys of the organisation; otherwise only the asker's own.
        since: the first day.
        until: the last day.
        before: the day, the asker and the model of the last item on the page before.
        limit: how many at most.
    """
    return await usage_list(
        connection,
        organisation_id=asker.organisation_id,
        asker_id=None if is_of_all else asker.asker_id,
        since=since,
        until=until,
        before=before,
        limit=limit,
    )
