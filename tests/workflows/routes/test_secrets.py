"""Secrets and variables over HTTP: which win, what is refused, and that no value comes out."""

import pytest

from http_api import Api
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer
from ninefold.systems.workflows.service.secrets import SECRETS_MAX, job_secrets, job_variables
from workflow_repositories import create_repository

KEY = bytes(range(32))
"""That of `environment`."""


async def test_a_job_gets_those_of_the_organisation_and_those_of_its_repository_win(
    api: Api, other_api: Api, database: Database
) -> None:
    repository = await create_repository(api)
    await create_repository(other_api)
    path = f"/workflows/repositories/{repository['repository_id']}"
    for kind in ("secrets", "variables"):
        await api.done("PUT", f"/workflows/{kind}/shared", json={"value": "of all"})
        await api.done("PUT", f"/workflows/{kind}/own", json={"value": "of all"})
        await api.done("PUT", f"{path}/{kind}/OWN", json={"value": "first"})
        await api.done("PUT", f"{path}/{kind}/OWN", json={"value": "of one\n"})
        await other_api.done("PUT", f"/workflows/{kind}/FOREIGN", json={"value": "x"})

    async with database.connection() as connection:
        row = await connection.fetchrow(
            "SELECT * FROM workflows.repository WHERE repository_id = $1",
            parse_id("repo", repository["repository_id"]),
        )
        assert row is not None
        ids = {"organisation_id": row["organisation_id"], "repository_id": row["repository_id"]}
        found = [
            dict(await job_secrets(connection, Sealer(KEY), **ids)),
            dict(await job_variables(connection, **ids)),
        ]

    assert found == [{"SHARED": "of all", "OWN": "of one\n"}] * 2


async def test_the_value_of_a_secret_is_in_no_answer_and_not_in_the_database(api: Api, database: Database) -> None:
    value = "only-acme-knows-this"
    put = await api.request("PUT", "/workflows/secrets/TOKEN", json={"value": value})
    listed = await api.request("GET", "/workflows/secrets")
    audit = await api.request("GET", "/audit-log")
    async with database.connection() as connection:
        sealed = await connection.fetchval("SELECT sealed FROM workflows.secret")

    assert put.is_success
    assert [each["name"] for each in listed.json()["items"]] == ["TOKEN"]
    assert all(value not in each.text for each in (put, listed, audit))
    assert value.encode() not in sealed


@pytest.mark.parametrize("name", ["1ST", "GITHUB_TOKEN", "github_x", "A-B", "A%20B", "Ä", "A" * 256])
async def test_a_bad_name_is_refused(api: Api, name: str) -> None:
    problem = await api.refused(422, "PUT", f"/workflows/secrets/{name}", json={"value": "x"})

    assert (problem["code"], problem["field"]) == ("invalid_secret", "name")


@pytest.mark.parametrize("value", ["x" * (48 * 1024 + 1), "ü" * 25_000, "a\0b", ""])
async def test_a_bad_value_is_refused_without_showing_it(api: Api, value: str) -> None:
    problem = await api.refused(422, "PUT", "/workflows/variables/NAME", json={"value": value})

    assert problem["field"] == "value"
    assert "xxx" not in problem["detail"]


async def test_there_is_a_limit_and_what_is_there_can_still_be_changed(api: Api, database: Database) -> None:
    await api.done("PUT", "/workflows/secrets/FIRST", json={"value": "x"})
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO workflows.secret SELECT gen_random_uuid(), organisation_id, NULL, 'S' || number, sealed, "
            "now(), now() FROM workflows.secret, generate_series(2, $1) AS number",
            SECRETS_MAX,
        )

    refused = await api.refused(409, "PUT", "/workflows/secrets/MORE", json={"value": "x"})
    changed = await api.request("PUT", "/workflows/secrets/FIRST", json={"value": "y"})
    deleted = await api.request("DELETE", "/workflows/secrets/first")
    gone = await api.refused(404, "DELETE", "/workflows/secrets/FIRST")

    assert refused["code"] == "too_many_secrets_or_variables"
    assert (changed.status_code, deleted.status_code, gone["code"]) == (200, 204, "secret_not_found")
