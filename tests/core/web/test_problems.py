"""Every error is sent as a problem, without internal details."""

from collections.abc import MutableMapping
from typing import Any, NoReturn

import asyncpg
import httpx
import pytest

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.tenancy import service as tenancy_service
from ninefold.core.web import problems

ID = "note_01h455vb4pex5vsknk084sn02q"


@pytest.fixture(autouse=True)
def nothing_logged_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what was logged for earlier tests: an unavailable database is logged once a minute."""
    monkeypatch.setattr("ninefold.core.web.problems._UNAVAILABLE_LOG._logged_at", {})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("PATCH", "/api/v1/notes", 405),
        ("GET", "/api/v1/notes?limit=0", 422),
        ("GET", "/api/v1/notes/none", 404),
        ("GET", "/api/v1/bugs", 500),
        ("GET", "/api/v1/notes?cursor=%00", 400),
        ("POST", "/api/v1/notes", 400),
    ],
)
async def test_an_error_is_a_problem_with_code_detail_remedy_and_request_id(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    response = await client.request(method, path)

    problem = response.json()
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"] == f"urn:ninefold:problem:{problem['code']}"
    assert problem["title"]
    assert problem["detail"].endswith(".")
    assert problem["remedy"].endswith(".")
    assert problem["is_retryable"] is False
    assert problem["request_id"] == response.headers["x-request-id"]


async def test_a_systems_own_error_keeps_its_field_and_remedy(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/api/v1/notes", json={"title": "x", "payload": 1}, headers={"Idempotency-Key": "used"}
    )

    problem = response.json()
    assert response.status_code == 409
    assert (problem["code"], problem["field"], problem["remedy"]) == (
        "conflict",
        "idempotency_key",
        "Use another.",
    )


async def test_a_bug_gets_500_without_internals_and_is_logged_with_its_traceback(
    client: httpx.AsyncClient, logs: list[MutableMapping[str, Any]]
) -> None:
    response = await client.get("/api/v1/bugs")

    assert response.status_code == 500
    assert "secret" not in response.text
    assert "ZeroDivision" not in response.text
    failed, answered = logs
    assert failed["event"] == "web.request.failed"
    assert isinstance(failed["exc_info"], ZeroDivisionError)
    assert failed["request_id"] == response.json()["request_id"]
    assert answered["status"] == 500


@pytest.mark.parametrize("path", ["/api/v1/notes", "/api/v1/notes/", "/api/v1//notes", "//api/v1/notes//"])
async def test_a_method_that_is_not_allowed_gets_405_with_the_allowed_ones(
    client: httpx.AsyncClient, path: str
) -> None:
    response = await client.put(httpx.URL("http://notes.test", raw_path=path.encode()))

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert response.json()["remedy"] == "Use GET, HEAD, POST, OPTIONS."


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("limit=0", "expected an integer >= 1"),
        ("limit=101", "expected an integer <= 100"),
        ("limit=ten", "expected an integer, got a string"),
        ("limit=", "expected an integer, got a string"),
        ("limit=1.5", "expected an integer"),
        ("limit=99999999999999999999", "expected an integer <= 100"),
    ],
)
async def test_an_invalid_parameter_gets_422_with_its_name(client: httpx.AsyncClient, query: str, reason: str) -> None:
    response = await client.get(f"/api/v1/notes?{query}")

    assert response.status_code == 422
    assert response.json()["field"] == "limit"
    assert reason in response.json()["detail"]


async def test_an_invalid_enum_value_gets_422_with_the_allowed_ones(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/notes?colour=green")

    assert response.status_code == 422
    assert response.json()["field"] == "colour"
    assert response.json()["detail"] == 'Parameter colour: expected "red" or "blue", got \'green\'.'


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/notes?cursor=%00",
        "/api/v1/notes?cursor=%ff",
        "/api/v1/notes?cursor=%zz",
        "/api/v1/notes?cursor=%",
        "/api/v1/notes/%00",
        "/api/v1/notes/%ff%fe",
        "/%c3%28",
    ],
)
async def test_a_url_that_cannot_be_decoded_gets_400(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(httpx.URL("http://notes.test", raw_path=path.encode()))

    assert response.status_code == 400
    assert response.json()["code"] == "bad_request"


async def test_an_invalid_host_gets_400(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/notes", headers={"Host": "not a host"})

    assert response.status_code == 400
    assert response.json()["code"] == "bad_request"


@pytest.mark.parametrize(
    "text",
    [
        "note_01h455vb4pex5vsknk084sn02",
        "note_01h455vb4pex5vsknk084sn02qq",
        "note_81h455vb4pex5vsknk084sn02q",
        "note_01h455vb4pex5vsknk084sn02u",
        "NOTE_01h455vb4pex5vsknk084sn02q",
        "sub_01h455vb4pex5vsknk084sn02q",
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "%C3%BC",
        "'%20OR%201=1--",
    ],
)
async def test_an_invalid_id_in_a_path_gets_404(client: httpx.AsyncClient, text: str) -> None:
    response = await client.get(f"/api/v1/notes/{text}")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


async def test_an_id_reaches_the_handler_as_a_uuid(client: httpx.AsyncClient) -> None:
    response = await client.get(f"/api/v1/notes/{ID}")

    assert response.json()["note_id"] == ID
    assert response.json()["payload"] == "01890a5d-ac96-774b-bcce-b302099a8057"


async def test_an_unavailable_database_gets_503_with_retry_after(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, logs: list[MutableMapping[str, Any]]
) -> None:
    error = DatabaseUnavailableError("PostgreSQL is away.", field="NINEFOLD_DATABASE_URL", remedy="Check the address.")

    def fail(_: Database) -> NoReturn:
        raise error

    monkeypatch.setattr(Database, "connection", fail)

    response = await client.get("/api/v1/notes")

    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    assert response.json()["code"] == "database_unavailable"
    assert response.json()["is_retryable"] is True
    assert "field" not in response.json()
    assert "Send the same request again" in response.json()["remedy"]
    assert "is away" not in response.text
    assert "NINEFOLD" not in response.text
    assert logs[0]["event"] == "web.database.unavailable"
    assert logs[0]["error"] == "DatabaseUnavailableError: PostgreSQL is away. Check the address."


async def test_a_full_disk_of_the_database_is_reported(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, logs: list[MutableMapping[str, Any]]
) -> None:
    async def fail(*_: object, **__: object) -> NoReturn:
        raise asyncpg.DiskFullError("could not extend file: No space left on device")

    monkeypatch.setattr(tenancy_service, "authenticate", fail)

    responses = [await client.get("/api/v1/notes") for _ in range(3)]

    for response in responses:
        assert response.status_code == 503
        assert response.json()["code"] == "database_disk_full"
        assert response.json()["is_retryable"] is True
        assert "disk is full" in response.json()["detail"]
        assert "extend file" not in response.text
    unavailable = [line["error"] for line in logs if line["event"] == "web.database.unavailable"]
    assert len(unavailable) == 1
    assert "No space left on device" in unavailable[0]


async def test_a_reason_is_logged_again_after_a_minute(
    client: httpx.AsyncClient,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    logs: list[MutableMapping[str, Any]],
) -> None:
    monkeypatch.setattr(problems, "UNAVAILABLE_LOG_INTERVAL_S", 0.0)
    await database.close()

    for _ in range(2):
        await client.get("/api/v1/notes")

    assert [line["event"] for line in logs].count("web.database.unavailable") == 2


async def test_a_connection_in_an_unknown_state_gets_503(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> NoReturn:
        raise asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")

    monkeypatch.setattr(tenancy_service, "authenticate", fail)

    response = await client.get("/api/v1/notes")

    assert response.status_code == 503
    assert response.json()["code"] == "database_unavailable"


async def test_a_closed_pool_gets_503(client: httpx.AsyncClient, database: Database) -> None:
    await database.close()

    response = await client.get("/api/v1/notes")

    assert response.status_code == 503
