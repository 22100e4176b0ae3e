"""Organisations and credentials, with a real PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
import pytest

from core.tenancy.foreign_kinds import BOT_TOKEN, FOREIGN_KINDS
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.tenancy.accounts import create_account
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.errors import (
    ApiKeyExpiredError,
    ApiKeyInvalidError,
    ApiKeyMissingError,
    ApiKeyRevokedError,
    CredentialExpiredError,
    CredentialInvalidError,
    CredentialMissingError,
    CredentialNotFoundError,
    CredentialRevokedError,
    InvalidLifetimeError,
    InvalidNameError,
    OrganisationNotFoundError,
)
from ninefold.core.tenancy.kinds import CredentialKind, digest_text
from ninefold.core.tenancy.model import CreatedCredential, Principal
from ninefold.core.tenancy.roles import FULL_ACCESS
from ninefold.core.tenancy.service import (
    LIFETIME_MAX,
    LIFETIME_MIN,
    authenticate,
    create_api_key,
    create_credential,
    create_organisation,
    ensure_first_organisation,
    list_credentials,
    list_organisations,
    revoke_credential,
)


@pytest.fixture
async def organisation_id(database: Database) -> UUID:
    async with database.connection() as connection:
        return (await create_organisation(connection, name="acme")).organisation_id


@pytest.fixture
async def api_key(database: Database, organisation_id: UUID) -> CreatedCredential:
    async with database.connection() as connection:
        return await create_api_key(connection, organisation_id=organisation_id, name="ci")


async def test_a_key_has_full_access_to_its_organisation(database: Database, api_key: CreatedCredential) -> None:
    async with database.connection() as connection:
        principal = await authenticate(connection, api_key.text, kinds=[API_KEY])

    assert principal == Principal(
        organisation_id=api_key.organisation_id, scopes=FULL_ACCESS, credential_id=api_key.credential_id
    )


async def test_the_key_is_not_stored_in_the_database(database: Database, api_key: CreatedCredential) -> None:
    secret = api_key.text.rpartition("_")[2]

    async with database.connection() as connection:
        row = await connection.fetchval("SELECT c::text FROM tenancy.credential AS c")

    assert api_key.prefix in row
    assert secret not in row
    assert secret.encode().hex() not in row


async def test_the_repr_of_a_created_key_does_not_contain_the_key(api_key: CreatedCredential) -> None:
    assert api_key.text not in repr(api_key)


async def test_a_key_is_refused_as_soon_as_it_is_revoked(database: Database, api_key: CreatedCredential) -> None:
    async with database.connection() as connection:
        await authenticate(connection, api_key.text, kinds=[API_KEY])
        await revoke_credential(
            connection, API_KEY, organisation_id=api_key.organisation_id, credential_id=api_key.credential_id
        )

        with pytest.raises(ApiKeyRevokedError, match=f"{api_key.prefix}… was revoked at"):
            await authenticate(connection, api_key.text, kinds=[API_KEY])


async def test_revoking_twice_keeps_the_first_time(database: Database, api_key: CreatedCredential) -> None:
    async with database.connection() as connection:
        first = await revoke_credential(connection, API_KEY, organisation_id=None, credential_id=api_key.credential_id)
        second = await revoke_credential(connection, API_KEY, organisation_id=None, credential_id=api_key.credential_id)

    assert first.revoked_at is not None
    assert first == second


async def test_another_organisation_cannot_revoke_a_key(database: Database, api_key: CreatedCredential) -> None:
    async with database.connection() as connection:
        stranger = await create_organisation(connection, name="stranger")

        with pytest.raises(CredentialNotFoundError):
            await revoke_credential(
                connection, API_KEY, organisation_id=stranger.organisation_id, credential_id=api_key.credential_id
            )

        await authenticate(connection, api_key.text, kinds=[API_KEY])


async def test_a_key_that_does_not_exist_is_refused(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(ApiKeyInvalidError, match="There is no API key nfk_"):
            await authenticate(connection, API_KEY.new_text(), kinds=[API_KEY])


@pytest.mark.parametrize("text", ["nfk_short", "whatever", "nfk_AbC123xy_\0"])
async def test_a_text_with_the_wrong_format_is_refused(database: Database, text: str) -> None:
    async with database.connection() as connection:
        with pytest.raises(ApiKeyInvalidError, match="wrong format") as raised:
            await authenticate(connection, text, kinds=[API_KEY])

    assert text not in str(raised.value)


async def test_a_missing_key_has_its_own_error(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(ApiKeyMissingError):
            await authenticate(connection, "", kinds=[API_KEY])


async def test_the_last_use_is_recorded_once_a_minute(database: Database, api_key: CreatedCredential) -> None:
    async with database.connection() as connection:
        (before,) = await list_credentials(connection, API_KEY, organisation_id=api_key.organisation_id)
        await authenticate(connection, api_key.text, kinds=[API_KEY])
        (first,) = await list_credentials(connection, API_KEY, organisation_id=api_key.organisation_id)
        await authenticate(connection, api_key.text, kinds=[API_KEY])
        (second,) = await list_credentials(connection, API_KEY, organisation_id=api_key.organisation_id)
        await let_time_pass(connection, timedelta(seconds=61))
        await authenticate(connection, api_key.text, kinds=[API_KEY])
        (later,) = await list_credentials(connection, API_KEY, organisation_id=api_key.organisation_id)

    assert before.last_used_at is None
    assert first.last_used_at is not None
    assert datetime.now(UTC) - first.last_used_at < timedelta(minutes=1)
    assert first.last_used_at == second.last_used_at
    assert later.last_used_at is not None
    assert first.last_used_at < later.last_used_at


async def test_keys_are_listed_for_their_organisation_only(database: Database, api_key: CreatedCredential) -> None:
    async with database.connection() as connection:
        stranger = await create_organisation(connection, name="stranger")
        await create_api_key(connection, organisation_id=stranger.organisation_id, name="theirs")
        second = await create_api_key(connection, organisation_id=api_key.organisation_id, name="second")

        listed = await list_credentials(connection, API_KEY, organisation_id=api_key.organisation_id)

    assert [key.credential_id for key in listed] == [api_key.credential_id, second.credential_id]
    assert [key.name for key in listed] == ["ci", "second"]


async def test_a_key_needs_an_organisation_that_exists(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(OrganisationNotFoundError):
            await create_api_key(connection, organisation_id=new_id(), name="ci")


async def test_keys_of_an_organisation_that_does_not_exist_are_not_listed(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(OrganisationNotFoundError, match="There is no organisation org_"):
            await list_credentials(connection, API_KEY, organisation_id=new_id())


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\nb", "a\0b"])
async def test_a_name_must_be_short_and_printable(database: Database, organisation_id: UUID, name: str) -> None:
    async with database.connection() as connection:
        with pytest.raises(InvalidNameError) as raised:
            await create_organisation(connection, name=name)
        with pytest.raises(InvalidNameError):
            await create_api_key(connection, organisation_id=organisation_id, name=name)

    assert raised.value.field == "name"


@pytest.mark.parametrize("expires_in", [timedelta(0), -LIFETIME_MIN, LIFETIME_MIN / 2, LIFETIME_MAX * 2])
async def test_a_lifetime_has_limits(database: Database, organisation_id: UUID, expires_in: timedelta) -> None:
    async with database.connection() as connection:
        with pytest.raises(InvalidLifetimeError) as raised:
            await create_api_key(connection, organisation_id=organisation_id, name="ci", expires_in=expires_in)

    assert raised.value.field == "expires_in"


@pytest.mark.parametrize("expires_in", [LIFETIME_MIN, LIFETIME_MAX])
async def test_a_key_has_the_given_lifetime(database: Database, organisation_id: UUID, expires_in: timedelta) -> None:
    async with database.connection() as connection:
        key = await create_api_key(connection, organisation_id=organisation_id, name="ci", expires_in=expires_in)

    assert key.expires_at == key.created_at + expires_in
    assert key.state == "active"


async def test_an_expired_key_is_refused_and_listed_as_expired(database: Database, organisation_id: UUID) -> None:
    async with database.connection() as connection:
        key = await create_api_key(
            connection, organisation_id=organisation_id, name="ci", expires_in=timedelta(hours=1)
        )
        await authenticate(connection, key.text, kinds=[API_KEY])
        await let_time_pass(connection, timedelta(hours=1))

        with pytest.raises(ApiKeyExpiredError, match=f"{key.prefix}… expired at"):
            await authenticate(connection, key.text, kinds=[API_KEY])
        (listed,) = await list_credentials(connection, API_KEY, organisation_id=organisation_id)

    assert listed.state == "expired"


async def test_a_revoked_key_stays_revoked_when_it_expires(database: Database, organisation_id: UUID) -> None:
    async with database.connection() as connection:
        key = await create_api_key(
            connection, organisation_id=organisation_id, name="ci", expires_in=timedelta(hours=1)
        )
        await revoke_credential(connection, API_KEY, organisation_id=None, credential_id=key.credential_id)
        await let_time_pass(connection, timedelta(hours=2))

        with pytest.raises(ApiKeyRevokedError):
            await authenticate(connection, key.text, kinds=[API_KEY])
        (listed,) = await list_credentials(connection, API_KEY, organisation_id=organisation_id)

    assert listed.state == "revoked"


@pytest.mark.parametrize("kind", FOREIGN_KINDS, ids=lambda kind: kind.name)
async def test_another_kind_can_have_accounts_scopes_and_its_own_label_in_errors(
    database: Database, organisation_id: UUID, kind: CredentialKind
) -> None:
    async with database.connection() as connection:
        account_id = (await create_account(connection, email="mia@example.com")).account_id
        created = await create_credential(
            connection,
            kind,
            organisation_id=organisation_id,
            account_id=account_id,
            name="theirs",
            scopes={"write", "read"},
            expires_in=timedelta(minutes=5),
        )

        assert await authenticate(connection, created.text, kinds=[API_KEY, kind]) == Principal(
            organisation_id=organisation_id,
            account_id=account_id,
            scopes=frozenset({"read", "write"}),
            credential_id=created.credential_id,
        )
        with pytest.raises(CredentialMissingError, match=f"has no {kind.label}"):
            await authenticate(connection, "", kinds=[kind])
        with pytest.raises(CredentialInvalidError, match=f"There is no {kind.label}"):
            await authenticate(connection, kind.new_text(), kinds=[API_KEY, kind])
        await let_time_pass(connection, timedelta(minutes=5))
        with pytest.raises(CredentialExpiredError, match=kind.label):
            await authenticate(connection, created.text, kinds=[kind])
        await revoke_credential(connection, kind, organisation_id=organisation_id, credential_id=created.credential_id)
        with pytest.raises(CredentialRevokedError, match=kind.label):
            await authenticate(connection, created.text, kinds=[kind])


async def test_a_credential_of_a_kind_that_is_not_accepted_is_refused_as_if_it_did_not_exist(
    database: Database, organisation_id: UUID
) -> None:
    async with database.connection() as connection:
        token = await create_bot_token(connection, organisation_id)

        refusals = [await refusal(connection, text) for text in (token.text, BOT_TOKEN.new_text())]

    assert refusals[0] == refusals[1] == ("api_key_invalid", "The API key has the wrong format.")


async def test_a_credential_of_another_kind_with_the_same_format_is_refused_as_if_it_did_not_exist(
    database: Database, organisation_id: UUID
) -> None:
    other = msgspec.structs.replace(API_KEY, name="other")
    async with database.connection() as connection:
        created = await create_credential(
            connection, other, organisation_id=organisation_id, name="theirs", scopes=FULL_ACCESS
        )

        assert await refusal(connection, created.text) == ("api_key_invalid", f"There is no API key {created.prefix}….")


async def test_each_kind_is_listed_and_revoked_separately(database: Database, api_key: CreatedCredential) -> None:
    async with database.connection() as connection:
        token = await create_bot_token(connection, api_key.organisation_id)

        keys = await list_credentials(connection, API_KEY, organisation_id=api_key.organisation_id)
        tokens = await list_credentials(connection, BOT_TOKEN, organisation_id=api_key.organisation_id)
        with pytest.raises(CredentialNotFoundError, match="There is no API key key_"):
            await revoke_credential(connection, API_KEY, organisation_id=None, credential_id=token.credential_id)

    assert [key.credential_id for key in keys] == [api_key.credential_id]
    assert [token.credential_id for token in tokens] == [token.credential_id]


@pytest.mark.parametrize(
    "change",
    [
        "expires_at = created_at",
        "revoked_at = created_at - interval '1 s'",
        "last_used_at = created_at - interval '1 s'",
        "scopes = '{read,NULL}'",
        "scopes = NULL",
        "kind = ''",
        "prefix = ''",
        "digest = digest || digest",
        "organisation_id = NULL",
        "created_from = ''",
    ],
)
async def test_the_table_refuses_contradictory_values(
    database: Database, api_key: CreatedCredential, change: str
) -> None:
    async with database.connection() as connection:
        with pytest.raises((asyncpg.CheckViolationError, asyncpg.NotNullViolationError)):
            await connection.execute(f"UPDATE tenancy.credential SET {change}")

        await authenticate(connection, api_key.text, kinds=[API_KEY])


async def test_the_table_refuses_a_second_credential_with_the_same_text(
    database: Database, api_key: CreatedCredential
) -> None:
    async with database.connection() as connection:
        await create_bot_token(connection, api_key.organisation_id)

        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("UPDATE tenancy.credential SET digest = $1", digest_text(api_key.text))


async def test_a_key_can_be_used_and_revoked_after_the_clock_was_set_back(
    database: Database, api_key: CreatedCredential
) -> None:
    async with database.connection() as connection:
        await let_time_pass(connection, timedelta(hours=-1))

        await authenticate(connection, api_key.text, kinds=[API_KEY])
        revoked = await revoke_credential(
            connection, API_KEY, organisation_id=None, credential_id=api_key.credential_id
        )

    assert revoked.created_at == revoked.last_used_at == revoked.revoked_at


async def test_the_first_start_creates_an_organisation_and_a_key(database: Database) -> None:
    async with database.transaction() as connection:
        created = await ensure_first_organisation(connection)
        (organisation,) = await list_organisations(connection)
        again = await ensure_first_organisation(connection)

    assert created is not None
    assert created.organisation_id == organisation.organisation_id
    assert organisation.name == "default"
    assert again is None


async def test_processes_that_start_at_the_same_time_create_one_organisation(database: Database) -> None:
    async def start() -> CreatedCredential | None:
        async with database.transaction() as connection:
            return await ensure_first_organisation(connection)

    outcomes = await asyncio.gather(*[start() for _ in range(8)])

    assert len([created for created in outcomes if created is not None]) == 1
    async with database.connection() as connection:
        assert len(await list_organisations(connection)) == 1


async def test_creating_the_first_organisation_requires_a_transaction(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(asyncpg.NoActiveSQLTransactionError):
            await ensure_first_organisation(connection)


async def create_bot_token(connection: Connection, organisation_id: UUID) -> CreatedCredential:
    return await create_credential(
        connection, BOT_TOKEN, organisation_id=organisation_id, name="bot", scopes={"chat:write"}
    )


async def refusal(connection: Connection, text: str) -> tuple[str, str]:
    """Return the code and the detail of the error for a text where only API keys are accepted."""
    with pytest.raises(ApiKeyInvalidError) as raised:
        await authenticate(connection, text, kinds=[API_KEY])
    return raised.value.code, raised.value.detail


async def let_time_pass(connection: Connection, time: timedelta) -> None:
    """Move all times of credentials into the past, which has the same effect as waiting."""
    await connection.execute(
        "UPDATE tenancy.credential SET created_at = created_at - $1::interval, expires_at = expires_at - $1::interval, "
        "last_used_at = last_used_at - $1::interval, revoked_at = revoked_at - $1::interval",
        time,
    )
