"""Surfaces: each protocol has its own credentials, bodies, errors, methods and queries, even without a route."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from litestar import Request, Response, WebSocket, asgi, get, head, post, route, websocket
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from litestar.types import Receive, Scope, Send

from ninefold.core.errors import ConflictError, NinefoldError, TooManyRequestsError, UnauthorizedError
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.api import api_surface
from ninefold.core.web.application import create_app
from ninefold.core.web.bodies import FormRequest, FromBody, RawRequest, UploadedFile
from ninefold.core.web.surfaces import Connection, Surface, SurfaceMap

GUEST = Principal(organisation_id=new_id(), credential_id=new_id())
UPLOAD_BYTES_MAX = 300_000


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """The card of a charge."""

    number: str
    exp_month: Annotated[int, msgspec.Meta(ge=1, le=12)]


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """A charge, sent as a form."""

    amount: int
    is_captured: bool = True
    card: Card | None = None
    expand: list[str] = msgspec.field(default_factory=list)
    receipt: UploadedFile | None = None


async def find_token(connection: Connection) -> Principal | None:
    """Read the token from the header, or else from the form, like Slack."""
    token: object = connection.headers.get("x-token")
    if token is None and isinstance(connection, FormRequest):
        token = (await connection.fields()).get("token")
    if token != "right":
        raise UnauthorizedError("The token is wrong.")
    return GUEST


def show_error(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return errors like Slack's, all with status 200."""
    del request
    return Response({"ok": False, "error": error.code}, status_code=200)


@post("/pay/v1/charges", status_code=200)
async def create_charge(data: FromBody[Charge], principal: NamedDependency[Principal]) -> dict[str, Any]:
    """Return the decoded charge."""
    assert principal == GUEST
    shown: dict[str, Any] = msgspec.to_builtins(data)
    return shown


@asgi("/pay/v1/files", is_mount=True, copy_scope=True)
async def serve_files(scope: Scope, receive: Receive, send: Send) -> None:
    """Be a mounted ASGI application, such as a Git server."""
    del receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(scope["auth"] == GUEST).encode(), "more_body": False})


@get("/pay/v1/refused")
async def refuse() -> None:
    """Refuse every request."""
    raise ConflictError("No.")


@post("/in/{token:str}", status_code=200, request_max_body_size=UPLOAD_BYTES_MAX)
async def receive_callback(request: RawRequest, token: FromPath[str]) -> dict[str, Any]:
    """Return the size of the body, and the query string."""
    sizes = [len(part) async for part in request.stream()]
    return {"token": token, "size": sum(sizes), "query": request.scope["query_string"].decode("latin-1")}


@get("/in/content", cache_control=None)
async def read_content() -> Response[bytes]:
    """Return bytes that clients can cache."""
    return Response(b"content", headers={"cache-control": "public, max-age=60"})


@get("/in/lines", media_type="application/x-ndjson")
async def read_lines() -> Stream:
    """Return a short stream."""

    async def lines() -> AsyncIterator[bytes]:
        for number in range(3):
            yield b"%d\n" % number

    return Stream(lines())


@head("/uploads/{name:str}", status_code=200)
async def measure_upload(name: FromPath[str]) -> Response[None]:
    """Return the offset of an upload, like tus."""
    return Response(None, headers={"upload-offset": str(len(name))})


@route("/uploads", http_method=["OPTIONS"], status_code=204)
async def describe_uploads() -> Response[None]:
    """Return the supported features, like tus."""
    return Response(None, headers={"tus-version": "1.0.0"})


@get("/api/v1/things")
async def list_things(limit: FromQuery[int] = 1) -> dict[str, int]:
    """Return the limit; a route of Ninefold's own API."""
    return {"limit": limit}


@get("/in/whoami")
async def show_principal(principal: NamedDependency[Principal | None]) -> dict[str, Any]:
    """Return the principal, where nobody is authenticated."""
    return {"principal": principal}


@get("/in/search")
async def search(text: FromQuery[str]) -> dict[str, str]:
    """Return what was searched for."""
    return {"text": text}


@websocket("/in/sockets/one")
async def open_socket(socket: WebSocket[Any, Any, Any]) -> None:
    """Accept a WebSocket and close it."""
    await socket.accept()
    await socket.close()


@post("/in/charges", status_code=200)
async def create_public_charge(data: FromBody[Charge]) -> dict[str, int]:
    """Return the amount of a form that everyone can send."""
    return {"amount": data.amount}


def fail_to_show(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Fail where an error is to be shown."""
    del request, error
    raise ZeroDivisionError


SURFACES = [
    Surface(path="/broken", show_error=fail_to_show),
    Surface(path="/in/charges", routes=[create_public_charge], request_class=FormRequest),
    Surface(
        path="/pay/v1",
        routes=[create_charge, refuse, serve_files],
        authenticate=find_token,
        request_class=FormRequest,
        show_error=show_error,
    ),
    Surface(
        path="/in",
        routes=[receive_callback, read_content, read_lines, show_principal, search, open_socket],
        request_class=RawRequest,
    ),
    Surface(path="/uploads", routes=[measure_upload, describe_uploads], has_own_methods=True),
]


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        database=database,
        surfaces=[api_surface(database, [list_things]), *SURFACES],
        readiness=[],
        title="Many",
        version="1",
    )
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # ASGI's messages are plain dictionaries.
    async with httpx.AsyncClient(transport=transport, base_url="http://many.test") as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/pay/v1/nowhere", (200, {"ok": False, "error": "route_not_found"})),
        ("//pay//v1/nowhere/", (200, {"ok": False, "error": "route_not_found"})),
        ("/pay/v1", (200, {"ok": False, "error": "route_not_found"})),
        ("/pay/v1/%00", (200, {"ok": False, "error": "bad_request"})),
    ],
)
async def test_a_path_without_a_route_gets_the_error_format_of_its_surface(
    client: httpx.AsyncClient, path: str, expected: Any
) -> None:
    response = await client.get(f"http://many.test{path}")

    assert (response.status_code, response.json()) == expected


@pytest.mark.parametrize("path", ["/pay/v10/charges", "/pay", "/nowhere"])
async def test_a_path_that_only_resembles_a_surfaces_path_is_not_part_of_it(
    client: httpx.AsyncClient, path: str
) -> None:
    response = await client.get(path)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_errors_of_routes_and_wrong_methods_have_the_error_format_of_their_surface(
    client: httpx.AsyncClient,
) -> None:
    refused = await client.get("/pay/v1/refused", headers={"x-token": "right"})
    wrong = await client.delete("/pay/v1/charges")

    assert refused.json() == {"ok": False, "error": "conflict"}
    assert wrong.json() == {"ok": False, "error": "method_not_allowed"}


@pytest.mark.parametrize("body", ["token=right&amount=5", "amount=5&token=right"])
async def test_a_token_can_be_in_the_body_and_the_route_still_gets_the_body(
    client: httpx.AsyncClient, body: str
) -> None:
    allowed = await client.post("/pay/v1/charges", content=body)
    refused = await client.post("/pay/v1/charges", content=body.replace("right", "wrong"))

    assert allowed.json()["amount"] == 5
    assert refused.json() == {"ok": False, "error": "unauthorized"}


@pytest.mark.parametrize("path", ["/pay/v1/files", "/pay/v1/files/a/b"])
async def test_a_mounted_application_needs_the_token_of_its_surface(client: httpx.AsyncClient, path: str) -> None:
    allowed = await client.get(path, headers={"x-token": "right"})
    refused = await client.get(path)

    assert allowed.text == "True"
    assert refused.json() == {"ok": False, "error": "unauthorized"}


async def test_a_mounted_application_reads_its_query_itself(client: httpx.AsyncClient) -> None:
    response = await client.get("/pay/v1/files/a?x=1&x=2", headers={"x-token": "right"})

    assert response.text == "True"


async def test_a_token_can_be_in_a_multipart_body(client: httpx.AsyncClient) -> None:
    response = await client.post("/pay/v1/charges", files={"token": (None, "right"), "amount": (None, "5")})

    assert response.json()["amount"] == 5


@pytest.mark.parametrize("content", [b"", b"&"])
async def test_an_empty_form_is_told_which_field_is_missing(client: httpx.AsyncClient, content: bytes) -> None:
    response = await client.post("/in/charges", content=content)

    assert (response.status_code, response.json()["field"]) == (422, "amount")
    assert response.json()["detail"] == "amount is missing."


async def test_a_principal_is_none_on_a_surface_without_authentication(client: httpx.AsyncClient) -> None:
    response = await client.get("/in/whoami")

    assert response.json() == {"principal": None}


async def test_a_nul_in_a_query_parameter_is_refused_on_every_surface(client: httpx.AsyncClient) -> None:
    response = await client.get("/in/search?text=%00")

    assert (response.status_code, response.json()["field"]) == (422, "text")


@pytest.mark.parametrize("query", ["text=null", "text=a&text=b", "text=a&other=1"])
async def test_a_surface_that_is_not_strict_accepts_any_query(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/in/search?{query}")).status_code == 200


async def test_a_missing_query_parameter_is_named(client: httpx.AsyncClient) -> None:
    response = await client.get("/in/search")

    assert (response.status_code, response.json()["field"]) == (422, "text")
    assert response.json()["detail"] == "Parameter text is missing."


async def test_a_request_to_a_websocket_is_told_to_upgrade(client: httpx.AsyncClient) -> None:
    response = await client.get("/in/sockets/one")

    assert (response.status_code, response.headers["upgrade"]) == (426, "websocket")
    assert response.json()["code"] == "upgrade_required"


async def test_an_error_that_its_surface_fails_to_show_becomes_a_problem(client: httpx.AsyncClient) -> None:
    response = await client.get("/broken/nowhere")

    assert (response.status_code, response.json()["code"]) == (404, "route_not_found")


async def test_a_form_is_converted_to_the_types_of_the_route(client: httpx.AsyncClient) -> None:
    form = "amount=500&is_captured=false&card[number]=4242&card[exp_month]=4&expand[]=a&expand[]=b"

    response = await client.post("/pay/v1/charges", content=form, headers={"x-token": "right"})

    assert response.json() == {
        "amount": 500,
        "is_captured": False,
        "card": {"number": "4242", "exp_month": 4},
        "expand": ["a", "b"],
        "receipt": None,
    }


async def test_the_same_route_accepts_json_and_multipart_with_files(client: httpx.AsyncClient) -> None:
    headers = {"x-token": "right"}

    as_json = await client.post("/pay/v1/charges", json={"amount": 7}, headers=headers)
    as_parts = await client.post(
        "/pay/v1/charges",
        data={"amount": "8"},
        files={"receipt": ("r.txt", b"\xffpaid", "text/plain")},
        headers=headers,
    )

    assert as_json.json()["amount"] == 7
    assert as_parts.json()["amount"] == 8
    assert as_parts.json()["receipt"] == {"file_name": "r.txt", "media_type": "text/plain", "content": "/3BhaWQ="}


async def test_a_body_that_is_not_a_form_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"x-token": "right", "content-type": "text/csv"}

    response = await client.post("/pay/v1/charges", content=b"amount", headers=headers)

    assert response.json() == {"ok": False, "error": "unsupported_media_type"}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_raw_route_accepts_any_bytes_of_any_media_type_in_chunks(
    client: httpx.AsyncClient, content_type: str
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield b"\x00\xff" * 50_000

    response = await client.post("/in/t1", content=parts(), headers={"content-type": content_type})

    assert response.json() == {"token": "t1", "size": 200_000, "query": ""}


async def test_a_raw_route_has_its_own_size_limit(client: httpx.AsyncClient) -> None:
    response = await client.post("/in/t1", content=b"x" * (UPLOAD_BYTES_MAX + 1))

    assert response.status_code == 413
    assert "300,000 bytes" in response.json()["detail"]


@pytest.mark.parametrize("query", ["a=%FF", "a=1&a=2&b", "%", "x=null"])
async def test_a_query_of_any_bytes_is_accepted_by_a_surface_that_is_not_strict(
    client: httpx.AsyncClient, query: str
) -> None:
    response = await client.post(f"http://many.test/in/t1?{query}", content=b"")
    refused = await client.get(f"http://many.test/api/v1/things?{query}")

    assert response.json()["query"] == query
    assert refused.status_code in {400, 401}


async def test_a_surface_can_handle_head_and_options_itself(client: httpx.AsyncClient) -> None:
    measured = await client.head("/uploads/abc")
    described = await client.options("/uploads")

    assert (measured.status_code, measured.headers["upload-offset"]) == (200, "3")
    assert (described.status_code, described.headers["tus-version"]) == (204, "1.0.0")


async def test_a_routes_own_cache_control_is_kept(client: httpx.AsyncClient) -> None:
    response = await client.get("/in/content")

    assert response.headers.get_list("cache-control") == ["public, max-age=60"]
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_a_stream_is_sent_completely(client: httpx.AsyncClient) -> None:
    response = await client.get("/in/lines")

    assert response.text == "0\n1\n2\n"


def test_a_route_outside_its_surfaces_path_prevents_the_start(database: Database) -> None:
    with pytest.raises(ValueError, match=r"/in/\{token:str\} is a route of the surface /out"):
        create_app(
            database=database,
            surfaces=[Surface(path="/out", routes=[receive_callback])],
            readiness=[],
            title="Wrong",
            version="1",
        )


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (["/", "/a", "/a"], "same path"),
        (["/a"], "at the root"),
        (["/", "/a/"], "must start with one slash"),
        (["/", "a"], "must start with one slash"),
    ],
)
def test_contradictory_surfaces_prevent_the_start(paths: list[str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        SurfaceMap([Surface(path=path) for path in paths])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/api/account", "/"),
        ("/api/v1", "/api/v1"),
        ("/api/v1/x", "/api/v1"),
        ("/api/v1x", "/"),
        ("//api//v1//", "/api/v1"),
        ("/api/v1/deep/er", "/api/v1/deep"),
    ],
)
def test_the_longest_matching_path_applies(path: str, expected: str) -> None:
    surfaces = SurfaceMap([Surface(path=each) for each in ("/", "/api/v1/deep", "/api/v1")])

    assert surfaces.find(path).path == expected


async def test_an_application_gets_what_routes_get(database: Database) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        scope["path_template"] = "/plain/{anything}"
        if scope["path"] == "/plain/conflict":
            raise ConflictError("There is one already.")
        if scope["path"] == "/plain/bug":
            raise ZeroDivisionError
        if scope["path"] == "/plain/busy":
            raise TooManyRequestsError("Too many.", retry_after_s=7)
        message = await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": message["body"], "more_body": False})

    surface = Surface(path="/plain", application=application, has_own_methods=True)
    app = create_app(database=database, surfaces=[surface], readiness=[], title="Plain", version="1")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:  # type: ignore[arg-type]
        echoed = await client.request("PROPFIND", "/plain/x", content=b"hello")
        problems = [await client.get(f"/plain/{name}") for name in ("conflict", "busy", "bug")]
        metrics = (await client.get("/metrics")).text

    assert (echoed.status_code, echoed.content) == (200, b"hello")
    assert echoed.headers["x-request-id"].startswith("req_")
    assert [problem.json()["code"] for problem in problems] == ["conflict", "too_many_requests", "internal"]
    assert problems[1].headers["retry-after"] == "7"
    assert 'route="/plain/{anything}"' in metrics
