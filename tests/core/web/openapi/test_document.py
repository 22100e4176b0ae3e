"""The OpenAPI document: complete, correct, and built from the routes' types."""

from typing import Annotated, Any

import httpx
import msgspec
import pytest
from litestar import Response, get, post
from litestar.params import FromQuery
from litestar.response import Stream

from ninefold.core.postgres.database import Database
from ninefold.core.web.access import Caller, access
from ninefold.core.web.api import api_surface
from ninefold.core.web.application import create_app
from ninefold.core.web.openapi.document import build_openapi
from ninefold.core.web.openapi.responses import bytes_response, stream_response
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.surfaces import Surface


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A move."""

    uci: str


@pytest.fixture
async def document(anonymous: httpx.AsyncClient) -> dict[str, Any]:
    response = await anonymous.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    return dict(response.json())


def test_it_is_openapi_31_with_title_and_version(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert (document["info"]["title"], document["info"]["version"]) == ("Notes", "1.2.3")


def test_its_description_says_what_the_api_is_for_and_how_to_call_it(document: dict[str, Any]) -> None:
    description = document["info"]["description"]

    assert description.startswith("Keeps notes.\n")
    assert "Authorization: Bearer nfk_…" in description
    assert "application/problem+json" in description


def test_it_lists_the_routes_of_the_api_only(document: dict[str, Any]) -> None:
    assert {path: sorted(item) for path, item in document["paths"].items()} == {
        "/api/v1/bugs": ["get"],
        "/api/v1/notes": ["get", "post"],
        "/api/v1/notes/order": ["put"],
        "/api/v1/notes/{note_id}": ["delete", "get"],
    }


def test_an_operation_has_the_text_of_its_handlers_docstring(document: dict[str, Any]) -> None:
    operation = document["paths"]["/api/v1/notes"]["post"]

    assert operation["operationId"] == "create_note"
    assert operation["summary"] == "Create a note"
    assert operation["description"] == "It never expires."
    assert operation["tags"] == ["notes"]


def test_a_body_has_its_types_bounds_and_descriptions(document: dict[str, Any]) -> None:
    body = document["paths"]["/api/v1/notes"]["post"]["requestBody"]
    schema = document["components"]["schemas"]["CreateNote"]

    assert body["required"] is True
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/CreateNote"}
    assert schema["required"] == ["title", "payload"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["title"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 20,
        "description": "What it is *about*, in `short`.",
    }
    assert schema["properties"]["payload"] == {"description": "Stored unchanged."}
    assert schema["properties"]["priority"]["default"] == 5


def test_an_optional_body_is_not_required(document: dict[str, Any]) -> None:
    assert document["paths"]["/api/v1/notes/order"]["put"]["requestBody"]["required"] is False


def test_parameters_have_their_place_and_their_schema(document: dict[str, Any]) -> None:
    cursor, limit, *_ = document["paths"]["/api/v1/notes"]["get"]["parameters"]
    (note_id,) = document["paths"]["/api/v1/notes/{note_id}"]["get"]["parameters"]
    (key,) = document["paths"]["/api/v1/notes"]["post"]["parameters"]

    assert (cursor["in"], cursor["required"], cursor["schema"]["type"]) == ("query", False, "string")
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    assert (note_id["in"], note_id["required"]) == ("path", True)
    assert note_id["schema"]["pattern"] == "^note_[0-7][0-9a-hjkmnp-tv-z]{25}$"
    assert (key["name"], key["in"], key["schema"]) == ("Idempotency-Key", "header", {"type": "string"})
    assert key["description"] == "Makes a retry safe."


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/api/v1/notes", "post", ["202", "400", "401", "403", "409", "413", "415", "422", "503"]),
        ("/api/v1/notes", "get", ["200", "400", "401", "403", "422", "503"]),
        ("/api/v1/notes/{note_id}", "get", ["200", "400", "401", "403", "404", "503"]),
        ("/api/v1/notes/{note_id}", "delete", ["204", "400", "401", "403", "404", "503"]),
    ],
)
def test_every_response_is_listed(document: dict[str, Any], path: str, method: str, statuses: list[str]) -> None:
    responses = document["paths"][path][method]["responses"]

    assert list(responses) == statuses
    for status in statuses[1:]:
        assert responses[status]["content"] == {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        }


def test_retryable_responses_have_retry_after(document: dict[str, Any]) -> None:
    responses = document["paths"]["/api/v1/notes"]["post"]["responses"]

    with_header = {status for status, response in responses.items() if "Retry-After" in response.get("headers", {})}
    assert with_header == {"409", "503"}
    assert responses["503"]["headers"]["Retry-After"]["schema"] == {"type": "integer"}


def test_responses_have_their_schemas(document: dict[str, Any]) -> None:
    paths = document["paths"]

    assert _response_schema(paths["/api/v1/notes"]["get"]) == {"$ref": "#/components/schemas/Page_Note_"}
    assert _response_schema(paths["/api/v1/bugs"]["get"]) == {"$ref": "#/components/schemas/Note"}
    assert "content" not in paths["/api/v1/notes/{note_id}"]["delete"]["responses"]["204"]


def test_every_reference_exists(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    for reference in _references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas


def test_the_api_requires_a_key(document: dict[str, Any]) -> None:
    assert document["security"] == [{"api_key": []}, {"session": []}]
    assert document["components"]["securitySchemes"]["api_key"]["scheme"] == "bearer"
    assert document["components"]["securitySchemes"]["session"]["in"] == "cookie"


@pytest.mark.parametrize(
    ("path", "method", "scope"),
    [
        ("/api/v1/notes", "get", "read"),
        ("/api/v1/notes", "post", "write"),
        ("/api/v1/notes/{note_id}", "delete", "write"),
    ],
)
def test_an_operation_says_which_permission_it_needs(
    document: dict[str, Any], path: str, method: str, scope: str
) -> None:
    assert document["paths"][path][method]["security"] == [{"api_key": [scope]}, {"session": [scope]}]


def test_an_operation_for_people_takes_no_key_and_one_for_anyone_takes_nothing(database: Database) -> None:
    @get("/api/v1/me", opt=access(caller=Caller.PERSON), sync_to_thread=False)
    def read_me() -> str:
        """Read me."""
        return ""

    @post("/api/v1/feedback", opt=access(caller=Caller.ANYONE), sync_to_thread=False)
    def send_feedback() -> str:
        """Send feedback."""
        return ""

    paths = _document(database, read_me, send_feedback)["paths"]

    assert paths["/api/v1/me"]["get"]["security"] == [{"session": []}]
    assert paths["/api/v1/feedback"]["post"]["security"] == []
    assert list(paths["/api/v1/feedback"]["post"]["responses"]) == ["201", "400", "403", "503"]


def test_a_route_of_a_surface_without_authentication_requires_no_key(database: Database) -> None:
    @get("/feed", sync_to_thread=False)
    def read_feed() -> str:
        """Read the feed."""
        return ""

    document = _document_of(database, Surface(path="/feed", routes=[read_feed], is_documented=True))
    operation = document["paths"]["/feed"]["get"]

    assert operation["security"] == []
    assert "401" not in operation["responses"]


def test_a_surface_is_documented_only_on_request(database: Database) -> None:
    @get("/feed", sync_to_thread=False)
    def read_feed() -> str:
        """Read the feed."""
        return ""

    assert _document_of(database, Surface(path="/feed", routes=[read_feed]))["paths"] == {}


def test_a_stream_or_bytes_response_is_described_by_its_media_type(database: Database) -> None:
    @get("/api/v1/moves", responses=stream_response("application/x-ndjson", Move, description="Each move."))
    async def follow_moves() -> Stream:
        """Follow the moves."""
        return Stream(iter(()))

    @get("/api/v1/film", responses=bytes_response("video/mp4", has_ranges=True))
    async def read_film() -> Response[bytes]:
        """Read a film."""
        return Response(b"")

    paths = _document(database, follow_moves, read_film)["paths"]

    moves = paths["/api/v1/moves"]["get"]["responses"]
    film = paths["/api/v1/film"]["get"]["responses"]
    assert moves["200"] == {
        "description": "Each move.",
        "content": {"application/x-ndjson": {"schema": {"$ref": "#/components/schemas/Move"}}},
    }
    assert film["200"]["content"] == film["206"]["content"] == {"video/mp4": {}}
    assert list(film["416"]["content"]) == ["application/problem+json"]


def test_an_id_in_the_query_is_described_with_its_error(document: dict[str, Any]) -> None:
    operation = document["paths"]["/api/v1/notes"]["get"]

    (parameter,) = [each for each in operation["parameters"] if each["name"] == "after_note_id"]
    assert (parameter["in"], parameter["required"]) == ("query", False)
    assert parameter["schema"]["pattern"].startswith("^note_")
    assert "422" in operation["responses"]


def test_two_handlers_with_the_same_name_prevent_the_start(database: Database) -> None:
    @get("/api/v1/a", sync_to_thread=False)
    def read() -> str:
        return ""

    @post("/api/v1/b", name="other", sync_to_thread=False)
    def read_other() -> str:
        return ""

    read_other.fn.__name__ = "read"

    with pytest.raises(ValueError, match=r"POST /api/v1/b and GET /api/v1/a are both handled by a function read"):
        _document(database, read, read_other)


def test_a_bound_that_would_not_be_enforced_prevents_the_start(database: Database) -> None:
    @get("/api/v1/a", sync_to_thread=False)
    def read(size: FromQuery[Annotated[int, msgspec.Meta(ge=1)]] = 1) -> str:
        return str(size)

    with pytest.raises(ValueError, match="Parameter size"):
        _document(database, read)


def test_problem_responses_describe_their_statuses() -> None:
    responses = problem_responses(404, 409)

    assert [(status, spec.description) for status, spec in responses.items()] == [
        (404, "Not found."),
        (409, "Conflict."),
    ]


def _document(database: Database, *handlers: Any) -> dict[str, Any]:
    return _document_of(database, api_surface(database, handlers))


def _document_of(database: Database, surface: Surface) -> dict[str, Any]:
    app = create_app(database=database, surfaces=[surface], readiness=[], title="Small", version="1")
    return build_openapi(app._litestar, app._surfaces, title="Small", version="1", description="")


def _response_schema(operation: dict[str, Any]) -> Any:
    success = next(iter(operation["responses"].values()))
    return success["content"]["application/json"]["schema"]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [reference for inner in node.values() for reference in _references(inner)]
    if isinstance(node, list):
        return [reference for inner in node for reference in _references(inner)]
    return []
