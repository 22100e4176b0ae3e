"""Query parameters: repeated, `null` and unknown ones are refused."""

from datetime import UTC, datetime

import httpx
import pytest

from ninefold.core.errors import InvalidInputError
from ninefold.core.web.query_parameters import parse_time


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=1&limit=2", "limit"),
        ("limit=1&limit=1", "limit"),
        ("cursor=a&limit=1&cursor=b", "cursor"),
        ("cursor=null", "cursor"),
        ("%6cimit=1&limit=2", "limit"),
        ("cursor=nul%6c", "cursor"),
    ],
)
async def test_a_parameter_given_twice_or_as_null_is_refused(client: httpx.AsyncClient, query: str, field: str) -> None:
    response = await client.get(f"/api/v1/notes?{query}")

    assert response.status_code == 422
    assert response.json()["field"] == field
    assert response.json()["remedy"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("x=1", "x"),
        ("limit=5&status=failed", "status"),
        ("limit=5&Limit=5", "Limit"),
        ("principal=1", "principal"),
        ("x", "x"),
        ("x=null", "x"),
    ],
)
async def test_an_unknown_parameter_is_refused_with_the_known_ones(
    client: httpx.AsyncClient, query: str, field: str
) -> None:
    response = await client.get(f"/api/v1/notes?{query}")

    problem = response.json()
    assert response.status_code == 400
    assert (problem["code"], problem["field"]) == ("unknown_parameter", field)
    assert problem["detail"] == f"{field} isn't a known parameter."
    assert problem["remedy"] == (
        "Remove it or correct its name; the known parameters are after_note_id, colour, cursor, limit."
    )


@pytest.mark.parametrize("query", ["x=1", "note_id=note_01h455vb4pex5vsknk084sn02q"])
async def test_a_route_without_parameters_says_so(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/api/v1/notes/note_01h455vb4pex5vsknk084sn02q?{query}")

    assert response.status_code == 400
    assert response.json()["remedy"] == "Remove it; there are no parameters here."


async def test_a_header_is_not_a_query_parameter(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v1/notes?idempotency_key=k", json={"title": "x", "payload": 1})

    assert response.status_code == 400
    assert response.json()["field"] == "idempotency_key"


async def test_a_parameter_without_a_name_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/notes?=1")

    assert response.status_code == 400
    assert response.json()["detail"] == "A parameter without a name isn't a known parameter."


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json"])
async def test_outside_of_the_api_any_query_is_accepted(anonymous: httpx.AsyncClient, path: str) -> None:
    assert (await anonymous.get(f"{path}?utm_source=x")).status_code == 200


async def test_an_invalid_id_in_the_query_gets_422_with_an_example(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/notes?after_note_id=nope")

    assert response.status_code == 422
    assert response.json()["field"] == "after_note_id"
    assert response.json()["detail"] == "Parameter after_note_id: expected an id such as note_01h45…, got 'nope'."


@pytest.mark.parametrize("text", ["2026-01-31T12:00:00Z", "2026-01-31T14:00:00+02:00", "2026-01-31T12:00:00.000000Z"])
def test_a_time_is_read_with_its_time_zone(text: str) -> None:
    assert parse_time(text, field="after") == datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_time_that_is_not_given_is_none() -> None:
    assert parse_time(None, field="after") is None


@pytest.mark.parametrize("text", ["", "0.5", "1767225600", "2026-01-31", "2026-01-31T12:00:00", "now", "x" * 9_999])
def test_anything_else_is_not_a_time(text: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        parse_time(text, field="after")

    assert raised.value.field == "after"
    assert len(raised.value.detail) < 200
