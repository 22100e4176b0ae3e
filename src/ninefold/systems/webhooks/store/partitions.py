"""Partitions of the tables with events, deliveries and attempts: list, make, seal and drop them.

The statements that change tables have names in them that no query parameter can replace. They are built here from the
names in `TABLES`, from dates, and from ids that are made of times.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from ninefold.core.ids import first_id_at, time_of_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import Retention
from ninefold.systems.webhooks.model.partitions import Partition, Unfinished
from ninefold.systems.webhooks.store.queries import queries

LOCK_TIMEOUT_MS: Final = 100
"""How long a change waits for a table. What comes after it waits as long, publishing too, so it gives up early."""

SCAN_TIMEOUT_S: Final = 3_000.0
"""How long it may take to check all rows of a partition. Nothing waits for that."""

_LIMIT_WAITING: Final = f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"
_LOCK_KEY: Final = 0x6E696E65_70617274
_FIRST: Final = "first"
"""The suffix of the partition without a start. The others have the date of theirs."""

_BEFORE_ALL: Final = UUID(int=0)
_AFTER_ALL: Final = UUID(int=2**128 - 1)
_BOUNDS: Final = re.compile(r"FOR VALUES FROM \((MINVALUE|'[0-9a-f-]{36}')\) TO \((MAXVALUE|'[0-9a-f-]{36}')\)")


class _Table(NamedTuple):
    name: str
    id_column: str
    parameters: str = ""
    """Storage parameters, which a partition doesn't get from its parent."""


_EVENT: Final = _Table("event", "event_id", " WITH (fillfactor = 85)")

TABLES: Final = (_Table("delivery", "delivery_id"), _Table("earlier_attempt", "delivery_id"), _EVENT)
"""In the order in which a worker writes to them. In another order, a change and a worker could wait for each other."""


async def partition_list(connection: Connection) -> list[Partition]:
    """Read all partitions, oldest first within each retention."""
    partitions = [
        _read(record["table_name"], bounds=record["bounds"], is_sealed=record["is_sealed"])
        async for record in queries.partition_list(connection)
    ]
    return sorted(partitions, key=lambda each: (each.retention, first_id_of(each)))


async def partition_find_unfinished(
    connection: Connection, partition: Partition, *, failed_after: datetime
) -> Unfinished:
    """Return what keeps a partition from being removed."""
    record = await queries.partition_find_unfinished(connection, **range_of(partition), failed_after=failed_after)
    return Unfinished(**record)


async def partition_has_events(connection: Connection, *, retention: Retention, first_id: UUID) -> bool:
    """Return whether there are events with a retention from an id on."""
    found: bool = await queries.partition_has_events(connection, retention=retention, first_id=first_id)
    return found


async def partition_has_retention(connection: Connection, *, retention: Retention) -> bool:
    """Return whether there are partitions for a retention."""
    found: bool = await queries.partition_has_retention(connection, table_name=f"webhooks.event_{_name(retention)}")
    return found


async def partition_has_undispatched(connection: Connection, partition: Partition) -> bool:
    """Return whether an event in a partition is queued."""
    found: bool = await queries.partition_has_undispatched(connection, **range_of(partition))
    return found


async def partition_lock_to_add(connection: Connection) -> None:
    """Wait until no other process changes partitions, and block others until the transaction ends."""
    await queries.partition_lock_to_add(connection, key=_LOCK_KEY)


async def partition_read_clock(connection: Connection) -> datetime:
    """Read the database's clock."""
    now: datetime = await queries.partition_read_clock(connection)
    return now


async def partition_lock(connection: Connection) -> bool:
    """Try to keep others from changing partitions, until the session ends or unlocks; return whether it worked.

    The lock is that of the session, because some changes are several transactions.
    """
    is_locked: bool = await queries.partition_lock(connection, key=_LOCK_KEY)
    return is_locked


async def partition_unlock(connection: Connection) -> None:
    """Let others change partitions."""
    await queries.partition_unlock(connection, key=_LOCK_KEY)


async def partition_add_retention(connection: Connection, *, retention: Retention) -> None:
    """Add a retention, with one open partition. Nothing waits for that."""
    name = _name(retention)
    for table in TABLES:
        division = f"webhooks.{table.name}_{name}"
        await connection.execute(
            f"CREATE TABLE {division} (LIKE webhooks.{table.name} INCLUDING ALL) PARTITION BY RANGE ({table.id_column})"
        )
        await connection.execute(_create(table, f"{division}_{_FIRST}"))
        await connection.execute(
            f"ALTER TABLE {division} ATTACH PARTITION {division}_{_FIRST} FOR VALUES FROM (MINVALUE) TO (MAXVALUE)"
        )
        await connection.execute(
            f"ALTER TABLE webhooks.{table.name} ATTACH PARTITION {division} FOR VALUES IN ({retention.value})"
        )


async def partition_limit(connection: Connection, partition: Partition, *, ends_at: datetime) -> None:
    """Let no row into the open partition that is beyond a future end. It then needn't be read when it is closed."""
    start = "" if partition.starts_at is None else f" AND %s >= '{first_id_of(partition)}'"
    statements = []
    for table in TABLES:
        leaf, column = _leaf(table, partition), table.id_column
        condition = (
            f"retention = '{partition.retention.value}'::smallint AND {column} < '{first_id_at(ends_at)}'"
            f"{start.replace('%s', column)}"
        )
        statements += [
            f"ALTER TABLE {leaf} DROP CONSTRAINT IF EXISTS closing",
            f"ALTER TABLE {leaf} ADD CONSTRAINT closing CHECK ({condition}) NOT VALID",
        ]
    await _change(connection, statements)


async def partition_unlimit(connection: Connection, partition: Partition) -> None:
    """Let any row into the open partition again."""
    await _change(
        connection, [f"ALTER TABLE {_leaf(table, partition)} DROP CONSTRAINT IF EXISTS closing" for table in TABLES]
    )


async def partition_check_limit(connection: Connection, partition: Partition) -> None:
    """Check that no row in the open partition is beyond the limit. All rows are read, but nothing waits for that."""
    await _validate(connection, partition, "closing", TABLES)


async def partition_close(connection: Connection, partition: Partition, *, ends_at: datetime) -> None:
    """End the open partition at a time, and begin a new open one there. Everything else waits until it is done."""
    end = first_id_at(ends_at)
    start = "MINVALUE" if partition.starts_at is None else f"'{first_id_of(partition)}'"
    statements = [_hold(partition.retention)]
    for table in TABLES:
        leaf, division = _leaf(table, partition), f"webhooks.{table.name}_{_name(partition.retention)}"
        next_leaf = f"{division}_{ends_at:%Y%m%d}"
        statements += [
            _create(table, next_leaf),
            f"ALTER TABLE {division} DETACH PARTITION {leaf}",
            f"ALTER TABLE {division} ATTACH PARTITION {leaf} FOR VALUES FROM ({start}) TO ('{end}')",
            f"ALTER TABLE {division} ATTACH PARTITION {next_leaf} FOR VALUES FROM ('{end}') TO (MAXVALUE)",
            f"ALTER TABLE {leaf} DROP CONSTRAINT IF EXISTS closing",
        ]
    await _change(connection, statements)


async def partition_seal(connection: Connection, partition: Partition) -> None:
    """Let no event in a partition be queued, from the next check of the seal on for the planner too."""
    leaf = _leaf(_EVENT, partition)
    await _change(
        connection,
        [
            f"ALTER TABLE {leaf} DROP CONSTRAINT IF EXISTS sealed",
            f"ALTER TABLE {leaf} ADD CONSTRAINT sealed CHECK (status = 'dispatched') NOT VALID",
        ],
    )


async def partition_check_seal(connection: Connection, partition: Partition) -> None:
    """Check that every event in a sealed partition is dispatched. All are read, but nothing waits for that."""
    await _validate(connection, partition, "sealed", (_EVENT,))


async def partition_drop(connection: Connection, partition: Partition) -> None:
    """Drop the tables of a partition. Everything else waits until the commit."""
    for table in TABLES:
        leaf = _leaf(table, partition)
        division = f"webhooks.{table.name}_{_name(partition.retention)}"
        await connection.execute(f"ALTER TABLE {division} DETACH PARTITION {leaf}")
        await connection.execute(f"DROP TABLE {leaf}")


async def partitions_hold(connection: Connection, *, retention: Retention) -> None:
    """Let everything else wait that reads or writes rows with a retention, until the transaction ends."""
    await connection.execute(_hold(retention))


async def partition_limit_waiting(connection: Connection) -> None:
    """Let statements of this transaction wait for tables no longer than `LOCK_TIMEOUT_MS`."""
    await connection.execute(_LIMIT_WAITING)


def first_id_of(partition: Partition) -> UUID:
    """Return the smallest id of a partition."""
    return _BEFORE_ALL if partition.starts_at is None else first_id_at(partition.starts_at)


def range_of(partition: Partition) -> dict[str, Any]:
    """Return the parameters of queries for the rows of a partition: its retention, its first id and its end."""
    return {
        "retention": partition.retention,
        "first_id": first_id_of(partition),
        "end_id": _AFTER_ALL if partition.ends_at is None else first_id_at(partition.ends_at),
    }


def _create(table: _Table, leaf: str) -> str:
    return f"CREATE TABLE {leaf} (LIKE webhooks.{table.name} INCLUDING ALL){table.parameters}"


def _hold(retention: Retention) -> str:
    divisions = ", ".join(f"webhooks.{table.name}_{_name(retention)}" for table in TABLES)
    return f"LOCK TABLE {divisions} IN ACCESS EXCLUSIVE MODE"


async def _change(connection: Connection, statements: Sequence[str]) -> None:
    """Change tables in a transaction of its own that is sent as a whole.

    So the tables are locked only for as long as PostgreSQL works on it, even if this process is suspended meanwhile.
    """
    await connection.execute(";\n".join([_LIMIT_WAITING, *statements]))


async def _validate(connection: Connection, partition: Partition, constraint: str, tables: tuple[_Table, ...]) -> None:
    for table in tables:
        await connection.execute(
            f"ALTER TABLE {_leaf(table, partition)} VALIDATE CONSTRAINT {constraint}", timeout=SCAN_TIMEOUT_S
        )


def _leaf(table: _Table, partition: Partition) -> str:
    return f"webhooks.{table.name}_{_name(partition.retention)}_{partition.suffix}"


def _name(retention: Retention) -> str:
    return retention.name.lower()


def _read(table_name: str, *, bounds: str, is_sealed: bool) -> Partition:
    _, retention, suffix = table_name.split("_", 2)
    match = _BOUNDS.fullmatch(bounds)
    if match is None:
        raise ValueError(f"The table {table_name} has bounds that aren't those of ids: {bounds}")
    start, end = (None if "'" not in bound else time_of_id(UUID(bound.strip("'"))) for bound in match.groups())
    return Partition(
        retention=Retention[retention.upper()], suffix=suffix, starts_at=start, ends_at=end, is_sealed=is_sealed
    )
