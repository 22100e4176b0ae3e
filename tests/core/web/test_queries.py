"""A query says one thing about each parameter, and nothing about another."""

import httpx
import pytest


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
async def test_a_parameter_that_is_not_known_is_refused_with_those_that_are(
    client: httpx.AsyncClient, query: str, field: str
) -> None:
    response = await client.get(f"/api/v1/notes?{query}")

    problem = response.json()
    assert response.status_code == 400
    assert (problem["code"], problem["field"]) == ("unknown_parameter", field)
    assert problem["detail"] == f"{field} isn't a parameter that is known here."
    assert problem["remedy"] == "Take it out, or correct its name; known are after_note_id, colour, cursor, limit."


@pytest.mark.parametrize("query", ["x=1", "note_id=note_01h455vb4pex5vsknk084sn02q"])
async def test_a_path_without_parameters_says_so(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/api/v1/notes/note_01h455vb4pex5vsknk084sn02q?{query}")

    assert response.status_code == 400
    assert response.json()["remedy"] == "Take it out; there is none."


async def test_a_header_is_no_parameter_of_the_query(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v1/notes?idempotency_key=k", json={"title": "x", "payload": 1})

    assert response.status_code == 400
    assert response.json()["field"] == "idempotency_key"


async def test_a_parameter_without_a_name_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/notes?=1")

    assert response.status_code == 400
    assert response.json()["detail"] == "A parameter without a name isn't a parameter that is known here."


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json"])
async def test_outside_of_the_api_any_query_is_taken(anonymous: httpx.AsyncClient, path: str) -> None:
    assert (await anonymous.get(f"{path}?utm_source=x")).status_code == 200


async def test_an_id_in_the_query_that_is_none_answers_422_with_the_form_of_one(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/notes?after_note_id=nope")

    assert response.status_code == 422
    assert response.json()["field"] == "after_note_id"
    assert response.json()["detail"] == "Parameter after_note_id: expected an id such as note_01h45…, got 'nope'."
