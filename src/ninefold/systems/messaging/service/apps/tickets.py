"""Tickets: secrets with which an app does one thing within a short time. Only their digests are stored."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.kinds import digest_text, random_text
from ninefold.systems.messaging.errors import TicketExpiredError, TicketNotFoundError, TicketUsedError
from ninefold.systems.messaging.model import Ticket, TicketPurpose
from ninefold.systems.messaging.rules.app_events import (
    RESPONSE_USES,
    RESPONSE_VALID_FOR,
    SOCKET_TICKET_VALID_FOR,
    TRIGGER_VALID_FOR,
)
from ninefold.systems.messaging.store import app_events as store


class _Terms(msgspec.Struct, frozen=True):
    valid_for: timedelta
    uses: int


_TERMS: Final[dict[TicketPurpose, _Terms]] = {
    "socket": _Terms(SOCKET_TICKET_VALID_FOR, 1),
    "rtm": _Terms(SOCKET_TICKET_VALID_FOR, 1),
    "response": _Terms(RESPONSE_VALID_FOR, RESPONSE_USES),
    "trigger": _Terms(TRIGGER_VALID_FOR, 1),
}


async def create_ticket(
    connection: Connection,
    purpose: TicketPurpose,
    *,
    organisation_id: UUID,
    credential_id: UUID | None = None,
    app_id: UUID | None = None,
    member_id: UUID | None = None,
    channel_id: UUID | None = None,
    message_sequence: int | None = None,
    base_url: str | None = None,
) -> str:
    """Return the text of a new ticket, which isn't stored anywhere; see `Ticket` for what it allows."""
    text = random_text()
    terms = _TERMS[purpose]
    await store.ticket_insert(
        connection,
        digest=digest_text(text),
        purpose=purpose,
        organisation_id=organisation_id,
        credential_id=credential_id,
        app_id=app_id,
        member_id=member_id,
        channel_id=channel_id,
        message_sequence=message_sequence,
        base_url=base_url,
        uses_left=terms.uses,
        valid_for=terms.valid_for,
    )
    return text


async def use_ticket(
    connection: Connection, purpose: TicketPurpose, text: str, *, app_id: UUID | None = None
) -> Ticket:
    """Use a ticket once, and return what it allows; call it in a transaction.

    Args:
        connection: in a transaction: if that is rolled back, the ticket wasn't used.
        purpose: what it has to be for.
        text: the ticket.
        app_id: the app that it has to be of.

    Raises:
        TicketNotFoundError: there is no such ticket, or it is another app's.
        TicketExpiredError: it isn't valid any more.
        TicketUsedError: it was used as often as it can be.
    """
    digest = digest_text(text)
    found = await store.ticket_find(connection, digest=digest, purpose=purpose)
    if found is None or app_id not in (None, found.app_id):
        raise TicketNotFoundError("There is no such ticket.")
    used = await store.ticket_use(connection, digest=digest, purpose=purpose)
    if used is not None:
        return used
    if found.is_expired:
        raise TicketExpiredError("The ticket has expired.")
    raise TicketUsedError("The ticket was used before.")
