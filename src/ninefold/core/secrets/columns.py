"""Which columns have sealed values, and how they are read and replaced, whatever their table is.

Each system names its own columns; the statements are the same for all of them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeAlias
from uuid import UUID

import msgspec
import structlog

from ninefold.core.postgres.database import Connection
from ninefold.core.secrets.errors import SealError
from ninefold.core.secrets.keys import KEY_ID_BYTES
from ninefold.core.secrets.sealer import VERSION, Sealer

BATCH_ROWS: Final = 500

OnLoss: TypeAlias = Callable[[Connection, Sealer, Sequence[UUID]], Awaitable[None]]

log = structlog.get_logger(__name__)

_FIRST: Final = UUID(int=0)
_HEADER_BYTES: Final = len(VERSION) + KEY_ID_BYTES


class SealedColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column with sealed values. What is sealed is bound to `table:id`."""

    table: str
    """With its schema, such as `webhooks.signing_secret`."""
    id_column: str
    sealed_column: str = "sealed"
    plain_column: str | None = None
    """The column of type bytea in which earlier versions kept the value as it is. It is emptied at the start."""
    title: str
    """What they are, such as `signing secrets of subscriptions`."""
    on_loss: OnLoss
    """Replaces or deletes rows with ids, because the key that they were sealed with is lost."""
    loss_remedy: str
    """What to do after a loss, in one sentence."""

    def purpose(self, row_id: UUID) -> str:
        """Return what the value of a row is sealed for."""
        return purpose_of_row(self.table, row_id)


def purpose_of_row(table: str, row_id: UUID) -> str:
    """Return what the value of a row of a table is sealed for."""
    # A subclass, such as that of ids in paths, may be written differently.
    return f"{table}:{UUID(int=row_id.int)}"


def open_value(sealer: Sealer, table: str, row_id: UUID, sealed: bytes | None) -> bytes | None:
    """Return the value of a row; None if it has none, or if another than Ninefold has changed it, which is logged.

    Raises:
        SecretsKeyMissingError: this process lacks the key, so it can't read others either.
        SettingError: the file of the keys can't be used.
    """
    if sealed is None:
        return None
    try:
        return sealer.open_bytes(sealed, purpose=purpose_of_row(table, row_id))
    except SealError:
        log.error("secrets.value.broken", table=table, row_id=str(UUID(int=row_id.int)))  # noqa: TRY400 - that is all.
        return None


# The names in these statements are those of Ninefold's own tables and columns, from the systems' wiring.


async def count_by_key(connection: Connection, column: SealedColumn) -> Mapping[bytes | None, int]:
    """Count the sealed values of a column by the id of their key; None: they don't name it."""
    records = await connection.fetch(
        f"""
        SELECT
            CASE
                WHEN substring({column.sealed_column} FROM 1 FOR 1) = $1
                THEN substring({column.sealed_column} FROM 2 FOR {KEY_ID_BYTES})
            END AS key_id,
            count(*) AS count
        FROM {column.table}
        WHERE {column.sealed_column} IS NOT NULL
        GROUP BY 1
        """,  # noqa: S608 - see above.
        VERSION,
    )
    return {record["key_id"]: record["count"] for record in records}


async def list_sealed_with(connection: Connection, column: SealedColumn, *, key_ids: Sequence[bytes]) -> Sequence[UUID]:
    """Return the ids of the rows that are sealed with one of these keys."""
    records = await connection.fetch(
        f"""
        SELECT {column.id_column} AS row_id
        FROM {column.table}
        WHERE substring({column.sealed_column} FROM 1 FOR {_HEADER_BYTES}) = ANY($1)
        ORDER BY {column.id_column}
        """,  # noqa: S608 - see above.
        [VERSION + key_id for key_id in key_ids],
    )
    return [record["row_id"] for record in records]


async def seal_plain(connection: Connection, column: SealedColumn, sealer: Sealer) -> int:
    """Seal what earlier versions have kept as it is, in the caller's transaction; return how many values."""
    count, after = 0, _FIRST
    while True:
        records = await connection.fetch(
            f"""
            SELECT {column.id_column} AS row_id, {column.plain_column} AS plain
            FROM {column.table}
            WHERE {column.plain_column} IS NOT NULL AND {column.id_column} > $1
            ORDER BY {column.id_column}
            LIMIT {BATCH_ROWS}
            FOR UPDATE
            """,  # noqa: S608 - see above.
            after,
        )
        if not records:
            return count
        await connection.executemany(
            f"""
            UPDATE {column.table}
            SET {column.sealed_column} = $2, {column.plain_column} = NULL
            WHERE {column.id_column} = $1
            """,  # noqa: S608 - see above.
            [
                (record["row_id"], sealer.seal_bytes(record["plain"], purpose=column.purpose(record["row_id"])))
                for record in records
            ],
        )
        count += len(records)
        after = records[-1]["row_id"]


async def remove_old_versions(connection: Connection, column: SealedColumn) -> None:
    """Rewrite a table, so that its files don't have the earlier versions of its rows any more."""
    await connection.execute(f"VACUUM (FULL) {column.table}", timeout=600)


async def list_not_sealed_with(
    connection: Connection, column: SealedColumn, *, key_id: bytes, after: UUID
) -> Sequence[tuple[UUID, bytes]]:
    """Lock a batch of rows that are sealed with another key, with ids after one; skip rows that others have locked."""
    records = await connection.fetch(
        f"""
        SELECT {column.id_column} AS row_id, {column.sealed_column} AS sealed
        FROM {column.table}
        WHERE substring({column.sealed_column} FROM 1 FOR {_HEADER_BYTES}) <> $1 AND {column.id_column} > $2
        ORDER BY {column.id_column}
        LIMIT {BATCH_ROWS}
        FOR UPDATE SKIP LOCKED
        """,  # noqa: S608 - see above.
        VERSION + key_id,
        after,
    )
    return [(record["row_id"], record["sealed"]) for record in records]


async def replace_sealed(connection: Connection, column: SealedColumn, values: Sequence[tuple[UUID, bytes]]) -> None:
    """Replace the sealed values of rows."""
    await connection.executemany(
        f"UPDATE {column.table} SET {column.sealed_column} = $2 WHERE {column.id_column} = $1",  # noqa: S608 - see above.
        values,
    )
