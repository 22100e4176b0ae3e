"""People who are signed in, for tests of any system."""

from collections.abc import AsyncIterable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import msgspec
from argon2 import PasswordHasher

from http_api import Api, Json, problem_of
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.accounts import create_account, set_password
from ninefold.core.tenancy.members import add_member
from ninefold.core.tenancy.model import ACCOUNT_PREFIX
from ninefold.core.tenancy.roles import Role
from ninefold.core.tenancy.service import create_organisation
from ninefold.core.tenancy.sessions import create_session
from ninefold.core.web.api_authentication import SESSION_COOKIE
from ninefold.core.web.forgery import csrf_token
from ninefold.core.web.site import Site

PASSWORD = "a sentence that only tests know"
WRONG_PASSWORD = "another sentence, which is wrong"
CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD_HASH = CHEAP_HASHER.hash(PASSWORD)


NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class SetClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        """Return the time that the test has set."""
        return self.time

    def advance(self, **time: float) -> None:
        """Let time pass, such as `seconds=1`."""
        self.time += timedelta(**time)


class Person(Api):
    """Calls the HTTP API as a person in a browser: with a cookie and the CSRF token."""

    def __init__(self, http: httpx.AsyncClient, session_text: str, *, email: str, account_id: UUID) -> None:
        super().__init__(http, api_key="")
        self.session_text = session_text
        self.email = email
        self.account_id = account_id

    @property
    def account_text(self) -> str:
        """The id of the account, as the API shows it."""
        return format_id(ACCOUNT_PREFIX, self.account_id)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request; `path` is what follows `/api/v1`."""
        if json is not None:
            content = msgspec.json.encode(json)
        sent = {
            "Cookie": f"{SESSION_COOKIE}={self.session_text}",
            "X-CSRF-Token": csrf_token(self.session_text),
            **({} if content is None else {"Content-Type": "application/json"}),
        }
        response = await self.http.request(
            method, f"/api/v1{path}", content=content, headers={**sent, **(headers or {})}
        )
        # Other people and programs use the same client.
        self.http.cookies.clear()
        return response


async def make_person(
    http: httpx.AsyncClient,
    database: Database,
    *,
    organisation_id: UUID | None,
    role: Role = Role.OWNER,
    email: str | None = None,
) -> Person:
    """Create an account with `PASSWORD`, a membership and a session.

    Args:
        http: the client to use.
        database: where the account is created.
        organisation_id: the organisation to be a member of; None for none.
        role: the role in it.
        email: the mail address; by default a new one.
    """
    email = email or f"{role}-{uuid4().hex[:12]}@example.com"
    async with database.transaction() as connection:
        account_id = (await create_account(connection, email=email)).account_id
        await set_password(connection, account_id, password_hash=PASSWORD_HASH)
        if organisation_id is not None:
            await add_member(connection, organisation_id=organisation_id, account_id=account_id, role=role)
        created = await create_session(
            connection, account_id=account_id, client="tests", address=None, lifetime=Site().session_lifetime
        )
    return Person(http, created.text, email=email, account_id=account_id)


async def new_organisation(database: Database, name: str) -> UUID:
    """Create an organisation, and return its id."""
    async with database.transaction() as connection:
        return (await create_organisation(connection, name=name)).organisation_id


def session_text_in(response: httpx.Response) -> str:
    """Return the session that a response sets as a cookie."""
    cookie = response.headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    assert name == SESSION_COOKIE
    text: str = rest.partition(";")[0].strip('"')
    return text


async def sign_in(
    http: httpx.AsyncClient, email: str, password: str = PASSWORD, *, code: str | None = None, **headers: str
) -> httpx.Response:
    """Sign in, without keeping the cookie."""
    body = {"email": email, "password": password, **({} if code is None else {"code": code})}
    response = await http.post("/api/v1/session", json=body, headers=headers)
    http.cookies.clear()
    return response


async def refuse(http: httpx.AsyncClient, email: str, password: str = WRONG_PASSWORD, *, status: int = 401) -> Json:
    """Fail to sign in, and return the problem."""
    return problem_of(await sign_in(http, email, password), status=status)
