"""Each operation that changes something is in the audit log, with its target, unless its route says why it isn't."""

from uuid import UUID

import httpx
import pytest

from http_api import Api
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.roles import Role
from ninefold.core.tenancy.service import authenticate
from openapi_operations import Operation
from people import Person, make_person
from sample_data import SampleData


@pytest.fixture
async def organisation_id(api: Api, database: Database) -> UUID:
    return (await principal_of(api, database)).organisation_id


@pytest.fixture
async def owner(http: httpx.AsyncClient, database: Database, organisation_id: UUID) -> Person:
    return await make_person(http, database, organisation_id=organisation_id, role=Role.OWNER)


async def test_each_change_has_its_entry(
    api: Api, owner: Person, sample_data: SampleData, operations: list[Operation]
) -> None:
    by_id = {operation.operation_id: operation for operation in operations}
    last = [by_id.pop(operation_id) for operation_id in sample_data.destroying]
    for operation in (*by_id.values(), *last):
        before = await entries_of(owner, operation)
        # What isn't in the log is called with the key, which can act for others.
        is_for_owner = operation.is_audited or operation.operation_id in sample_data.not_for_keys
        response = await (owner if is_for_owner else api).request(
            operation.method,
            address_of(operation, sample_data),
            json=operation.body_with(sample_data.ids_for(operation.operation_id)),
            content=sample_data.contents.get(operation.operation_id),
        )
        assert response.is_success, (operation.operation_id, response.text)

        entries = (await entries_of(owner, operation))[: -len(before) or None]
        assert len(entries) == operation.is_audited, (
            f"{operation.operation_id} has {len(entries)} entries in the audit log. Its handler must change what it "
            "changes in one `database.transaction()` of the injected database, or its route must say why not: "
            "opt=access(not_audited='…')."
        )
        for entry in entries:
            assert entry["actor"] == owner.email
            assert entry["request_id"] == response.headers["x-request-id"]
            assert entry["target_id"], f"{operation.operation_id} must set `audit.target_id`."


async def test_what_a_viewer_is_denied_has_an_entry(
    http: httpx.AsyncClient,
    database: Database,
    owner: Person,
    organisation_id: UUID,
    operations: list[Operation],
) -> None:
    viewer = await make_person(http, database, organisation_id=organisation_id, role=Role.VIEWER)
    for operation in operations:
        if operation.is_audited:
            await viewer.refused(403, operation.method, operation.unknown_address.removeprefix("/api/v1"))

            (entry,) = await entries_of(owner, operation)
            assert (entry["result"], entry["actor"]) == ("denied", viewer.email)


def test_each_exception_has_a_reason(operations: list[Operation]) -> None:
    for operation in operations:
        if operation.not_audited is not None:
            assert operation.method != "GET"
            assert operation.not_audited.endswith("."), f"{operation.operation_id} needs a sentence."


async def entries_of(owner: Person, operation: Operation) -> list[dict[str, str]]:
    found: list[dict[str, str]] = (await owner.get(f"/audit-log?operation={operation.operation_id}"))["items"]
    return found


def address_of(operation: Operation, sample_data: SampleData) -> str:
    return operation.address(sample_data.ids_for(operation.operation_id)).removeprefix("/api/v1")


async def principal_of(api: Api, database: Database) -> Principal:
    async with database.connection() as connection:
        return await authenticate(connection, api.api_key, kinds=[API_KEY])
