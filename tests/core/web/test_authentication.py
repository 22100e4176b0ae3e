"""Who may ask, and that nothing is read from who may not."""

from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import CreatedCredential
from ninefold.core.tenancy.service import revoke_credential
from ninefold.core.web.application import WebApplication

PATH = "/api/v1/notes"


async def test_a_key_gives_the_handler_its_tenant(client: httpx.AsyncClient, api_key: CreatedCredential) -> None:
    response = await client.get(PATH)

    assert response.status_code == 200
    assert response.json()["items"][0]["organisation_id"] == str(api_key.organisation_id)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_schemes_spelling_does_not_matter(
    anonymous: httpx.AsyncClient, api_key: CreatedCredential, scheme: str
) -> None:
    response = await anonymous.get(PATH, headers={"Authorization": f"{scheme} {api_key.text}"})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "api_key_missing"),
        ({"Authorization": ""}, "api_key_invalid"),
        ({"Authorization": "Bearer"}, "api_key_missing"),
        ({"Authorization": "Bearer "}, "api_key_missing"),
        ({"Authorization": "Bearer nope"}, "api_key_invalid"),
        ({"Authorization": b"Bearer \xff\xfe"}, "api_key_invalid"),
        ({"Authorization": f"Bearer {API_KEY.new_text()}"}, "api_key_invalid"),
        ({"Authorization": "Basic dXNlcjpwYXNz"}, "api_key_invalid"),
    ],
)
async def test_no_key_or_a_wrong_one_answers_401(
    anonymous: httpx.AsyncClient, headers: dict[str, str], code: str
) -> None:
    response = await anonymous.get(PATH, headers=headers)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="ninefold"'
    assert response.json()["code"] == code
    assert "ninefold keys create" in response.json()["remedy"]


async def test_two_keys_at_once_are_refused(anonymous: httpx.AsyncClient, api_key: CreatedCredential) -> None:
    header = ("Authorization", f"Bearer {api_key.text}")

    response = await anonymous.get(PATH, headers=[header, header])

    assert response.status_code == 401


async def test_a_revoked_key_is_refused_with_the_next_request(
    client: httpx.AsyncClient, database: Database, api_key: CreatedCredential
) -> None:
    before = await client.get(PATH)
    async with database.connection() as connection:
        await revoke_credential(connection, API_KEY, organisation_id=None, credential_id=api_key.credential_id)
    after = await client.get(PATH)

    assert before.status_code == 200
    assert after.status_code == 401
    assert after.json()["code"] == "api_key_revoked"


@pytest.mark.parametrize("path", ["//api/v1/notes", "/api/v1/notes/", "/api//v1///notes", "/%61pi/v1/notes"])
async def test_no_spelling_of_a_path_gets_around_the_key(anonymous: httpx.AsyncClient, path: str) -> None:
    response = await anonymous.get(f"http://notes.test{path}")

    assert response.status_code in {401, 404}


async def test_the_body_is_not_read_before_the_key_is_known(app: WebApplication) -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> Any:
        raise AssertionError("The body was read.")

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("notes.test", 80),
    }
    await app(scope, receive, send)

    assert sent[0]["status"] == 401


async def test_the_log_names_the_organisation_and_never_the_key(
    client: httpx.AsyncClient, api_key: CreatedCredential, logs: list[MutableMapping[str, Any]]
) -> None:
    await client.get(PATH)

    assert logs[-1]["organisation_id"] == format_id("org", api_key.organisation_id)
    assert api_key.text not in str(logs)
