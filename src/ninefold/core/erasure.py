"""Erases the rows of an organisation from a schema: which rows those are follows from columns and foreign keys.

A table is the organisation's if it has a column `organisation_id`, a foreign key to such a table, or a link that the
system names. The rows of a table are deleted before those that they are found by. Partitioned tables, and what lies
outside of the database, are the system's own matter.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final, Protocol
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection, Database

BATCH: Final = 1_000
"""Rows that one statement deletes."""

_TABLES: Final = """
SELECT
    relname AS name,
    EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'organisation_id' AND NOT attisdropped
    ) AS has_organisation
FROM pg_class
WHERE relnamespace = to_regnamespace($1) AND relkind = 'r' AND NOT relispartition
ORDER BY relname
"""

_REFERENCES: Final = """
SELECT
    child.relname AS name,
    parent.relname AS parent,
    array(
        SELECT attname::text
        FROM unnest(conkey) WITH ORDINALITY AS key (number, position)
        INNER JOIN pg_attribute ON attrelid = conrelid AND attnum = key.number
        ORDER BY key.position
    ) AS columns,
    array(
        SELECT attname::text
        FROM unnest(confkey) WITH ORDINALITY AS key (number, position)
        INNER JOIN pg_attribute ON attrelid = confrelid AND attnum = key.number
        ORDER BY key.position
    ) AS parent_columns,
    NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey) AND NOT attnotnull
    ) AS is_required
FROM pg_constraint
INNER JOIN pg_class AS child ON child.oid = conrelid
INNER JOIN pg_class AS parent ON parent.oid = confrelid
WHERE contype = 'f' AND child.relnamespace = to_regnamespace($1)
ORDER BY conname
"""


class Erased(msgspec.Struct, frozen=True):
    """What one call has erased."""

    counts: Mapping[str, int]
    """How many rows of which tables, without zeros."""
    is_complete: bool = True
    """Whether nothing is left that waits for work in flight to end."""


class EraseOrganisation(Protocol):
    """Erases what a system has of an organisation that no longer exists."""

    async def __call__(self, database: Database, *, organisation_id: UUID, check: Callable[[], None]) -> Erased:
        """Erase what can be erased now.

        It is called again until it finds nothing: what is in flight ends first, and may write something.

        Args:
            database: where the rows are.
            organisation_id: whose they are.
            check: raises if the work shall be interrupted; called between transactions.
        """
        ...


class Link(msgspec.Struct, frozen=True):
    """The column of a table that says which row of another table its row belongs to, without a foreign key."""

    column: str
    table: str
    """Its column has the same name."""


class _Reference(msgspec.Struct, frozen=True):
    columns: Sequence[str]
    table: str
    parent_columns: Sequence[str]
    is_required: bool = True


class _Table(msgspec.Struct, frozen=True):
    name: str
    has_organisation: bool


class SchemaErasure(msgspec.Struct, frozen=True, kw_only=True):
    """Erases the rows of an organisation from all tables of a schema but those that are partitioned.

    Raises:
        ValueError: a table isn't known to belong to organisations, or it isn't known in which order to delete.
    """

    schema: str
    links: Mapping[str, Link] = {}
    """By the name of the table."""
    kept: Collection[str] = ()
    """The tables that say nothing about any organisation."""

    async def __call__(self, database: Database, *, organisation_id: UUID, check: Callable[[], None]) -> Erased:
        """See `EraseOrganisation`."""
        counts: dict[str, int] = {}
        async with database.connection() as connection:
            conditions = await self.read_conditions(connection)
            for table, condition in conditions.items():
                deleted = BATCH
                while deleted == BATCH:
                    check()
                    deleted = await self._delete(connection, table, condition, organisation_id=organisation_id)
                    counts[table] = counts.get(table, 0) + deleted
        return Erased({f"{self.schema}.{table}": count for table, count in counts.items() if count})

    async def read_conditions(self, connection: Connection) -> dict[str, str]:
        """Return the SQL condition for the organisation's rows of each table, in the order of deletion."""
        tables = [
            _Table(record["name"], record["has_organisation"])
            for record in await connection.fetch(_TABLES, self.schema)
            if record["name"] not in self.kept
        ]
        references: dict[str, list[_Reference]] = {}
        for record in await connection.fetch(_REFERENCES, self.schema):
            reference = _Reference(record["columns"], record["parent"], record["parent_columns"], record["is_required"])
            references.setdefault(record["name"], []).append(reference)
        for name, link in self.links.items():
            references.setdefault(name, []).append(_Reference([link.column], link.table, [link.column]))
        conditions: dict[str, str] = {}
        while missing := [table for table in tables if table.name not in conditions]:
            found = {
                table.name: self._condition(table, references.get(table.name, ()), conditions) for table in missing
            }
            new = {name: condition for name, condition in found.items() if condition is not None}
            if not new:
                raise ValueError(f"Whose the rows of {self.schema}.{', '.join(found)} are isn't known.")
            conditions |= new
        return {name: conditions[name] for name in _children_first(conditions, references)}

    def _condition(self, table: _Table, references: Sequence[_Reference], conditions: Mapping[str, str]) -> str | None:
        if table.has_organisation:
            return "organisation_id = $1"
        if any(each.table not in conditions and each.table != table.name for each in references):
            return None
        parents = [each for each in references if each.table != table.name]
        # One that is required says it all; otherwise each row has one of several.
        chosen = [each for each in parents if each.is_required][:1] or parents
        return " OR ".join(self._in_parent(each, conditions) for each in chosen) or None

    def _in_parent(self, reference: _Reference, conditions: Mapping[str, str]) -> str:
        return (
            f"({', '.join(reference.columns)}) IN (SELECT {', '.join(reference.parent_columns)} "  # noqa: S608  # names of the catalog.
            f"FROM {self.schema}.{reference.table} WHERE {conditions[reference.table]})"
        )

    async def _delete(self, connection: Connection, table: str, condition: str, *, organisation_id: UUID) -> int:
        # The names come from the catalog, and nothing else does.
        name = f"{self.schema}.{table}"
        deleted: int = await connection.fetchval(
            f"WITH deleted AS (DELETE FROM {name} WHERE ctid = ANY(ARRAY("  # noqa: S608
            f"SELECT ctid FROM {name} WHERE {condition} LIMIT {BATCH})) RETURNING 1) SELECT count(*) FROM deleted",
            organisation_id,
        )
        return deleted


def _children_first(conditions: Collection[str], references: Mapping[str, Sequence[_Reference]]) -> list[str]:
    sorter = TopologicalSorter[str]()
    for name in sorted(conditions):
        sorter.add(name)
        for reference in references.get(name, ()):
            if reference.table in conditions and reference.table != name:
                sorter.add(reference.table, name)
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise ValueError(f"These tables refer to each other: {', '.join(error.args[1])}.") from error
