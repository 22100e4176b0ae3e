"""A query says one thing about each parameter."""

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


async def test_a_parameter_that_is_not_known_changes_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/notes?x=1&x=null&limit=5")).json()["items"][0]["payload"] == "5"
