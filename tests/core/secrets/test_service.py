"""The keys of a database: checked at the start, replaced while Ninefold runs, and given up when they are lost."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest

from ninefold.core.errors import SettingError
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.secrets import KEY_FILE, SealedColumn, Sealer, SecretsKeyMissingError, service
from ninefold.core.secrets.service import (
    KeyInUseError,
    KeyUse,
    forget_lost_keys,
    list_key_uses,
    prepare_secrets,
    remove_earlier_keys,
    rotate_key,
)
from ninefold.core.web.ids import PathId

OLD, NEW = b"o" * 32, b"n" * 32


async def delete_lost(connection: Connection, _: Sealer, row_ids: Sequence[UUID]) -> None:
    await connection.execute("DELETE FROM shop.password WHERE password_id = ANY($1)", row_ids)


COLUMN = SealedColumn(
    table="shop.password",
    id_column="password_id",
    plain_column="plain",
    title="passwords of the shop",
    on_loss=delete_lost,
    loss_remedy="Set them again.",
)


@pytest.fixture
async def table(database: Database) -> Database:
    """The database with a table of sealed values."""
    async with database.connection() as connection:
        await connection.execute(
            "CREATE SCHEMA shop; CREATE TABLE shop.password (password_id uuid PRIMARY KEY, plain bytea, sealed bytea)"
        )
    return database


async def insert(database: Database, sealer: Sealer, *, count: int = 1) -> list[UUID]:
    """Insert sealed values, each of which is its own id."""
    row_ids = [new_id() for _ in range(count)]
    rows = [(row_id, sealer.seal_bytes(row_id.bytes, purpose=COLUMN.purpose(row_id))) for row_id in row_ids]
    async with database.connection() as connection:
        await connection.executemany("INSERT INTO shop.password (password_id, sealed) VALUES ($1, $2)", rows)
    return row_ids


async def read_all(database: Database, sealer: Sealer) -> set[UUID]:
    """Return the values that are opened, after comparing each with its id."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT * FROM shop.password")
    assert all(
        sealer.open_bytes(row["sealed"], purpose=COLUMN.purpose(row["password_id"])) == row[0].bytes for row in rows
    )
    return {row["password_id"] for row in rows}


async def uses_of(database: Database, sealer: Sealer) -> list[tuple[str, int]]:
    async with database.connection() as connection:
        return [(use.state, use.values) for use in await list_key_uses(connection, sealer, [COLUMN])]


async def rotate(database: Database, sealer: Sealer) -> service.Rotation:
    return await rotate_key(database, sealer, [COLUMN], on_progress=lambda _, __: None)


async def test_a_process_with_another_key_does_not_start_even_without_any_secret(table: Database) -> None:
    await prepare_secrets(table, Sealer(OLD), [COLUMN])

    with pytest.raises(SecretsKeyMissingError):
        await prepare_secrets(table, Sealer(NEW), [COLUMN])
    await prepare_secrets(table, Sealer(OLD), [COLUMN])


def test_a_value_is_bound_to_its_row_whatever_the_type_of_the_id() -> None:
    class NoteId(PathId):
        prefix = "note"

    row_id = new_id()

    assert COLUMN.purpose(NoteId(int=row_id.int)) == COLUMN.purpose(row_id) == f"shop.password:{row_id}"


async def test_of_two_processes_that_start_at_once_with_different_keys_one_starts(table: Database) -> None:
    results = await asyncio.gather(
        *(prepare_secrets(table, Sealer(key), [COLUMN]) for key in (OLD, NEW)), return_exceptions=True
    )

    assert sorted(type(result).__name__ for result in results) == ["NoneType", "SecretsKeyMissingError"]


async def test_a_missing_file_is_not_made_again_if_secrets_need_it(table: Database, tmp_path: Path) -> None:
    await prepare_secrets(table, Sealer(OLD), [COLUMN])

    with pytest.raises(SecretsKeyMissingError):
        await prepare_secrets(table, Sealer(tmp_path / KEY_FILE), [COLUMN])

    assert not (tmp_path / KEY_FILE).exists()


async def test_what_was_stored_as_it_is_is_sealed_and_nothing_of_it_is_left(table: Database) -> None:
    sealer, row_ids = Sealer(OLD), [new_id() for _ in range(1_201)]
    async with table.connection() as connection:
        await connection.executemany(
            "INSERT INTO shop.password (password_id, plain) VALUES ($1, $2)",
            [(row_id, b"plain text " + row_id.bytes) for row_id in row_ids],
        )

    file_before = await file_of(table)

    await asyncio.gather(*(prepare_secrets(table, sealer, [COLUMN]) for _ in range(2)))

    async with table.connection() as connection:
        rows = await connection.fetch("SELECT * FROM shop.password")
    assert {row["password_id"] for row in rows} == {*row_ids}
    assert all(
        sealer.open_bytes(row["sealed"], purpose=COLUMN.purpose(row["password_id"]))
        == b"plain text " + row["password_id"].bytes
        for row in rows
    )
    assert [row for row in rows if row["plain"] is not None] == []
    assert await file_of(table) != file_before


async def test_sealing_that_is_interrupted_changes_nothing_and_is_done_at_the_next_start(
    table: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer = Sealer(OLD)
    async with table.connection() as connection:
        await connection.execute(
            "INSERT INTO shop.password SELECT gen_random_uuid(), 'plain' FROM generate_series(1, 700)"
        )
    seal = Sealer.seal_bytes
    calls = iter(range(1_000_000))

    def fail_in_the_second_batch(self: Sealer, content: bytes, *, purpose: str) -> bytes:
        if next(calls) == 600:
            raise KeyboardInterrupt
        return seal(self, content, purpose=purpose)

    with monkeypatch.context() as patched:
        patched.setattr(Sealer, "seal_bytes", fail_in_the_second_batch)
        with pytest.raises(KeyboardInterrupt):
            await prepare_secrets(table, sealer, [COLUMN])
    async with table.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM shop.password WHERE sealed IS NOT NULL") == 0

    await prepare_secrets(table, sealer, [COLUMN])

    assert await uses_of(table, sealer) == [("current", 700)]


async def test_a_rotation_seals_everything_with_a_new_key_and_the_earlier_one_can_go(
    table: Database, tmp_path: Path
) -> None:
    sealer = Sealer(tmp_path / KEY_FILE)
    row_ids = await insert(table, sealer, count=1_100)

    rotation = await rotate(table, sealer)

    assert (rotation.is_new, rotation.sealed_again, rotation.broken) == (True, 1_100, [])
    assert await uses_of(table, sealer) == [("current", 1_100), ("earlier", 0)]
    assert await remove_earlier_keys(table, sealer, [COLUMN]) == 1
    assert await read_all(table, Sealer(tmp_path / KEY_FILE)) == {*row_ids}
    assert await uses_of(table, sealer) == [("current", 1_100)]
    await prepare_secrets(table, sealer, [COLUMN])


async def test_an_interrupted_rotation_is_completed_with_the_same_key(table: Database, tmp_path: Path) -> None:
    sealer = Sealer(tmp_path / KEY_FILE)
    row_ids = await insert(table, sealer, count=1_100)

    def interrupt(_: SealedColumn, count: int) -> None:
        if count == 500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rotate_key(table, sealer, [COLUMN], on_progress=interrupt)
    assert await uses_of(table, sealer) == [("current", 500), ("earlier", 600)]
    assert await read_all(table, sealer) == {*row_ids}
    with pytest.raises(KeyInUseError):
        await remove_earlier_keys(table, sealer, [COLUMN])

    rotation = await rotate(table, Sealer(tmp_path / KEY_FILE))

    assert (rotation.is_new, rotation.sealed_again) == (False, 600)
    assert len(sealer.keyring().keys) == 2


async def test_a_rotation_waits_for_rows_that_others_have_locked(table: Database, tmp_path: Path) -> None:
    sealer = Sealer(tmp_path / KEY_FILE)
    row_id, *_ = await insert(table, sealer, count=3)
    async with table.transaction() as connection:
        await connection.execute("SELECT FROM shop.password WHERE password_id = $1 FOR UPDATE", row_id)
        seen = asyncio.Event()
        rotating = asyncio.create_task(rotate_key(table, sealer, [COLUMN], on_progress=lambda _, __: seen.set()))
        await asyncio.wait_for(seen.wait(), 10)

    assert (await rotating).sealed_again == 3


async def test_the_settings_need_a_new_key_first(table: Database) -> None:
    row_ids = await insert(table, Sealer(OLD), count=3)

    with pytest.raises(SettingError, match="no other key"):
        await rotate(table, Sealer(OLD))
    rotation = await rotate(table, Sealer([NEW, OLD]))

    assert rotation.sealed_again == 3
    await prepare_secrets(table, Sealer(NEW), [COLUMN])
    assert await read_all(table, Sealer(NEW)) == {*row_ids}
    with pytest.raises(SecretsKeyMissingError):
        await prepare_secrets(table, Sealer(OLD), [COLUMN])


async def test_a_broken_value_is_named_and_left_as_it_is(table: Database, tmp_path: Path) -> None:
    sealer = Sealer(tmp_path / KEY_FILE)
    broken, moved, whole = await insert(table, sealer, count=3)
    async with table.connection() as connection:
        await connection.execute(
            "UPDATE shop.password SET sealed = (SELECT sealed FROM shop.password WHERE password_id = $2) "
            "WHERE password_id = $1",
            broken,
            moved,
        )

    rotation = await rotate(table, sealer)

    assert (rotation.sealed_again, rotation.broken) == (2, [COLUMN.purpose(broken)])
    assert whole != moved


async def test_a_lost_key_is_given_up_with_what_it_has_sealed(table: Database) -> None:
    lost = await insert(table, Sealer(OLD), count=2)
    await prepare_secrets(table, Sealer(OLD), [COLUMN])
    kept = await insert(table, Sealer(NEW))

    given_up = await forget_lost_keys(table, Sealer(NEW), [COLUMN])

    assert {table: {*row_ids} for table, row_ids in given_up.items()} == {"shop.password": {*lost}}
    await prepare_secrets(table, Sealer(NEW), [COLUMN])
    assert await read_all(table, Sealer(NEW)) == {*kept}


async def test_a_key_is_shown_as_missing_without_making_one(table: Database, tmp_path: Path) -> None:
    await insert(table, Sealer(OLD))
    async with table.connection() as connection:
        uses = await list_key_uses(connection, Sealer(tmp_path / KEY_FILE), [COLUMN])

    assert uses == [KeyUse(key_id=Sealer(OLD).keyring().current.key_id, state="missing", values=1)]
    assert not (tmp_path / KEY_FILE).exists()


async def file_of(database: Database) -> int:
    """Return the number of the table's file. A table that is rewritten gets another file, without old rows."""
    async with database.connection() as connection:
        number: int = await connection.fetchval("SELECT pg_relation_filenode('shop.password')")
    return number
