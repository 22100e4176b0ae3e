"""Sessions of people who are signed in in a browser, and the organisation that each of them is in."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.errors import SessionNotFoundError
from ninefold.core.tenancy.kinds import digest_text
from ninefold.core.tenancy.model import Membership, Session, SessionSummary
from ninefold.core.tenancy.personal_kinds import SESSION
from ninefold.core.tenancy.service import (
    LAST_USED_RESOLUTION,
    LIST_LENGTH_MAX,
    NAME_LENGTH_MAX,
    check_active,
    no_organisation,
)
from ninefold.core.tenancy.store import credentials as store
from ninefold.core.tenancy.store.memberships import membership_list

UNKNOWN_CLIENT: Final = "unknown client"


class CreatedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A new session with its text, which becomes the cookie."""

    session: Session
    text: str

    def __repr__(self) -> str:
        return f"CreatedSession(session={self.session!r})"


async def create_session(
    connection: Connection, *, account_id: UUID, client: str, address: str | None, lifetime: timedelta
) -> CreatedSession:
    """Create a session, in the first organisation that the account is a member of.

    Args:
        connection: a connection to the database.
        account_id: the account that is signed in.
        client: how the browser calls itself (User-Agent).
        address: the client's address.
        lifetime: after which time the session ends.
    """
    memberships = await list_memberships(connection, account_id=account_id)
    first = memberships[0] if memberships else None
    session = Session(
        session_id=new_id(),
        account_id=account_id,
        organisation_id=first.organisation_id if first else None,
        role=first.role if first else None,
    )
    text, prefix = SESSION.new_credential()
    await store.credential_insert_of_account(
        connection,
        credential_id=session.session_id,
        kind=SESSION.name,
        prefix=prefix,
        digest=digest_text(text),
        organisation_id=session.organisation_id,
        account_id=account_id,
        name=_client_name(client),
        created_from=address,
        expires_in=lifetime,
    )
    return CreatedSession(session=session, text=text)


async def authenticate_session(
    connection: Connection, text: str, *, organisation_id: UUID | None, idle_max: timedelta
) -> Session:
    """Return the session of a cookie.

    Args:
        connection: a connection to the database.
        text: the value of the cookie.
        organisation_id: the organisation that the request is about; None for the session's current one.
        idle_max: a session that wasn't used for this time has expired.

    Raises:
        SessionInvalidError: there is no such session.
        SessionRevokedError: it was ended, or the account was disabled.
        SessionExpiredError: it is too old, or wasn't used for too long.
        OrganisationNotFoundError: the person isn't a member of the organisation that was given.
    """
    prefix = SESSION.prefix_of(text)
    found = prefix and await store.credential_find_personal(
        connection,
        kind=SESSION.name,
        digest=digest_text(text),
        organisation_id=organisation_id,
        idle_max=idle_max,
        recorded_within=LAST_USED_RESOLUTION,
    )
    if not prefix or not found:
        raise SESSION.errors.invalid("There is no such session.", remedy=SESSION.remedy)
    check_active(found, SESSION, prefix=prefix)
    if organisation_id is not None and found.organisation_id is None:
        raise no_organisation(organisation_id)
    if not found.is_use_recorded:
        await store.credential_record_use(connection, credential_id=found.credential_id)
    return Session(
        session_id=found.credential_id,
        account_id=found.account_id,
        organisation_id=found.organisation_id,
        role=found.role,
    )


async def list_memberships(connection: Connection, *, account_id: UUID) -> list[Membership]:
    """Return the organisations that an account is a member of, oldest first, at most `LIST_LENGTH_MAX`."""
    return await membership_list(connection, account_id=account_id, limit=LIST_LENGTH_MAX)


async def switch_organisation(connection: Connection, session: Session, *, organisation_id: UUID) -> Session:
    """Make another organisation the current one of a session.

    Raises:
        OrganisationNotFoundError: the person isn't a member of it.
    """
    for membership in await list_memberships(connection, account_id=session.account_id):
        if membership.organisation_id == organisation_id:
            await store.credential_set_organisation(
                connection, credential_id=session.session_id, organisation_id=organisation_id
            )
            return msgspec.structs.replace(session, organisation_id=organisation_id, role=membership.role)
    raise no_organisation(organisation_id)


async def list_sessions(connection: Connection, *, account_id: UUID, idle_max: timedelta) -> list[SessionSummary]:
    """Return an account's sessions that haven't ended, newest first, at most `LIST_LENGTH_MAX`."""
    return await store.credential_list_sessions(
        connection, account_id=account_id, kind=SESSION.name, idle_max=idle_max, limit=LIST_LENGTH_MAX
    )


async def end_session(connection: Connection, *, account_id: UUID, session_id: UUID) -> None:
    """End a session of an account: the next request with it is refused.

    Raises:
        SessionNotFoundError: the account has no such session, or it has ended.
    """
    count = await store.credential_revoke_of_account(
        connection, account_id=account_id, kinds=[SESSION.name], credential_id=session_id
    )
    if count == 0:
        shown = format_id(SESSION.id_prefix, session_id)
        raise SessionNotFoundError(f"There is no session {shown}.", remedy="GET /api/v1/sessions lists your sessions.")
    await store.access_notify(connection)


async def end_sessions(connection: Connection, *, account_id: UUID, kept_id: UUID | None = None) -> None:
    """End all sessions of an account but one."""
    await store.credential_revoke_of_account(connection, account_id=account_id, kinds=[SESSION.name], kept_id=kept_id)
    await store.access_notify(connection)


def _client_name(client: str) -> str:
    printable = "".join(character for character in client if character.isprintable()).strip()
    return printable[:NAME_LENGTH_MAX] or UNKNOWN_CLIENT
