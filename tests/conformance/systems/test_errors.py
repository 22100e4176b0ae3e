"""The errors that every operation answers in the same way."""

import httpx
import pytest

from http_api import Api, Json, problem_of
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.service import create_api_key, create_organisation, revoke_credential
from openapi_operations import Operation
from sample_data import SampleData

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
UNKNOWN_KEY = "nfk_" + "a" * 43


async def call_each(
    http: httpx.AsyncClient, operations: list[Operation], headers: dict[str, str]
) -> dict[str, httpx.Response]:
    return {
        operation.operation_id: await http.request(
            operation.method, operation.unknown_address, json=operation.body, headers=headers
        )
        for operation in operations
    }


@pytest.fixture
async def revoked_key(database: Database) -> str:
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name="initech")
        organisation_id = organisation.organisation_id
        created = await create_api_key(connection, organisation_id=organisation_id, name="revoked")
        await revoke_credential(
            connection, API_KEY, organisation_id=organisation_id, credential_id=created.credential_id
        )
    return created.text


async def test_every_operation_refuses_a_call_without_a_key(
    http: httpx.AsyncClient, operations: list[Operation]
) -> None:
    for name, response in (await call_each(http, operations, {})).items():
        problem = problem_of(response, status=401)
        assert problem["code"] == "api_key_missing", name
        assert problem["remedy"], name
        assert response.headers["www-authenticate"].startswith("Bearer"), name


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer nfk_wrong",
        f"Bearer {UNKNOWN_KEY}",
        "Bearer whsec_1234",
        f"Basic {UNKNOWN_KEY}",
        UNKNOWN_KEY,
        "Bearer '; DROP TABLE tenancy.credential; --",
    ],
)
async def test_every_operation_refuses_a_wrong_key(
    http: httpx.AsyncClient, operations: list[Operation], authorization: str
) -> None:
    for name, response in (await call_each(http, operations, {"Authorization": authorization})).items():
        assert problem_of(response, status=401)["code"] == "api_key_invalid", name
        assert UNKNOWN_KEY not in response.text, name


async def test_every_operation_refuses_a_revoked_key(
    http: httpx.AsyncClient, operations: list[Operation], revoked_key: str
) -> None:
    for name, response in (await call_each(http, operations, {"Authorization": f"Bearer {revoked_key}"})).items():
        assert problem_of(response, status=401)["code"] == "api_key_revoked", name
        assert revoked_key not in response.text, name


async def test_a_key_revoked_between_two_calls_is_refused_at_once(
    http: httpx.AsyncClient, operations: list[Operation], database: Database
) -> None:
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name="initech")
        created = await create_api_key(connection, organisation_id=organisation.organisation_id, name="leaked")
    headers = {"Authorization": f"Bearer {created.text}"}
    before = await call_each(http, operations, headers)
    assert 401 not in {response.status_code for response in before.values()}
    async with database.transaction() as connection:
        await revoke_credential(
            connection, API_KEY, organisation_id=organisation.organisation_id, credential_id=created.credential_id
        )
    for response in (await call_each(http, operations, headers)).values():
        problem_of(response, status=401)


async def test_a_body_is_not_read_before_the_key_is_known(http: httpx.AsyncClient, operations: list[Operation]) -> None:
    for operation in operations:
        if operation.body is not None:
            response = await http.request(operation.method, operation.unknown_address, content=b"x" * 10_000_000)
            problem_of(response, status=401)


async def test_every_operation_answers_404_for_an_unknown_id(
    api: Api, sample_data: SampleData, operations: list[Operation]
) -> None:
    for operation in operations:
        if operation.path_examples and operation.operation_id not in sample_data.creating:
            response = await api.http.request(
                operation.method,
                operation.unknown_address,
                json=operation.body,
                headers={"Authorization": f"Bearer {api.api_key}"},
            )
            assert problem_of(response, status=404)["remedy"], operation.operation_id


async def test_every_operation_with_a_body_refuses_invalid_json(api: Api, operations: list[Operation]) -> None:
    for operation in operations:
        if operation.body is not None:
            path = operation.unknown_address.removeprefix("/api/v1")
            problem = await api.refused(400, operation.method, path, content=b"{")
            assert problem["code"] == "bad_json", operation.operation_id


async def test_every_operation_with_a_body_refuses_an_unknown_field(api: Api, operations: list[Operation]) -> None:
    for operation in operations:
        if operation.body is not None:
            path = operation.unknown_address.removeprefix("/api/v1")
            body: Json = {**operation.body, "unknown_field": 1}
            problem = await api.refused(422, operation.method, path, json=body)
            assert problem["field"] == "unknown_field", operation.operation_id


async def test_every_path_answers_405_to_other_methods_and_lists_its_own(api: Api, operations: list[Operation]) -> None:
    for address in {operation.unknown_address for operation in operations}:
        possible = {operation.method for operation in operations if operation.unknown_address == address}
        for method in METHODS - possible:
            response = await api.request(method, address.removeprefix("/api/v1"))
            assert problem_of(response, status=405)["code"] == "method_not_allowed"
            assert possible <= set(response.headers["allow"].split(", ")), address


async def test_an_unknown_path_below_an_operation_is_not_found(api: Api, operations: list[Operation]) -> None:
    for operation in operations:
        path = f"{operation.unknown_address.removeprefix('/api/v1')}/not/a/path"
        assert (await api.refused(404, "GET", path))["code"] == "route_not_found", operation.operation_id
