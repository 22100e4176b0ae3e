"""What an open connection learns when somebody's access ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

import msgspec
import pytest

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.tenancy.accounts import create_account, set_account_disabled, set_password
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.members import add_member, change_role, remove_member
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.personal_kinds import PERSONAL_TOKEN
from ninefold.core.tenancy.roles import FULL_ACCESS, ROLE_SCOPES, Role
from ninefold.core.tenancy.service import (
    ACCESS_CHANNEL,
    create_api_key,
    create_credential,
    find_access,
    revoke_credential,
)
from ninefold.core.tenancy.sessions import create_session, end_session
from ninefold.core.web.site import Site
from people import PASSWORD_HASH, new_organisation

End: TypeAlias = Callable[[Connection, Principal, Principal], Awaitable[object]]
"""Ends the access of a principal; the other one is an owner."""


class Principals(msgspec.Struct):
    """One principal of each kind."""

    owner: Principal
    session: Principal
    token: Principal
    key: Principal


@pytest.fixture
async def principals(database: Database) -> Principals:
    organisation_id = await new_organisation(database, "acme")
    async with database.transaction() as connection:
        owner = await sign_in(connection, organisation_id, email="mia@example.com", role=Role.OWNER)
        session = await sign_in(connection, organisation_id, email="noa@example.com", role=Role.ADMIN)
        token = await create_credential(
            connection,
            PERSONAL_TOKEN,
            organisation_id=organisation_id,
            account_id=session.account_id,
            name="laptop",
            scopes=ROLE_SCOPES[Role.DEVELOPER],
        )
        key = await create_api_key(connection, organisation_id=organisation_id, name="ci")
    return Principals(
        owner=owner,
        session=session,
        token=msgspec.structs.replace(session, credential_id=token.credential_id, scopes=token.scopes),
        key=Principal(organisation_id=organisation_id, scopes=FULL_ACCESS, credential_id=key.credential_id),
    )


async def sign_in(connection: Connection, organisation_id: UUID, *, email: str, role: Role) -> Principal:
    account = await create_account(connection, email=email)
    await add_member(connection, organisation_id=organisation_id, account_id=account.account_id, role=role)
    created = await create_session(
        connection,
        account_id=account.account_id,
        client="test",
        address=None,
        lifetime=Site().session_lifetime,
    )
    assert created.session.principal is not None
    return created.session.principal


async def end_of_session(connection: Connection, ended: Principal, _: Principal) -> None:
    assert ended.account_id is not None
    await end_session(connection, account_id=ended.account_id, session_id=ended.credential_id)


async def removal(connection: Connection, ended: Principal, owner: Principal) -> None:
    assert ended.account_id is not None
    await remove_member(connection, owner, account_id=ended.account_id)


async def disabling(connection: Connection, ended: Principal, _: Principal) -> None:
    assert ended.account_id is not None
    await set_account_disabled(connection, ended.account_id, is_disabled=True)


async def new_password(connection: Connection, ended: Principal, _: Principal) -> None:
    assert ended.account_id is not None
    await set_password(connection, ended.account_id, password_hash=PASSWORD_HASH)


async def revocation_of_token(connection: Connection, ended: Principal, _: Principal) -> None:
    await revoke_credential(connection, PERSONAL_TOKEN, organisation_id=None, credential_id=ended.credential_id)


async def revocation_of_key(connection: Connection, ended: Principal, _: Principal) -> None:
    await revoke_credential(connection, API_KEY, organisation_id=None, credential_id=ended.credential_id)


async def test_access_that_has_not_ended_is_found_unchanged(database: Database, principals: Principals) -> None:
    async with database.connection() as connection:
        for principal in (principals.owner, principals.session, principals.token, principals.key):
            assert await find_access(connection, principal) == principal


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("session", end_of_session),
        ("session", removal),
        ("session", disabling),
        ("session", new_password),
        ("token", removal),
        ("token", disabling),
        ("token", revocation_of_token),
        ("key", revocation_of_key),
    ],
)
async def test_the_end_of_access_is_notified_at_the_commit_and_then_found(
    database: Database, principals: Principals, kind: str, end: End
) -> None:
    ended: Principal = getattr(principals, kind)
    is_notified = asyncio.Event()
    async with database.connection() as listening:
        callback = lambda *_: is_notified.set()  # noqa: E731  # it is removed below.
        await listening.add_listener(ACCESS_CHANNEL, callback)
        async with database.transaction() as connection:
            await end(connection, ended, principals.owner)
        async with asyncio.timeout(5):
            await is_notified.wait()
        await listening.remove_listener(ACCESS_CHANNEL, callback)

    async with database.connection() as connection:
        assert await find_access(connection, ended) is None
        assert await find_access(connection, principals.owner) == principals.owner


async def test_a_new_role_changes_the_scopes(database: Database, principals: Principals) -> None:
    assert principals.session.account_id is not None
    async with database.transaction() as connection:
        await change_role(connection, principals.owner, account_id=principals.session.account_id, role=Role.VIEWER)

        for principal in (principals.session, principals.token):
            found = await find_access(connection, principal)
            assert found is not None
            assert found.scopes == ROLE_SCOPES[Role.VIEWER]
