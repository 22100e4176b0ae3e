import sys
from pathlib import Path
from uuid import uuid4

import pytest
from aiosql import SQLParseException

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.queries import load_queries, sql_folder


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    folder = tmp_path / f"shop_{uuid4().hex}"
    (folder / "sql").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    return folder


async def test_the_queries_of_every_file_in_the_folder_are_loaded(package: Path, database: Database) -> None:
    (package / "sql" / "item.sql").write_text(
        "-- name: item_count$\n-- How many.\nSELECT :number::integer + 1;\n\n"
        "-- name: item_list\n-- All of them.\nSELECT number FROM generate_series(1, :last::integer) AS number;\n"
    )
    (package / "sql" / "price.sql").write_text("-- name: price_find^\n-- One.\nSELECT 5 AS amount;\n")

    queries = load_queries(package.name)

    async with database.connection() as connection:
        assert await queries.item_count(connection, number=1) == 2
        assert [row["number"] async for row in queries.item_list(connection, last=2)] == [1, 2]
        assert (await queries.price_find(connection))["amount"] == 5


def test_a_query_with_an_invalid_name_is_refused(package: Path) -> None:
    (package / "sql" / "item.sql").write_text("-- name: item count\nSELECT 1;\n")

    with pytest.raises(SQLParseException):
        _ = load_queries(package.name).item


def test_a_query_that_does_not_exist_is_an_attribute_error(package: Path) -> None:
    (package / "sql" / "item.sql").write_text("-- name: item_count$\n-- How many.\nSELECT 1;\n")
    queries = load_queries(package.name)

    for _ in range(2):
        with pytest.raises(AttributeError, match="item_list"):
            _ = queries.item_list


def test_the_sql_folder_is_in_the_package(package: Path) -> None:
    assert sql_folder(package.name) == package / "sql"
