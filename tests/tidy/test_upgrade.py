"""Migrates a database with data from the first migration to the last, one by one."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import asyncpg
import pytest

from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.migrations import Migration, MigrationSource, migrate
from ninefold.core.secrets import Sealer
from ninefold.core.secrets.columns import seal_plain
from ninefold.core.tenancy.accounts import find_account
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.audit import AuditFilter
from ninefold.core.tenancy.invitations import list_invitations
from ninefold.core.tenancy.members import list_members
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.roles import FULL_ACCESS, Role
from ninefold.core.tenancy.second_factor import TOTP_SECRETS
from ninefold.core.tenancy.service import authenticate, list_credentials
from ninefold.core.tenancy.store.audit_log import audit_entry_list
from ninefold.edge.systems import migration_sources
from ninefold.systems.callbacks.service.configurations import CONFIGURATIONS
from ninefold.systems.callbacks.store.sources import source_find_many
from ninefold.systems.messaging.service.apps.registry import find_app
from ninefold.systems.messaging.service.apps.signing_secrets import SIGNING_SECRETS, open_signing_secret
from ninefold.systems.webhooks.model.attempts import AttemptTimings
from ninefold.systems.webhooks.service.deliveries import get_delivery, get_event, list_deliveries
from ninefold.systems.webhooks.service.queue_depths import recount_depths
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.store.queue_depths import queue_depth_list
from tidy.tree import TESTS, name_of

SAMPLES = TESTS / "data" / "upgrade"
KEY_TEXT = "nfk_Samp1eK3_" + "0" * 43
"""Its digest is in the sample of `tenancy`."""


MOVED: dict[str, dict[str, int | None]] = {
    # API keys became a kind of credential.
    "0002_credentials.sql": {"tenancy.api_key": None, "tenancy.credential": 3},
    # Accounts came, and a credential with an account that didn't exist went.
    "0003_people.sql": {"tenancy.credential": 4},
    # The latest attempt of a delivery moved into the delivery's row.
    "0002_latest_attempt.sql": {"webhooks.attempt": None, "webhooks.earlier_attempt": 1},
}
"""Tables that a migration empties or removes on purpose, with their rows afterwards; None: the table is removed."""


class EarlierSource(MigrationSource, frozen=True, kw_only=True):
    """A source with only its first `count` migrations."""

    count: int

    def read(self) -> list[Migration]:
        return super().read()[: self.count]


@pytest.fixture
async def connection(empty_database_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    opened = await asyncpg.connect(empty_database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def upgraded(
    empty_database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> AsyncIterator[Database]:
    await upgrade(connection, migration_sources())
    database = await Database.connect(empty_database_url, application_name="test", connections_max=2)
    yield database
    await database.close()


async def upgrade(
    connection: "asyncpg.Connection[asyncpg.Record]", sources: Sequence[MigrationSource]
) -> dict[str, int | None]:
    """Apply each migration, followed by its sample rows; return the number of rows in each table at the end."""
    counts: dict[str, int | None] = {}
    for position, source in enumerate(sources):
        for migration in source.read():
            known = [
                *sources[:position],
                EarlierSource(namespace=source.namespace, package=source.package, count=migration.number),
                *[
                    EarlierSource(namespace=later.namespace, package=later.package, count=0)
                    for later in sources[position + 1 :]
                ],
            ]
            applied = await migrate(connection, known)
            assert [(item.namespace, item.number) for item in applied] == [(migration.namespace, migration.number)]
            survived = await count_rows(connection)
            expected = counts | MOVED.get(migration.name, {})
            assert {table: survived.get(table) for table in expected} == expected, f"{migration.name} lost rows"
            await connection.execute(sample_of(migration))
            counts = await count_rows(connection)
    return counts


def sample_of(migration: Migration) -> str:
    """Return SQL that inserts rows as they can exist after this migration and before the next."""
    file = SAMPLES / f"{migration.namespace}_{migration.number:04}.sql"
    assert file.is_file(), (
        f"{name_of(file)} is missing: write rows as they can exist after {migration.name}, "
        "at least one in each new table"
    )
    return file.read_text(encoding="utf-8")


async def count_rows(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[str, int | None]:
    tables = await connection.fetch(
        "SELECT schemaname || '.' || tablename AS name FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'meta')"
    )
    return {table["name"]: await connection.fetchval(f"SELECT count(*) FROM {table['name']}") for table in tables}


async def test_every_row_survives_every_migration(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    counts = await upgrade(connection, migration_sources())

    assert [table for table, count in counts.items() if count == 0] == []


def test_every_migration_has_a_sample_and_every_sample_has_a_migration() -> None:
    migrations = [migration for source in migration_sources() for migration in source.read()]

    assert {f"{migration.namespace}_{migration.number:04}.sql" for migration in migrations} == {
        file.name for file in SAMPLES.iterdir()
    }


def test_a_migration_without_a_sample_is_reported() -> None:
    migration = Migration(namespace="shop", number=7, name="0007_items.sql", sql="")

    with pytest.raises(AssertionError, match=r"^tests/data/upgrade/shop_0007\.sql is missing: .* 0007_items\.sql"):
        sample_of(migration)


async def test_a_migration_that_loses_rows_is_reported(
    connection: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = migration_sources()
    first = sources[0].read()[0]
    second = Migration(namespace=first.namespace, number=2, name="0002_lose.sql", sql="DELETE FROM tenancy.api_key;")
    monkeypatch.setattr(
        MigrationSource, "read", lambda source: [first, second] if source.namespace == first.namespace else []
    )

    with pytest.raises(AssertionError, match=r"0002_lose\.sql lost rows"):
        await upgrade(connection, sources)


async def test_this_version_works_with_rows_of_earlier_versions(upgraded: Database) -> None:
    async with upgraded.connection() as connection:
        principal = await authenticate(connection, KEY_TEXT, kinds=[API_KEY])
        found = await get_event(
            connection,
            RecipientCache(),
            organisation_id=principal.organisation_id,
            event_id=parse_id("evt", "evt_01kdvp0800e008000000000072"),
        )
        deliveries = await list_deliveries(
            connection,
            organisation_id=principal.organisation_id,
            subscription_id=parse_id("sub", "sub_01kdvp0400e00800000000002h"),
            status=None,
            before=None,
            limit=10,
        )

    assert found.payload == b'{"order": 2.0}'
    assert [delivery.delivery.status for delivery in deliveries] == [
        "delivered",
        "canceled",
        "retrying",
        "failed",
        "delivered",
    ]
    assert [[attempt.response_status for attempt in delivery.attempts] for delivery in deliveries] == [
        [502, 200],
        [503],
        [None],
        [None, 500],
        [204],
    ]


async def test_the_depths_of_queues_are_what_earlier_versions_have_queued(upgraded: Database) -> None:
    async with upgraded.transaction() as connection:
        assert await queue_depth_list(connection) != {}
        assert await recount_depths(connection, limit=1_000) == []


async def test_attempts_have_the_url_that_they_went_to_unless_an_earlier_version_recorded_them(
    upgraded: Database,
) -> None:
    async with upgraded.connection() as connection:
        principal = await authenticate(connection, KEY_TEXT, kinds=[API_KEY])
        attempts = [
            attempt
            for delivery_id in ("dlv_01kdvp0m00g00800000000006r", "dlv_01kdvp0c00g00800000000006n")
            for attempt in (
                await get_delivery(
                    connection,
                    organisation_id=principal.organisation_id,
                    delivery_id=parse_id("dlv", delivery_id),
                )
            ).attempts
        ]

    assert [(attempt.url, attempt.timings) for attempt in attempts] == [
        ("https://example.com/former", AttemptTimings(lookup_ms=2.0, connect_ms=10.5)),
        ("https://example.com/new", None),
        (None, None),
        (None, None),
    ]


async def test_api_keys_of_earlier_versions_keep_their_ids_states_and_scopes(upgraded: Database) -> None:
    async with upgraded.connection() as connection:
        principal = await authenticate(connection, KEY_TEXT, kinds=[API_KEY])
        keys = await list_credentials(connection, API_KEY, organisation_id=principal.organisation_id)

    assert principal == Principal(
        organisation_id=UUID("019b7760-0000-7000-8000-0000000000a1"),
        scopes=FULL_ACCESS,
        credential_id=UUID("019b7760-0000-7000-8000-0000000000c1"),
    )
    assert [(key.credential_id.hex[-2:], key.prefix, key.name, key.state) for key in keys] == [
        ("c1", "nfk_Samp1eK3", "default", "active"),
        ("c2", "nfk_Samp1eK4", "old", "revoked"),
        ("c3", "nfk_Samp1eK5", "early", "active"),
        ("c4", "nfk_Samp1eK6", "trial", "expired"),
    ]


async def test_people_of_earlier_versions_keep_their_roles_invitations_and_entries(upgraded: Database) -> None:
    async with upgraded.connection() as connection:
        organisation_id = (await authenticate(connection, KEY_TEXT, kinds=[API_KEY])).organisation_id
        members = await list_members(connection, organisation_id=organisation_id, after=None, limit=10)
        invitations = await list_invitations(connection, organisation_id=organisation_id, before=None, limit=10)
        entries = await audit_entry_list(
            connection, organisation_id=organisation_id, where=AuditFilter(), before=None, limit=10
        )

    assert [(member.email, member.role, member.has_totp) for member in members] == [
        ("mia@example.com", Role.OWNER, True),
        ("noa@example.com", Role.VIEWER, False),
    ]
    assert [(invitation.email, invitation.state, invitation.invited_by) for invitation in invitations] == [
        ("ida@example.com", "pending", "mia@example.com")
    ]
    assert [(entry.operation, entry.actor) for entry in entries] == [("create_invitation", "mia@example.com")]


async def test_secrets_of_earlier_versions_are_the_same_once_they_are_sealed(upgraded: Database) -> None:
    sealer = Sealer(bytes(32))
    source_id, app_id = UUID("019b7760-0000-7000-8000-0000000000c1"), UUID("01930000-0000-7000-8000-00000000e101")
    async with upgraded.transaction() as connection:
        for column in (CONFIGURATIONS, SIGNING_SECRETS, TOTP_SECRETS):
            await seal_plain(connection, column, sealer)
        source = (await source_find_many(connection, sealer, source_ids=[source_id]))[source_id]
        app = await find_app(connection, app_id=app_id)
        account = await find_account(connection, email="mia@example.com")

    assert (source.secrets, source.options) == (("It's a Secret to Everybody",), {})
    assert app is not None
    assert open_signing_secret(sealer, app) == "00112233445566778899aabbccddeeff"
    assert account is not None
    assert account.totp_sealed is not None
    opened = sealer.open(account.totp_sealed, purpose=TOTP_SECRETS.purpose(account.account_id))
    assert opened == "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
