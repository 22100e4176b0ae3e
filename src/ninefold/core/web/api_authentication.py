"""Authenticates requests to Ninefold's own API, and checks that they may do what their operation needs.

This is the only place that checks roles. `access.py` says what an operation needs.
"""

from collections.abc import Awaitable, Sequence
from typing import Any, Final
from uuid import UUID

from litestar.enums import ScopeType
from litestar.types import Scope

from ninefold.core.ids import InvalidIdError, parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.errors import (
    OrganisationNotFoundError,
    OrganisationRequiredError,
    RoleInsufficientError,
    SessionMissingError,
)
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.core.tenancy.model import ORGANISATION_PREFIX, Principal, Session
from ninefold.core.tenancy.personal_kinds import PERSONAL_TOKEN
from ninefold.core.tenancy.sessions import authenticate_session
from ninefold.core.web.access import Access, Caller, access_of, is_safe
from ninefold.core.web.auditing import begin_entry, record_denial
from ninefold.core.web.authentication import bearer_authentication
from ninefold.core.web.errors import SessionOnlyError
from ninefold.core.web.forgery import require_csrf_token, require_own_origin
from ninefold.core.web.site import Site
from ninefold.core.web.surfaces import Authenticate, Connection

SESSION_COOKIE: Final = "ninefold_session"
ORGANISATION_HEADER: Final = "Ninefold-Organisation"

BEARER_KINDS: Final = (API_KEY, PERSONAL_TOKEN)
"""The kinds of credentials that are always accepted as `Authorization: Bearer …`."""

_SESSION_KEY: Final = "session"


def api_authentication(
    database: Database, site: Site, *, kinds: Sequence[CredentialKind] = BEARER_KINDS
) -> Authenticate:
    """Return the function that authenticates requests to Ninefold's own API.

    Args:
        database: where credentials are looked up, and denials are written.
        site: how people reach this server.
        kinds: the kinds of credentials that are accepted as `Authorization: Bearer …`; the first is that of errors.
    """
    authentication = _ApiAuthentication(database, site, kinds)

    # A function, because Litestar makes deep copies of middleware, and so would copy the object and its database.
    def authenticate(connection: Connection) -> Awaitable[Principal | None]:
        return authentication.authenticate(connection)

    return authenticate


class _ApiAuthentication:
    """Finds on whose behalf a request acts: an API key's or a personal token's, or a session's."""

    def __init__(self, database: Database, site: Site, kinds: Sequence[CredentialKind]) -> None:
        self._database = database
        self._site = site
        self._find_bearer = bearer_authentication(database, kinds=kinds)

    async def authenticate(self, connection: Connection) -> Principal | None:
        """Return the principal; None if the operation needs none.

        Raises:
            CredentialMissingError: the request has no credential, or one that isn't accepted.
            ForbiddenError: it isn't allowed to call the operation.
        """
        needed = access_of(connection.scope["route_handler"])
        method = _method_of(connection.scope)
        entry = self._begin_entry(connection) if needed.is_audited(method) else None
        if needed.caller is Caller.ANYONE:
            if not is_safe(method):
                require_own_origin(connection, self._site)
            return None
        if _has_authorization(connection):
            principal = await self._find_bearer(connection)
            _require_no_person(needed)
        else:
            principal = await self._find_person(connection, needed, entry)
        scope = needed.scope_for(method)
        if principal is None:
            _require_no_organisation(scope)
            return None
        if entry is not None:
            entry.act_for(principal)
        if scope is not None and not needed.admits(principal, method):
            await self._deny(scope, entry)
        return principal

    async def _find_person(self, connection: Connection, needed: Access, entry: AuditEntry | None) -> Principal | None:
        """Return the principal of a session; None if the person isn't in an organisation."""
        text = session_text_of(connection)
        if not text:
            if needed.caller is Caller.PERSON:
                raise SessionMissingError("You aren't signed in.", remedy="Sign in: POST /api/v1/session.")
            # It raises the error for a missing key.
            return await self._find_bearer(connection)
        session = await self._find_session(connection, text)
        if entry is not None:
            entry.account_id, entry.credential_id = session.account_id, session.session_id
        return session.principal

    async def _find_session(self, connection: Connection, text: str) -> Session:
        is_socket = connection.scope["type"] == ScopeType.WEBSOCKET
        if is_socket or not is_safe(_method_of(connection.scope)):
            require_own_origin(connection, self._site)
        async with self._database.connection() as database_connection:
            session = await authenticate_session(
                database_connection,
                text,
                organisation_id=_chosen_organisation(connection),
                idle_max=self._site.session_idle_max,
            )
        if not is_socket and not is_safe(_method_of(connection.scope)):
            require_csrf_token(connection, text)
        connection.scope["state"][_SESSION_KEY] = session
        return session

    async def _deny(self, scope: str, entry: AuditEntry | None) -> None:
        if entry is not None:
            await record_denial(self._database, entry)
        raise RoleInsufficientError(
            f"This needs the permission {scope}, which your role doesn't have.",
            remedy="Ask an admin or an owner of the organisation.",
        )

    def _begin_entry(self, connection: Connection) -> AuditEntry:
        return begin_entry(
            connection.scope,
            operation=connection.route_handler.fn.__name__,
            address=self._site.client_address(connection),
        )


def provide_session(scope: Scope) -> Session:
    """Return the session of a person who is signed in; injected into the handlers of `Caller.PERSON` as `session`."""
    session: Session = scope["state"][_SESSION_KEY]
    return session


def session_text_of(connection: Connection) -> str:
    """Return the text of the session's cookie; empty if there is none."""
    return connection.cookies.get(SESSION_COOKIE, "")


def _has_authorization(connection: Connection) -> bool:
    for name, _ in connection.scope["headers"]:  # noqa: SIM110  # a generator takes three times as long.
        if name == b"authorization":
            return True
    return False


def _require_no_person(needed: Access) -> None:
    if needed.caller is Caller.PERSON:
        raise SessionOnlyError(
            "Only a person who is signed in can do this, not an API key or a personal token.",
            remedy="Sign in to the console.",
        )


def _require_no_organisation(scope: str | None) -> None:
    if scope is not None:
        raise OrganisationRequiredError(
            "You aren't in an organisation.",
            remedy="Switch to one: PATCH /api/v1/session. If you are a member of none, ask for an invitation.",
        )


def _method_of(scope: Any) -> str:
    """Return the method of a request; that of a WebSocket's handshake is GET (RFC 6455 §4.1)."""
    method: str = scope.get("method", "GET")
    return method


def _chosen_organisation(connection: Connection) -> UUID | None:
    text = connection.headers.get(ORGANISATION_HEADER)
    if text is None:
        return None
    try:
        return parse_id(ORGANISATION_PREFIX, text)
    except InvalidIdError as error:
        raise OrganisationNotFoundError(
            f"There is no organisation {text[:80]!r}.",
            field=ORGANISATION_HEADER,
            remedy="Send an organisation_id of GET /api/v1/session.",
        ) from error
