"""The HTTP routes for one's own account: name, password, authenticator app and recovery codes."""

from typing import Final

from litestar import Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from ninefold.core.clock import Clock
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy import accounts, second_factor
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.links import find_link
from ninefold.core.tenancy.model import ACCOUNT_PREFIX, Session
from ninefold.core.tenancy.passwords import Passwords
from ninefold.core.tenancy.personal_kinds import PASSWORD_LINK
from ninefold.core.web.access import Caller, access
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.people.cookies import SET_COOKIE, forget_session_cookie
from ninefold.core.web.people.password_proof import PasswordProof
from ninefold.core.web.people.request_bodies import (
    ChangePassword,
    ConfirmPassword,
    ConfirmTotp,
    ResetPassword,
    UpdateAccount,
)
from ninefold.core.web.people.views import AccountView, RecoveryCodes, TotpView, show_account
from ninefold.core.web.problems import problem_responses

_ACCOUNT: Final = "/api/v1/account"
_TAGS: Final = ["account"]
_PERSON: Final = access(caller=Caller.PERSON)


@get(_ACCOUNT, tags=_TAGS, opt=_PERSON)
async def get_account(session: NamedDependency[Session], database: NamedDependency[Database]) -> AccountView:
    """Show one's own account."""
    async with database.connection() as connection:
        return show_account(await accounts.get_account(connection, session.account_id))


@patch(_ACCOUNT, tags=_TAGS, opt=_PERSON)
async def update_account(
    data: FromBody[UpdateAccount],
    session: NamedDependency[Session],
    database: NamedDependency[Database],
    audit: NamedDependency[AuditEntry],
) -> AccountView:
    """Change one's name."""
    async with database.transaction() as connection:
        audit.target_id = format_id(ACCOUNT_PREFIX, session.account_id)
        return show_account(await accounts.rename_account(connection, session.account_id, name=data.name))


@put(f"{_ACCOUNT}/password", tags=_TAGS, opt=_PERSON, status_code=204, responses=problem_responses(429))
async def change_password(
    *,
    data: FromBody[ChangePassword],
    session: NamedDependency[Session],
    database: NamedDependency[Database],
    passwords: NamedDependency[Passwords],
    password_proof: NamedDependency[PasswordProof],
    audit: NamedDependency[AuditEntry],
) -> None:
    """Change one's password.

    All other sessions end.
    """
    password_hash = await passwords.hash(data.password)
    await password_proof.require(data.current_password, field="current_password")
    async with database.transaction() as connection:
        audit.target_id = format_id(ACCOUNT_PREFIX, session.account_id)
        await accounts.set_password(
            connection, session.account_id, password_hash=password_hash, kept_session_id=session.session_id
        )


@post(f"{_ACCOUNT}/totp", tags=_TAGS, opt=_PERSON, responses=problem_responses(409, 429))
async def begin_totp(
    *,
    data: FromBody[ConfirmPassword],
    session: NamedDependency[Session],
    database: NamedDependency[Database],
    sealer: NamedDependency[Sealer],
    password_proof: NamedDependency[PasswordProof],
    audit: NamedDependency[AuditEntry],
) -> TotpView:
    """Enrol an authenticator app.

    It isn't needed for signing in until its first code has enabled it.
    """
    await password_proof.require(data.password, field="password")
    async with database.transaction() as connection:
        audit.target_id = format_id(ACCOUNT_PREFIX, session.account_id)
        enrolment = await second_factor.begin_totp(connection, sealer, session.account_id)
    return TotpView(secret=enrolment.secret, uri=enrolment.uri)


@post(f"{_ACCOUNT}/totp/enable", tags=_TAGS, opt=_PERSON, status_code=200, responses=problem_responses(409))
async def enable_totp(
    *,
    data: FromBody[ConfirmTotp],
    session: NamedDependency[Session],
    database: NamedDependency[Database],
    sealer: NamedDependency[Sealer],
    clock: NamedDependency[Clock],
    audit: NamedDependency[AuditEntry],
) -> RecoveryCodes:
    """Enable the authenticator app with its first code.

    The response has recovery codes for the day on which the app is lost. They aren't shown again.
    """
    async with database.transaction() as connection:
        audit.target_id = format_id(ACCOUNT_PREFIX, session.account_id)
        codes = await second_factor.enable_totp(connection, sealer, session.account_id, code=data.code, now=clock.now())
    return RecoveryCodes(recovery_codes=codes)


@post(f"{_ACCOUNT}/totp/disable", tags=_TAGS, opt=_PERSON, status_code=204, responses=problem_responses(429))
async def disable_totp(
    data: FromBody[ConfirmPassword],
    session: NamedDependency[Session],
    database: NamedDependency[Database],
    password_proof: NamedDependency[PasswordProof],
    audit: NamedDependency[AuditEntry],
) -> None:
    """Remove the authenticator app and the recovery codes.

    Without an app, this has no effect.
    """
    await password_proof.require(data.password, field="password")
    async with database.transaction() as connection:
        audit.target_id = format_id(ACCOUNT_PREFIX, session.account_id)
        await second_factor.disable_totp(connection, session.account_id)


@post(f"{_ACCOUNT}/recovery-codes", tags=_TAGS, opt=_PERSON, responses=problem_responses(409, 429))
async def replace_recovery_codes(
    data: FromBody[ConfirmPassword],
    session: NamedDependency[Session],
    database: NamedDependency[Database],
    password_proof: NamedDependency[PasswordProof],
    audit: NamedDependency[AuditEntry],
) -> RecoveryCodes:
    """Create new recovery codes.

    The earlier ones become invalid.
    """
    await password_proof.require(data.password, field="password")
    async with database.transaction() as connection:
        audit.target_id = format_id(ACCOUNT_PREFIX, session.account_id)
        codes = await second_factor.replace_recovery_codes(connection, session.account_id)
    return RecoveryCodes(recovery_codes=codes)


@post(
    "/api/v1/password-reset",
    tags=_TAGS,
    opt=access(caller=Caller.ANYONE),
    status_code=204,
    responses=problem_responses(410),
    response_headers=[SET_COOKIE],
)
async def reset_password(
    data: FromBody[ResetPassword],
    database: NamedDependency[Database],
    passwords: NamedDependency[Passwords],
    audit: NamedDependency[AuditEntry],
) -> Response[None]:
    """Choose a new password, with the token of a link that the operator created.

    All sessions end. Sign in with the new password.
    """
    async with database.connection() as connection:
        await find_link(connection, PASSWORD_LINK, data.token)
    password_hash = await passwords.hash(data.password)
    async with database.transaction() as connection:
        account = await accounts.use_password_link(connection, data.token, password_hash=password_hash)
        audit.account_id = account.account_id
        audit.target_id = format_id(ACCOUNT_PREFIX, account.account_id)
    return Response(None, status_code=204, cookies=[forget_session_cookie()])


ACCOUNT_ROUTES: Final[list[HTTPRouteHandler]] = [
    get_account,
    update_account,
    change_password,
    begin_totp,
    enable_totp,
    disable_totp,
    replace_recovery_codes,
    reset_password,
]
