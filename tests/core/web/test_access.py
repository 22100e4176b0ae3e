"""What a route says about its callers, and that one place checks it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from litestar import WebSocket, get, post, websocket
from litestar.di import NamedDependency

from http_api import Api, problem_of
from in_process import BASE_URL
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.roles import Role
from ninefold.core.web.access import Access, Caller, access
from ninefold.core.web.api import api_surface
from ninefold.core.web.api_authentication import SESSION_COOKIE
from ninefold.core.web.application import WebApplication, create_app
from people import Person, make_person, new_organisation


@get("/api/v1/things")
async def list_things(principal: NamedDependency[Principal]) -> str:
    """List things."""
    return str(principal.account_id)


@post("/api/v1/things")
async def create_thing(database: NamedDependency[Database]) -> str:
    """Create a thing."""
    async with database.transaction():
        return "created"


@post("/api/v1/feedback", opt=access(caller=Caller.ANYONE, not_audited="It is only a test."))
async def send_feedback(principal: NamedDependency[Principal | None]) -> str:
    """Send feedback."""
    return str(principal)


@websocket("/api/v1/feed")
async def follow(socket: WebSocket[Any, Any, Any], principal: NamedDependency[Principal]) -> None:
    """Follow a feed."""
    await socket.accept()
    await socket.send_text(str(principal.account_id))
    await socket.close()


@pytest.fixture
def app(database: Database) -> WebApplication:
    routes = [list_things, create_thing, send_feedback, follow]
    return create_app(
        database=database, surfaces=[api_surface(database, routes)], readiness=[], title="Things", version="1"
    )


@pytest.fixture
async def http(app: WebApplication) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's scope is typed more narrowly.
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        yield client


@pytest.fixture
async def developer(http: httpx.AsyncClient, database: Database) -> Person:
    organisation_id = await new_organisation(database, "acme")
    return await make_person(http, database, organisation_id=organisation_id, role=Role.DEVELOPER)


@pytest.mark.parametrize(
    ("declared", "method", "scope", "is_audited"),
    [
        (Access(), "GET", "read", False),
        (Access(), "HEAD", "read", False),
        (Access(), "POST", "write", True),
        (Access(), "DELETE", "write", True),
        (Access(scope="admin"), "GET", "admin", False),
        (Access(scope="admin"), "PUT", "admin", True),
        (Access(not_audited="Why."), "POST", "write", False),
        (Access(caller=Caller.PERSON), "POST", None, True),
        (Access(caller=Caller.PERSON, scope="read"), "POST", "read", True),
        (Access(caller=Caller.ANYONE), "POST", None, True),
    ],
    ids=str,
)
def test_what_a_route_needs_follows_from_its_method_unless_it_says_otherwise(
    declared: Access, method: str, scope: str | None, *, is_audited: bool
) -> None:
    assert declared.scope_for(method) == scope
    assert declared.is_audited(method) is is_audited


async def test_a_route_of_any_system_accepts_a_session(developer: Person) -> None:
    response = await developer.request("GET", "/things")

    assert response.text == str(developer.account_id)
    assert (await developer.request("POST", "/things")).text == "created"


async def test_anyone_can_call_what_is_for_anyone(http: httpx.AsyncClient) -> None:
    assert (await http.post("/api/v1/feedback")).text == "None"


async def test_a_request_without_credentials_is_told_about_keys(http: httpx.AsyncClient) -> None:
    problem = problem_of(await http.get("/api/v1/things"), status=401)

    assert problem["code"] == "api_key_missing"


async def test_an_invalid_session_is_not_replaced_by_nothing(http: httpx.AsyncClient, developer: Person) -> None:
    other = "y" if developer.session_text.endswith("x") else "x"
    forged = Person(http, developer.session_text[:-1] + other, email="", account_id=developer.account_id)

    assert (await forged.refused(401, "GET", "/things"))["code"] == "session_invalid"


async def test_a_key_of_another_kind_is_refused_as_an_unknown_one(http: httpx.AsyncClient, developer: Person) -> None:
    assert (await Api(http, developer.session_text).refused(401, "GET", "/things"))["code"] == "api_key_invalid"


@pytest.mark.parametrize(
    ("headers", "is_admitted"),
    [
        ({"origin": BASE_URL}, True),
        ({}, True),
        ({"origin": "https://evil.example"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
    ],
    ids=str,
)
async def test_a_page_of_another_site_cannot_open_a_websocket_with_a_session(
    app: WebApplication, developer: Person, headers: Mapping[str, str], *, is_admitted: bool
) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    cookie = f"{SESSION_COOKIE}={developer.session_text}"
    scope: Any = {
        "type": "websocket",
        "path": "/api/v1/feed",
        "raw_path": b"/api/v1/feed",
        "root_path": "",
        "query_string": b"",
        "scheme": "ws",
        "subprotocols": [],
        "headers": [
            (b"host", b"ninefold.test"),
            (b"cookie", cookie.encode()),
            *[(name.encode(), value.encode()) for name, value in headers.items()],
        ],
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)

    assert (sent[0]["type"] == "websocket.accept") is is_admitted
    if not is_admitted:
        assert sent[0]["code"] == 4403
