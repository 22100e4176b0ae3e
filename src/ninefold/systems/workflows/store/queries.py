"""The named SQL queries of workflows, loaded once, and what turns rows into frozen data."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec

from ninefold.core.postgres.queries import load_queries

queries: Any = load_queries("ninefold.systems.workflows")

T = TypeVar("T", bound=msgspec.Struct)

_encode: Final = msgspec.json.Encoder().encode


# Any, because asyncpg's records are untyped.
def read_row(kind: type[T], row: Any) -> T:
    """Return a row of a table as frozen data; columns that the type doesn't have are left out."""
    return kind(**{name: row[name] for name in kind.__struct_fields__})


def read_row_or_none(kind: type[T], row: Any) -> T | None:
    """Return a row of a table as frozen data; None if there is none."""
    return None if row is None else read_row(kind, row)


def json_rows(rows: Sequence[msgspec.Struct]) -> str:
    """Return frozen data as JSON for a parameter that is cast to `jsonb`."""
    return _encode(rows).decode()
