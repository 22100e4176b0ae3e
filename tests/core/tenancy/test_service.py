"""Organisations and keys, against the real PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.errors import (
    ApiKeyInvalidError,
    ApiKeyMissingError,
    ApiKeyNotFoundError,
    ApiKeyRevokedError,
    InvalidNameError,
    OrganisationNotFoundError,
)
from ninefold.core.tenancy.keys import new_key_text
from ninefold.core.tenancy.model import CreatedApiKey, Principal
from ninefold.core.tenancy.service import (
    authenticate,
    create_api_key,
    create_organisation,
    ensure_first_organisation,
    list_api_keys,
    list_organisations,
    revoke_api_key,
)


@pytest.fixture
async def organisation_id(database: Database) -> UUID:
    async with database.connection() as connection:
        return (await create_organisation(connection, name="acme")).organisation_id


@pytest.fixture
async def api_key(database: Database, organisation_id: UUID) -> CreatedApiKey:
    async with database.connection() as connection:
        return await create_api_key(connection, organisation_id=organisation_id, name="ci")


async def test_a_key_speaks_for_its_organisation(database: Database, api_key: CreatedApiKey) -> None:
    async with database.connection() as connection:
        principal = await authenticate(connection, api_key.api_key)

    assert principal == Principal(organisation_id=api_key.organisation_id, credential_id=api_key.api_key_id)


async def test_nothing_in_the_database_holds_the_key(database: Database, api_key: CreatedApiKey) -> None:
    secret = api_key.api_key.rpartition("_")[2]

    async with database.connection() as connection:
        row = await connection.fetchval("SELECT k::text FROM tenancy.api_key AS k")

    assert api_key.prefix in row
    assert secret not in row
    assert secret.encode().hex() not in row


async def test_a_created_key_does_not_show_itself_in_a_traceback(api_key: CreatedApiKey) -> None:
    assert api_key.api_key not in repr(api_key)


async def test_a_revoked_key_is_refused_with_the_next_request(database: Database, api_key: CreatedApiKey) -> None:
    async with database.connection() as connection:
        await authenticate(connection, api_key.api_key)
        await revoke_api_key(connection, organisation_id=api_key.organisation_id, api_key_id=api_key.api_key_id)

        with pytest.raises(ApiKeyRevokedError, match=f"{api_key.prefix}… was revoked at"):
            await authenticate(connection, api_key.api_key)


async def test_revoking_twice_keeps_the_first_time(database: Database, api_key: CreatedApiKey) -> None:
    async with database.connection() as connection:
        first = await revoke_api_key(connection, organisation_id=None, api_key_id=api_key.api_key_id)
        second = await revoke_api_key(connection, organisation_id=None, api_key_id=api_key.api_key_id)

    assert first.revoked_at is not None
    assert first == second


async def test_another_organisation_cannot_revoke_a_key(database: Database, api_key: CreatedApiKey) -> None:
    async with database.connection() as connection:
        stranger = await create_organisation(connection, name="stranger")

        with pytest.raises(ApiKeyNotFoundError):
            await revoke_api_key(connection, organisation_id=stranger.organisation_id, api_key_id=api_key.api_key_id)

        await authenticate(connection, api_key.api_key)


async def test_a_key_that_was_never_made_is_refused(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(ApiKeyInvalidError, match="There is no API key nfk_"):
            await authenticate(connection, new_key_text())


@pytest.mark.parametrize("text", ["nfk_short", "whatever", "nfk_AbC123xy_\0"])
async def test_a_text_without_the_form_of_a_key_is_refused(database: Database, text: str) -> None:
    async with database.connection() as connection:
        with pytest.raises(ApiKeyInvalidError, match="form") as raised:
            await authenticate(connection, text)

    assert text not in str(raised.value)


async def test_no_key_is_told_apart_from_a_wrong_one(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(ApiKeyMissingError):
            await authenticate(connection, "")


async def test_the_last_use_is_noted_once_a_minute(database: Database, api_key: CreatedApiKey) -> None:
    async with database.connection() as connection:
        (before,) = await list_api_keys(connection, api_key.organisation_id)
        await authenticate(connection, api_key.api_key)
        (first,) = await list_api_keys(connection, api_key.organisation_id)
        await authenticate(connection, api_key.api_key)
        (second,) = await list_api_keys(connection, api_key.organisation_id)
        await connection.execute("UPDATE tenancy.api_key SET last_used_at = last_used_at - interval '61 s'")
        await authenticate(connection, api_key.api_key)
        (later,) = await list_api_keys(connection, api_key.organisation_id)

    assert before.last_used_at is None
    assert first.last_used_at is not None
    assert datetime.now(UTC) - first.last_used_at < timedelta(minutes=1)
    assert first.last_used_at == second.last_used_at
    assert later.last_used_at is not None
    assert first.last_used_at < later.last_used_at


async def test_keys_are_listed_for_their_organisation_only(database: Database, api_key: CreatedApiKey) -> None:
    async with database.connection() as connection:
        stranger = await create_organisation(connection, name="stranger")
        await create_api_key(connection, organisation_id=stranger.organisation_id, name="theirs")
        second = await create_api_key(connection, organisation_id=api_key.organisation_id, name="second")

        listed = await list_api_keys(connection, api_key.organisation_id)

    assert [key.api_key_id for key in listed] == [api_key.api_key_id, second.api_key_id]
    assert [key.name for key in listed] == ["ci", "second"]


async def test_a_key_needs_an_organisation_that_exists(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(OrganisationNotFoundError):
            await create_api_key(connection, organisation_id=new_id(), name="ci")


async def test_keys_of_an_organisation_that_does_not_exist_are_not_listed(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(OrganisationNotFoundError, match="There is no organisation org_"):
            await list_api_keys(connection, new_id())


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\nb", "a\0b"])
async def test_a_name_is_short_and_printable(database: Database, organisation_id: UUID, name: str) -> None:
    async with database.connection() as connection:
        with pytest.raises(InvalidNameError) as raised:
            await create_organisation(connection, name=name)
        with pytest.raises(InvalidNameError):
            await create_api_key(connection, organisation_id=organisation_id, name=name)

    assert raised.value.field == "name"


async def test_the_first_start_makes_an_organisation_and_a_key(database: Database) -> None:
    async with database.transaction() as connection:
        created = await ensure_first_organisation(connection)
        (organisation,) = await list_organisations(connection)
        again = await ensure_first_organisation(connection)

    assert created is not None
    assert created.organisation_id == organisation.organisation_id
    assert organisation.name == "default"
    assert again is None


async def test_two_processes_that_start_at_once_make_one_organisation(database: Database) -> None:
    async def start() -> CreatedApiKey | None:
        async with database.transaction() as connection:
            return await ensure_first_organisation(connection)

    outcomes = await asyncio.gather(*[start() for _ in range(8)])

    assert len([created for created in outcomes if created is not None]) == 1
    async with database.connection() as connection:
        assert len(await list_organisations(connection)) == 1


async def test_the_first_organisation_is_made_in_a_transaction_or_not_at_all(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(asyncpg.NoActiveSQLTransactionError):
            await ensure_first_organisation(connection)
