"""The cookie of a session, and the responses that set it."""

from typing import Any, Final

from litestar import Request, Response
from litestar.datastructures import Cookie, ResponseHeader

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy import accounts, sessions
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Account, Principal, Session
from ninefold.core.tenancy.personal_kinds import SESSION
from ninefold.core.web.api_authentication import SESSION_COOKIE, session_text_of
from ninefold.core.web.forgery import csrf_token
from ninefold.core.web.people.views import SessionView, show_session
from ninefold.core.web.site import Site

SET_COOKIE: Final = ResponseHeader(
    name="Set-Cookie",
    description=f"The session, as the cookie `{SESSION_COOKIE}`; `HttpOnly`, `SameSite=Lax`, and `Secure` over https.",
    documentation_only=True,
)

_CREATED: Final = 201


async def session_response(
    connection: Connection,
    request: Request[Any, Principal, Any],
    account: Account,
    *,
    site: Site,
    audit: AuditEntry,
) -> Response[SessionView]:
    """Create a session for an account, and return the response that sets its cookie."""
    created = await sessions.create_session(
        connection,
        account_id=account.account_id,
        client=request.headers.get("user-agent", ""),
        address=site.client_address(request),
        lifetime=site.session_lifetime,
    )
    session = created.session
    audit.account_id, audit.credential_id = account.account_id, session.session_id
    audit.organisation_id = session.organisation_id
    audit.target_id = audit.target_id or format_id(SESSION.id_prefix, session.session_id)
    memberships = await sessions.list_memberships(connection, account_id=account.account_id)
    view = show_session(session, account, memberships, csrf_token=csrf_token(created.text))
    cookie = Cookie(
        key=SESSION_COOKIE,
        value=created.text,
        path="/",
        max_age=int(site.session_lifetime.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=site.is_secure(request),
    )
    return Response(view, status_code=_CREATED, cookies=[cookie])


async def show_current_session(
    connection: Connection, request: Request[Any, Principal, Any], session: Session
) -> SessionView:
    """Show the session of a request."""
    account = await accounts.get_account(connection, session.account_id)
    memberships = await sessions.list_memberships(connection, account_id=session.account_id)
    return show_session(session, account, memberships, csrf_token=csrf_token(session_text_of(request)))


def forget_session_cookie() -> Cookie:
    """Return the cookie that makes a browser forget its session."""
    return Cookie(key=SESSION_COOKIE, value="", path="/", max_age=0, httponly=True, samesite="lax")
