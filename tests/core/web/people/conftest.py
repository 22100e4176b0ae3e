"""The API of people in process, with cheap hashes and a clock that the test sets."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from http_api import Api
from in_process import BASE_URL
from installations import SECRETS_KEY
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.passwords import Passwords
from ninefold.core.tenancy.roles import Role
from ninefold.core.tenancy.service import create_api_key
from ninefold.core.web.api import api_surface
from ninefold.core.web.application import create_app
from ninefold.core.web.people.routes import people_routes
from ninefold.core.web.site import Site
from people import CHEAP_HASHER, Person, SetClock, make_person, new_organisation


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def http(database: Database, clock: SetClock, site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API of people."""
    routes = people_routes(site, Sealer(SECRETS_KEY), passwords=Passwords(CHEAP_HASHER), clock=clock)
    app = create_app(
        database=database,
        surfaces=[api_surface(database, [routes], site=site)],
        readiness=[],
        title="People",
        version="1",
    )
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's scope is typed more narrowly.
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        yield client


@pytest.fixture
async def organisation_id(database: Database) -> UUID:
    return await new_organisation(database, "acme")


@pytest.fixture
async def owner(http: httpx.AsyncClient, database: Database, organisation_id: UUID) -> Person:
    return await make_person(http, database, organisation_id=organisation_id, email="mia@example.com")


@pytest.fixture
async def admin(http: httpx.AsyncClient, database: Database, organisation_id: UUID) -> Person:
    return await make_person(http, database, organisation_id=organisation_id, role=Role.ADMIN)


@pytest.fixture
async def viewer(http: httpx.AsyncClient, database: Database, organisation_id: UUID) -> Person:
    return await make_person(http, database, organisation_id=organisation_id, role=Role.VIEWER)


@pytest.fixture
async def stranger(http: httpx.AsyncClient, database: Database) -> Person:
    """The owner of another organisation."""
    other_id = await new_organisation(database, "globex")
    return await make_person(http, database, organisation_id=other_id, email="eve@example.com")


@pytest.fixture
async def api(http: httpx.AsyncClient, database: Database, organisation_id: UUID) -> Api:
    async with database.transaction() as connection:
        key = await create_api_key(connection, organisation_id=organisation_id, name="ci")
    return Api(http, key.text)


@pytest.fixture
def anonymous(http: httpx.AsyncClient) -> Person:
    """Somebody who isn't signed in."""
    return Person(http, "", email="", account_id=UUID(int=0))
