"""The HTTP routes for sessions: set-up, signing in and out, switching the organisation, and the list of sessions."""

from typing import Any, Final

from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.clock import Clock
from ninefold.core.ids import InvalidIdError, format_id, parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy import accounts, sessions, sign_in
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.errors import OrganisationNotFoundError, SecondFactorRequiredError
from ninefold.core.tenancy.links import find_link
from ninefold.core.tenancy.model import ACCOUNT_PREFIX, ORGANISATION_PREFIX, Principal, Session
from ninefold.core.tenancy.passwords import Passwords
from ninefold.core.tenancy.personal_kinds import SESSION, SETUP_LINK
from ninefold.core.tenancy.second_factor import check_second_factor
from ninefold.core.web.access import Caller, access
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.people.cookies import SET_COOKIE, forget_session_cookie, session_response, show_current_session
from ninefold.core.web.people.field_types import SessionId
from ninefold.core.web.people.request_bodies import SetUp, SignIn, SwitchOrganisation
from ninefold.core.web.people.views import SessionList, SessionView, SetUpState, show_session_summary
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.site import Site

_SESSION: Final = "/api/v1/session"
_SESSIONS: Final = "/api/v1/sessions"
_TAGS: Final = ["sessions"]


@get("/api/v1/setup", tags=_TAGS, opt=access(caller=Caller.ANYONE))
async def get_setup(database: NamedDependency[Database]) -> SetUpState:
    """Show whether the first account has to be created."""
    async with database.connection() as connection:
        return SetUpState(is_needed=not await accounts.has_accounts(connection))


@post(
    "/api/v1/setup",
    tags=_TAGS,
    opt=access(caller=Caller.ANYONE),
    responses=problem_responses(409, 410),
    response_headers=[SET_COOKIE],
)
async def set_up(
    *,
    data: FromBody[SetUp],
    request: Request[Any, Principal, Any],
    database: NamedDependency[Database],
    passwords: NamedDependency[Passwords],
    site: NamedDependency[Site],
    audit: NamedDependency[AuditEntry],
) -> Response[SessionView]:
    """Create the first account, with the token of the link that the first `ninefold up` printed.

    The person becomes an owner of the first organisation, and is signed in.
    """
    async with database.connection() as connection:
        await find_link(connection, SETUP_LINK, data.token)
    password_hash = await passwords.hash(data.password)
    async with database.transaction() as connection:
        account = await accounts.use_setup_link(
            connection, data.token, email=data.email, name=data.name, password_hash=password_hash
        )
        audit.target_id = format_id(ACCOUNT_PREFIX, account.account_id)
        return await session_response(connection, request, account, site=site, audit=audit)


@post(
    _SESSION,
    tags=_TAGS,
    opt=access(caller=Caller.ANYONE),
    responses=problem_responses(401, 429),
    response_headers=[SET_COOKIE],
)
async def create_session(
    *,
    data: FromBody[SignIn],
    request: Request[Any, Principal, Any],
    database: NamedDependency[Database],
    passwords: NamedDependency[Passwords],
    sealer: NamedDependency[Sealer],
    clock: NamedDependency[Clock],
    site: NamedDependency[Site],
    audit: NamedDependency[AuditEntry],
) -> Response[SessionView]:
    """Sign in.

    If the account has an authenticator app and the request has no `code`, the response is a 401 with the code
    `second_factor_required`; then send the same request with a code. After several failures, the response is a 429 that
    says how long to wait.
    """
    address = site.client_address(request)
    # A transaction of its own, which isn't audited: the attempt counts as failed until it has succeeded.
    async with database.connection() as connection:
        async with connection.transaction():
            await sign_in.admit_attempt(connection, email=data.email, address=address, now=clock.now())
        found = await accounts.find_account(connection, email=data.email)
    account = await sign_in.check_password_of(found, data.password, passwords=passwords)
    try:
        async with database.transaction() as connection:
            await check_second_factor(connection, sealer, account.account_id, code=data.code, now=clock.now())
            await sign_in.excuse_attempt(connection, email=data.email, address=address, is_complete=True)
            return await session_response(connection, request, account, site=site, audit=audit)
    except SecondFactorRequiredError:
        async with database.connection() as connection, connection.transaction():
            await sign_in.excuse_attempt(connection, email=data.email, address=address, is_complete=False)
        raise


@get(_SESSION, tags=_TAGS, opt=access(caller=Caller.PERSON))
async def get_session(
    request: Request[Any, Principal, Any],
    session: NamedDependency[Session],
    database: NamedDependency[Database],
) -> SessionView:
    """Show who is signed in, with their organisations and roles, and the CSRF token."""
    async with database.snapshot() as connection:
        return await show_current_session(connection, request, session)


@patch(
    _SESSION,
    tags=_TAGS,
    opt=access(caller=Caller.PERSON, not_audited="It changes only which organisation the person looks at."),
    responses=problem_responses(404),
)
async def switch_organisation(
    data: FromBody[SwitchOrganisation],
    request: Request[Any, Principal, Any],
    session: NamedDependency[Session],
    database: NamedDependency[Database],
) -> SessionView:
    """Switch to another organisation.

    It becomes the session's current one. The header `Ninefold-Organisation` chooses another for one request.
    """
    try:
        organisation_id = parse_id(ORGANISATION_PREFIX, data.organisation_id)
    except InvalidIdError as error:
        raise OrganisationNotFoundError(
            f"There is no organisation {data.organisation_id[:80]!r}.",
            field="organisation_id",
            remedy="GET /api/v1/session lists your organisations.",
        ) from error
    async with database.transaction() as connection:
        switched = await sessions.switch_organisation(connection, session, organisation_id=organisation_id)
        return await show_current_session(connection, request, switched)


@delete(_SESSION, tags=_TAGS, opt=access(caller=Caller.PERSON), status_code=204, response_headers=[SET_COOKIE])
async def delete_session(
    session: NamedDependency[Session],
    database: NamedDependency[Database],
    audit: NamedDependency[AuditEntry],
) -> Response[None]:
    """Sign out."""
    async with database.transaction() as connection:
        await sessions.end_session(connection, account_id=session.account_id, session_id=session.session_id)
        audit.target_id = format_id(SESSION.id_prefix, session.session_id)
    return Response(None, status_code=204, cookies=[forget_session_cookie()])


@get(_SESSIONS, tags=_TAGS, opt=access(caller=Caller.PERSON))
async def list_sessions(
    session: NamedDependency[Session],
    database: NamedDependency[Database],
    site: NamedDependency[Site],
) -> SessionList:
    """List one's own sessions.

    Newest first, at most 1,000, without those that have ended.
    """
    async with database.connection() as connection:
        found = await sessions.list_sessions(connection, account_id=session.account_id, idle_max=site.session_idle_max)
    return SessionList(items=[show_session_summary(summary, current=session) for summary in found])


@delete(f"{_SESSIONS}/{{session_id:str}}", tags=_TAGS, opt=access(caller=Caller.PERSON))
async def end_session(
    session_id: FromPath[SessionId],
    session: NamedDependency[Session],
    database: NamedDependency[Database],
) -> None:
    """End one of one's own sessions.

    The next request with it is refused.
    """
    async with database.transaction() as connection:
        await sessions.end_session(connection, account_id=session.account_id, session_id=session_id)


SESSION_ROUTES: Final[list[HTTPRouteHandler]] = [
    get_setup,
    set_up,
    create_session,
    get_session,
    switch_organisation,
    delete_session,
    list_sessions,
    end_session,
]
