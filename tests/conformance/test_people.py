"""The API of people keeps what its OpenAPI document promises, as the systems' APIs do."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from http_api import Json
from in_process import Applications
from ninefold.core.postgres.database import Database
from ninefold.core.web.api_authentication import SESSION_COOKIE
from ninefold.core.web.forgery import csrf_token
from openapi_operations import Operation
from people import Person, make_person, new_organisation
from schemathesis_runs import CONFIGURATION, check_operations

ENDING = {"delete_session", "end_session", "leave_organisation"}
"""Operations after which the others could only answer 401 or 403."""

EXCEPTIONS = """
# The services check mail addresses, names and passwords more strictly than JSON Schema can express, and no text may
# have a NUL. A link that can't be guessed is checked before a name.
[[operations]]
include-operation-id = {with_body}
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 409, 410, 422, 429]
checks.negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429]

# The document describes a cursor as any string, because it is opaque, but the API accepts only those that it issued.
# Some requests have an API key that schemathesis made up, next to the session.
[[operations]]
include-operation-id = ["list_members", "list_invitations", "list_api_keys", "list_audit_log"]
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 422]

# Each request has the session's cookie, also those that schemathesis considers invalid because it left it out.
[[operations]]
include-operation-id = {for_people}
checks.negative_data_rejection.enabled = false
"""


@pytest.fixture
async def operations(applications: Applications) -> list[Operation]:
    """The operations of people."""
    return await applications.operations_of_people()


@pytest.fixture
async def organisation_id(database: Database) -> UUID:
    return await new_organisation(database, "acme")


@pytest.fixture
async def owner(http: httpx.AsyncClient, database: Database, organisation_id: UUID) -> Person:
    return await make_person(http, database, organisation_id=organisation_id)


@pytest.fixture
async def owner_on_server(server_url: str, server_database_url: str) -> AsyncIterator[Person]:
    database = await Database.connect(server_database_url, application_name="ninefold-test", connections_max=2)
    async with httpx.AsyncClient(base_url=server_url, trust_env=False) as http:
        person = await make_person(http, database, organisation_id=await new_organisation(database, "acme"))
        await make_person(http, database, organisation_id=await new_organisation(database, "globex"))
        yield person
    await database.close()


async def test_every_operation_keeps_what_the_document_promises(
    operations: list[Operation], server_url: str, owner_on_server: Person, tmp_path: Path
) -> None:
    called = [operation for operation in operations if operation.operation_id not in ENDING]
    with_body = [operation.operation_id for operation in called if operation.body is not None]
    for_people = [operation.operation_id for operation in called if operation.is_for_people]
    configuration = tmp_path / "schemathesis.toml"
    exceptions = EXCEPTIONS.format(with_body=json.dumps(with_body), for_people=json.dumps(for_people))
    configuration.write_text(CONFIGURATION.read_text(encoding="utf-8") + exceptions, encoding="utf-8")
    await check_operations(
        called,
        url=server_url,
        headers={
            "Cookie": f"{SESSION_COOKIE}={owner_on_server.session_text}",
            "X-CSRF-Token": csrf_token(owner_on_server.session_text),
        },
        configuration=configuration,
    )


async def test_every_operation_with_a_body_refuses_invalid_json(owner: Person, operations: list[Operation]) -> None:
    for operation in operations:
        if operation.body is not None:
            problem = await owner.refused(400, operation.method, path_of(operation), content=b"{")
            assert problem["code"] == "bad_json", operation.operation_id


async def test_every_operation_with_a_body_refuses_an_unknown_field(owner: Person, operations: list[Operation]) -> None:
    for operation in operations:
        if operation.body is not None:
            body: Json = {**operation.body, "unknown_field": 1}
            problem = await owner.refused(422, operation.method, path_of(operation), json=body)
            assert problem["field"] == "unknown_field", operation.operation_id


async def test_every_operation_answers_404_for_an_unknown_id(owner: Person, operations: list[Operation]) -> None:
    for operation in operations:
        if operation.path_examples:
            problem = await owner.refused(404, operation.method, path_of(operation), json=operation.body)
            assert problem["remedy"], operation.operation_id


async def test_every_operation_that_needs_credentials_refuses_a_call_without(
    http: httpx.AsyncClient, operations: list[Operation]
) -> None:
    for operation in operations:
        response = await http.request(operation.method, operation.unknown_address, json=operation.body)
        http.cookies.clear()
        expected = "session_missing" if operation.is_for_people else "api_key_missing"
        code = response.json().get("code")
        assert (code == expected) is operation.is_authenticated, (operation.operation_id, response.text)


async def test_the_body_of_a_person_is_not_read_before_the_session_is_known(
    http: httpx.AsyncClient, operations: list[Operation]
) -> None:
    for operation in operations:
        if operation.body is not None and operation.is_authenticated:
            response = await http.request(operation.method, operation.unknown_address, content=b"x" * 10_000_000)
            assert response.status_code == 401


def path_of(operation: Operation) -> str:
    return operation.unknown_address.removeprefix("/api/v1")
