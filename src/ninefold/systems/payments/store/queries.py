"""The named SQL queries of payments, loaded once, and what turns rows into frozen data."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from ninefold.core.postgres.queries import load_queries
from ninefold.systems.payments.model.merchants import CurrencyFee
from ninefold.systems.payments.model.payments import PaymentMethod

queries: Any = load_queries("ninefold.systems.payments")

T = TypeVar("T", bound=msgspec.Struct)

_JSON_COLUMNS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    **dict.fromkeys(
        ("metadata", "billing_details", "detail", "options", "parameters", "summary"), msgspec.json.Decoder()
    ),
    "failed_payment_method": msgspec.json.Decoder(PaymentMethod),
    "fees": msgspec.json.Decoder(tuple[CurrencyFee, ...]),
}

_encode = msgspec.json.Encoder().encode


# Any, because asyncpg's records are untyped.
def read_row(kind: type[T], row: Any) -> T:
    """Return a row of a table as frozen data; columns that the type doesn't have are left out."""
    fields = {name: row[name] for name in kind.__struct_fields__}
    for name, decoder in _JSON_COLUMNS.items():
        if fields.get(name) is not None:
            fields[name] = decoder.decode(fields[name])
    return kind(**fields)


def read_row_or_none(kind: type[T], row: Any) -> T | None:
    """Return a row of a table as frozen data; None if there is none."""
    return None if row is None else read_row(kind, row)


def columns_of(value: msgspec.Struct) -> dict[str, Any]:
    """Return frozen data as the parameters of a query."""
    columns = msgspec.structs.asdict(value)
    for name in _JSON_COLUMNS:
        if name in columns:
            columns[name] = json_text(columns[name])
    return columns


def json_rows(rows: Sequence[Any]) -> str:
    """Return rows as JSON for a parameter that is cast to `jsonb`."""
    return _encode(rows).decode()


def json_text(value: Mapping[str, Any]) -> str:
    """Return JSON for a parameter that is cast to `jsonb`."""
    return _encode(value).decode()
