"""What each role may do, over every operation of the OpenAPI document. The tables here are the specification."""

from uuid import UUID

import httpx
import pytest

from http_api import Api, Json
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.personal_kinds import PERSONAL_TOKEN
from ninefold.core.tenancy.roles import ROLE_SCOPES, Role
from ninefold.core.tenancy.service import create_api_key, create_credential, create_organisation
from openapi_operations import Operation, operations_of
from people import Person, make_person

FOR_ANYONE = {
    "get_setup",
    "set_up",
    "create_session",
    "reset_password",
    "find_invitation",
    "sign_up",
    "get_public_challenge",
    "join_challenge",
}
"""Operations that need no credentials."""

OWN = {
    "get_session",
    "switch_organisation",
    "delete_session",
    "list_sessions",
    "end_session",
    "get_account",
    "update_account",
    "change_password",
    "begin_totp",
    "enable_totp",
    "disable_totp",
    "replace_recovery_codes",
    "accept_invitation",
    "leave_organisation",
    "create_personal_token",
    "list_personal_tokens",
    "revoke_personal_token",
}
"""Operations about what is a person's own. They need a session, and every role may call them."""

FOR_ADMINS = {
    "change_role",
    "remove_member",
    "create_invitation",
    "list_invitations",
    "revoke_invitation",
    "create_api_key",
    "list_api_keys",
    "revoke_api_key",
    "list_audit_log",
    "create_runner_registration",
    "update_webhooks_retention",
}
"""Operations that admins and owners may call."""


READING = {"create_live_token"}
"""Operations that need the permission to read, although they aren't a GET."""


def may_call(role: Role, operation: Operation) -> bool:
    """Return whether a role may call an operation that isn't in `FOR_ANYONE`."""
    if operation.operation_id in OWN or role in {Role.OWNER, Role.ADMIN}:
        return True
    if operation.operation_id in FOR_ADMINS:
        return False
    return operation.method == "GET" or operation.operation_id in READING or role is Role.DEVELOPER


@pytest.fixture
async def organisation_id(database: Database) -> UUID:
    async with database.transaction() as connection:
        return (await create_organisation(connection, name="acme")).organisation_id


@pytest.fixture
async def operations(http: httpx.AsyncClient) -> list[Operation]:
    """Every operation of the document."""
    return operations_of((await http.get("/openapi.json")).json())


def test_the_tables_name_operations_that_exist(operations: list[Operation]) -> None:
    known = {operation.operation_id for operation in operations}
    assert known >= FOR_ANYONE | OWN | FOR_ADMINS | READING
    assert {operation.operation_id for operation in operations if not operation.is_authenticated} == FOR_ANYONE
    assert {operation.operation_id for operation in operations if operation.is_for_people} == OWN


@pytest.mark.parametrize("role", Role)
async def test_each_role_may_call_what_the_tables_say(
    http: httpx.AsyncClient, database: Database, organisation_id: UUID, operations: list[Operation], role: Role
) -> None:
    await make_person(http, database, organisation_id=organisation_id)
    for operation in operations:
        if operation.is_authenticated:
            # A new one each time, because some operations end the session or the membership.
            person = await make_person(http, database, organisation_id=organisation_id, role=role)
            await check(person, operation, is_allowed=may_call(role, operation))


@pytest.mark.parametrize("role", Role)
async def test_an_api_key_may_call_what_its_role_may_but_nothing_personal(
    http: httpx.AsyncClient, database: Database, organisation_id: UUID, operations: list[Operation], role: Role
) -> None:
    async with database.transaction() as connection:
        key = await create_api_key(connection, organisation_id=organisation_id, name="test", role=role)
    await check_bearer(Api(http, key.text), operations, role)


@pytest.mark.parametrize("role", Role)
async def test_a_personal_token_may_call_what_its_role_may_but_nothing_personal(
    http: httpx.AsyncClient, database: Database, organisation_id: UUID, operations: list[Operation], role: Role
) -> None:
    owner = await make_person(http, database, organisation_id=organisation_id)
    await check_bearer(await make_token(owner, database, organisation_id, role=role), operations, role)


@pytest.mark.parametrize("role", Role)
async def test_a_personal_token_may_not_call_more_than_its_person(
    http: httpx.AsyncClient, database: Database, organisation_id: UUID, operations: list[Operation], role: Role
) -> None:
    person = await make_person(http, database, organisation_id=organisation_id, role=role)
    await check_bearer(await make_token(person, database, organisation_id, role=Role.OWNER), operations, role)


async def test_the_document_names_the_permission_that_is_checked(
    http: httpx.AsyncClient, operations: list[Operation]
) -> None:
    document = (await http.get("/openapi.json")).json()
    for operation in operations:
        security = document["paths"][operation.path][operation.method.lower()]["security"]
        if operation.operation_id in FOR_ADMINS:
            assert security == [{"api_key": ["admin"]}, {"session": ["admin"]}], operation.operation_id


async def check_bearer(api: Api, operations: list[Operation], role: Role) -> None:
    for operation in operations:
        if operation.operation_id in OWN:
            problem = await call(api, operation)
            assert problem["code"] == "session_only", operation.operation_id
        elif operation.is_authenticated:
            await check(api, operation, is_allowed=may_call(role, operation))


async def check(api: Api, operation: Operation, *, is_allowed: bool) -> None:
    answer = await call(api, operation)
    code = answer.get("code")
    assert (code != "role_insufficient") is is_allowed, (operation.operation_id, answer)
    assert code not in {"api_key_missing", "session_missing", "cross_site_request"}, operation.operation_id


async def call(api: Api, operation: Operation) -> Json:
    path = operation.unknown_address.removeprefix("/api/v1")
    response = await api.request(operation.method, path, json=operation.body)
    return response.json() if response.content else {}


async def make_token(person: Person, database: Database, organisation_id: UUID, *, role: Role) -> Api:
    async with database.transaction() as connection:
        token = await create_credential(
            connection,
            PERSONAL_TOKEN,
            organisation_id=organisation_id,
            account_id=person.account_id,
            name="test",
            scopes=ROLE_SCOPES[role],
        )
    return Api(person.http, token.text)
