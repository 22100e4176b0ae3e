"""A small system whose routes use every feature that routes have, served in process."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from in_process import LentDatabase
from ninefold.core.errors import ConflictError
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import CreatedCredential, Principal
from ninefold.core.tenancy.service import create_api_key, create_organisation
from ninefold.core.web.api import api_surface
from ninefold.core.web.application import WebApplication, create_app
from ninefold.core.web.bodies import FromBody, RequestBody
from ninefold.core.web.ids import PathId
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses

NOTE_BODY_SIZE_MAX = 1000


class NoteId(PathId):
    """The id of a note in a path."""

    prefix = "note"


class Colour(StrEnum):
    """The colour of a note."""

    RED = "red"
    BLUE = "blue"


class Part(RequestBody, frozen=True, kw_only=True):
    """A part of a note."""

    text: Annotated[str, msgspec.Meta(max_length=10)]


class CreateNote(RequestBody, frozen=True, kw_only=True):
    """The body of a request that creates a note."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=20, description="What it is *about*, in `short`.")]
    payload: Annotated[msgspec.Raw, msgspec.Meta(description="Stored unchanged.")]
    priority: Annotated[int, msgspec.Meta(ge=0, le=9)] = 5
    labels: list[str] = msgspec.field(default_factory=list)
    parts: list[Part] = msgspec.field(default_factory=list)
    colour: Colour | None = None


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A note."""

    note_id: str
    organisation_id: UUID
    payload: str


NOTES = PagedList("notes", int)


@post(
    "/api/v1/notes",
    tags=["notes"],
    status_code=202,
    request_max_body_size=NOTE_BODY_SIZE_MAX,
    responses=problem_responses(409),
)
async def create_note(
    data: FromBody[CreateNote],
    principal: NamedDependency[Principal],
    idempotency_key: Annotated[
        str | None, HeaderParameter(name="Idempotency-Key", description="Makes a retry safe.")
    ] = None,
) -> Note:
    """Create a note.

    It never expires.
    """
    if idempotency_key == "used":
        raise ConflictError("The key was used.", field="idempotency_key", remedy="Use another.")
    return Note(note_id="note_1", organisation_id=principal.organisation_id, payload=bytes(data.payload).decode())


@get("/api/v1/notes", tags=["notes"])
async def list_notes(
    principal: NamedDependency[Principal],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
    colour: FromQuery[Colour | None] = None,
    after_note_id: FromQuery[NoteId | None] = None,
) -> Page[Note]:
    """List the notes."""
    del colour, after_note_id
    query = NOTES.query(cursor, limit)
    first = 0 if query.position is None else query.position + 1
    return query.page(
        range(first, first + query.rows_max),
        position_of=int,
        show=lambda number: Note(note_id=str(number), organisation_id=principal.organisation_id, payload="1"),
    )


@get("/api/v1/notes/{note_id:str}", tags=["notes"])
async def read_note(
    note_id: FromPath[NoteId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> Note:
    """Read a note."""
    async with database.connection() as connection:
        found = await connection.fetchval("SELECT $1::uuid", note_id)
    return Note(note_id=str(note_id), organisation_id=principal.organisation_id, payload=str(found))


@delete("/api/v1/notes/{note_id:str}", tags=["notes"])
async def delete_note(note_id: FromPath[NoteId]) -> None:
    """Delete a note."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """How many notes were sorted."""

    count: int


@put("/api/v1/notes/order", tags=["notes"])
async def order_notes(data: FromBody[list[str] | None] = None) -> Order:
    """Sort notes."""
    return Order(count=len(data or []))


@get("/api/v1/bugs", tags=["bugs"])
async def find_bug() -> Response[Note]:
    """Fail with an unexpected error."""
    raise ZeroDivisionError("the secret inside")


ROUTES = [create_note, list_notes, read_note, delete_note, order_notes, find_bug]


@pytest.fixture(scope="session")
def lent_database() -> LentDatabase:
    """The database of `app`, which outlives the tests' own: to build an application takes longer than most tests."""
    return LentDatabase()


@pytest.fixture(scope="session")
def built_app(lent_database: LentDatabase) -> WebApplication:
    return create_app(
        database=lent_database,
        surfaces=[api_surface(lent_database, ROUTES)],
        readiness=[],
        title="Notes",
        version="1.2.3",
        description="Keeps notes.",
    )


@pytest.fixture
def app(built_app: WebApplication, lent_database: LentDatabase, database: Database) -> WebApplication:
    lent_database.lend(database)
    return built_app


@pytest.fixture
async def api_key(database: Database) -> CreatedCredential:
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name="acme")
        return await create_api_key(connection, organisation_id=organisation.organisation_id, name="test")


@pytest.fixture
async def anonymous(app: WebApplication) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # Litestar's scope is typed more narrowly.
    async with httpx.AsyncClient(transport=transport, base_url="http://notes.test") as client:
        yield client


@pytest.fixture
async def client(anonymous: httpx.AsyncClient, api_key: CreatedCredential) -> httpx.AsyncClient:
    """A client with a key."""
    anonymous.headers["Authorization"] = f"Bearer {api_key.text}"
    return anonymous


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged during the test, context included."""
    with capture_logs(processors=[merge_contextvars]) as entries:
        yield entries
