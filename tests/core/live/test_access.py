"""Whose connections end, and when: revoked keys, removed members, changed roles."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from ninefold.core.live.access import Access
from ninefold.core.live.errors import EXPIRED, Disconnect, LiveTokenExpiredError
from ninefold.core.live.feeds import Feed
from ninefold.core.live.tokens import LiveToken
from ninefold.core.live.viewers import Viewer, Viewers
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.accounts import create_account
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.members import add_member, change_role, remove_member
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.roles import ROLE_SCOPES, Role
from ninefold.core.tenancy.service import create_api_key, create_organisation, find_access, revoke_credential
from ninefold.core.tenancy.sessions import create_session
from ninefold.core.web.site import Site

ENDS_WITHIN_S = 3
"""Less than the interval of the checks that need no notification."""


class Client(Viewer):
    transport = "test"

    def ping(self) -> None:
        raise NotImplementedError

    def end_feed(self, feed: Feed) -> None:
        raise NotImplementedError


@pytest.fixture
def viewers() -> Viewers:
    return Viewers(connections_max=100)


@pytest.fixture
async def access(database: Database, viewers: Viewers) -> AsyncIterator[Access]:
    """Checks that run during the test."""
    notifier = Notifier(database)
    checked = Access(database, kinds=[API_KEY], viewers=viewers, notifier=notifier)
    stopping = asyncio.Event()
    checking, listening = asyncio.create_task(checked.run()), asyncio.create_task(notifier.run(stopping))
    async with asyncio.timeout(5):
        # The first check is made when the notifier has begun to listen.
        while not checked._checked_at:
            await asyncio.sleep(0.01)
    yield checked
    stopping.set()
    checking.cancel()
    await asyncio.wait([checking, listening])


@pytest.fixture
async def members(database: Database) -> tuple[Principal, Principal]:
    """The sessions of an owner and of a developer of an organisation."""
    sessions = []
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name="acme")
        for email, role in (("mia@example.com", Role.OWNER), ("noa@example.com", Role.DEVELOPER)):
            account = await create_account(connection, email=email)
            await add_member(
                connection, organisation_id=organisation.organisation_id, account_id=account.account_id, role=role
            )
            created = await create_session(
                connection,
                account_id=account.account_id,
                client="test",
                address=None,
                lifetime=Site().session_lifetime,
            )
            assert created.session.principal is not None
            sessions.append(created.session.principal)
    return sessions[0], sessions[1]


async def token_of(access: Access, principal: Principal) -> str:
    expires_at = datetime.now(UTC) + timedelta(minutes=1)
    return await access.signer.sign(LiveToken(principal=principal, channels=None, expires_at=expires_at))


async def connect(access: Access, viewers: Viewers, text: str) -> Client:
    client = Client()
    viewers.add(client)
    access.admit(client, await access.authenticate(text))
    return client


async def end_of(client: Client) -> Disconnect | None:
    async with asyncio.timeout(ENDS_WITHIN_S):
        return await client.ended


async def test_the_connections_of_a_removed_member_end_and_those_of_others_go_on(
    database: Database, access: Access, viewers: Viewers, members: tuple[Principal, Principal]
) -> None:
    owner, developer = members
    assert developer.account_id is not None
    token = await token_of(access, developer)
    client = await connect(access, viewers, token)
    other = await connect(access, viewers, await token_of(access, owner))
    async with database.transaction() as connection:
        await remove_member(connection, owner, account_id=developer.account_id)

    assert await end_of(client) == EXPIRED
    assert not other.ended.done()
    with pytest.raises(LiveTokenExpiredError):
        await access.authenticate(token)


async def test_after_a_change_of_role_a_client_comes_back_with_the_new_one(
    database: Database, access: Access, viewers: Viewers, members: tuple[Principal, Principal]
) -> None:
    owner, developer = members
    assert developer.account_id is not None
    token = await token_of(access, developer)
    client = await connect(access, viewers, token)
    async with database.transaction() as connection:
        await change_role(connection, owner, account_id=developer.account_id, role=Role.VIEWER)

    assert await end_of(client) == EXPIRED
    assert (await access.authenticate(token)).principal.scopes == ROLE_SCOPES[Role.VIEWER]


async def test_access_that_ends_while_a_client_is_authenticated_is_noticed(
    database: Database, access: Access, viewers: Viewers, members: tuple[Principal, Principal]
) -> None:
    async with database.transaction() as connection:
        key = await create_api_key(connection, organisation_id=members[0].organisation_id, name="ci")
    grant = await access.authenticate(key.text)
    checked_at = access._checked_at
    async with database.transaction() as connection:
        await revoke_credential(connection, API_KEY, organisation_id=None, credential_id=key.credential_id)
    async with asyncio.timeout(ENDS_WITHIN_S):
        while access._checked_at == checked_at:
            await asyncio.sleep(0.01)
    client = Client()
    viewers.add(client)
    access.admit(client, grant)

    assert await end_of(client) == EXPIRED
    async with database.connection() as connection:
        assert await find_access(connection, grant.principal) is None
