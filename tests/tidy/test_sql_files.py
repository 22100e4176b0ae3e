import re
from functools import cache
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.queries import load_queries
from ninefold.edge.systems import migration_sources
from tidy.sql_files import (
    find_bad_queries,
    find_foreign_tables,
    find_lower_case_keywords,
    find_unused_queries,
    find_volatile_conditions,
    read_queries,
)
from tidy.tree import ROOT, SOURCE, python_files

PACKAGES: Final = {
    ".".join(folder.parent.relative_to(SOURCE.parent).parts): folder for folder in sorted(SOURCE.rglob("sql"))
}
"""Each package that has queries, and their folder."""

QUERY_FILES: Final = [file for folder in PACKAGES.values() for file in sorted(folder.glob("*.sql"))]
NAMESPACES: Final = {source.package: source.namespace for source in migration_sources()}
MIGRATION_FILES: Final = sorted(SOURCE.rglob("migrations/*.sql"))

UNUSED: Final[dict[str, set[str]]] = {}
"""Queries that nothing used when the rule was introduced. This table may only shrink."""

GOOD: Final = """\
-- name: item_find^
-- Read one item.
SELECT name
FROM shop.item
WHERE item_id = :item_id;

-- name: item_list
-- Read all items; the order is 'from' here, "where" there.
-- More of it.
SELECT item.name::text, item.order
FROM shop.item;
"""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    file = tmp_path / "item.sql"
    file.write_text(GOOD)
    return file


def test_every_package_with_queries_has_a_namespace() -> None:
    assert len(QUERY_FILES) >= 8
    assert {*PACKAGES} <= {*NAMESPACES}


def test_every_query_has_a_name_and_a_purpose_and_is_in_order() -> None:
    assert [complaint for file in QUERY_FILES for complaint in find_bad_queries(file)] == []


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("-- name: item_find^", "-- name: item find^"),
        ("-- name: item_find^", "-- item_find"),
        ("-- name: item_find^", "-- Some words first.\n-- name: item_find^"),
        ("-- Read one item.\n", ""),
        ("-- Read one item.", "-- Read one item"),
        ("item_find^", "item_never^"),
        ("item_find^", "item_list^"),
        ("item_find^", "items_find^"),
        (":item_id;", ":item_id"),
        (":item_id;", ":item_id; SELECT 1;"),
    ],
)
def test_a_bad_query_is_reported(sample: Path, good: str, bad: str) -> None:
    assert list(find_bad_queries(sample)) == []
    sample.write_text(GOOD.replace(good, bad, 1))

    assert list(find_bad_queries(sample)) != []


def test_keywords_are_in_upper_case() -> None:
    files = [*QUERY_FILES, *MIGRATION_FILES]

    assert [complaint for file in files for complaint in find_lower_case_keywords(file)] == []


@pytest.mark.parametrize(("good", "bad"), [("SELECT", "select"), ("FROM", "From"), ("WHERE item", "where item")])
def test_a_keyword_in_lower_case_is_reported(sample: Path, good: str, bad: str) -> None:
    assert list(find_lower_case_keywords(sample)) == []
    sample.write_text(GOOD.replace(good, bad, 1))

    assert len(list(find_lower_case_keywords(sample))) == 1


def test_no_condition_is_compared_with_the_clock() -> None:
    assert [complaint for file in QUERY_FILES for complaint in find_volatile_conditions(file)] == []


@pytest.mark.parametrize("condition", ["until <= clock_timestamp()", "\n    until = clock_timestamp()"])
def test_a_condition_compared_with_the_clock_is_reported(sample: Path, condition: str) -> None:
    sample.write_text(GOOD.replace(":item_id;", f":item_id AND {condition};", 1))

    assert len(list(find_volatile_conditions(sample))) == 1


def test_no_sql_names_the_tables_of_another_namespace() -> None:
    complaints = [
        complaint
        for package, namespace in NAMESPACES.items()
        for file in sorted((SOURCE.parent / package.replace(".", "/")).glob("*/*.sql"))
        for complaint in find_foreign_tables(file, own=namespace, namespaces=NAMESPACES.values())
    ]

    assert complaints == []


def test_a_table_of_another_namespace_is_reported(sample: Path) -> None:
    assert list(find_foreign_tables(sample, own="shop", namespaces=["shop", "bank"])) == []
    sample.write_text(GOOD.replace("FROM shop.item\n", "FROM shop.item\nINNER JOIN bank.account USING (id)\n"))

    assert len(list(find_foreign_tables(sample, own="shop", namespaces=["shop", "bank"]))) == 1
    assert len(list(find_foreign_tables(sample, own="bank", namespaces=["shop", "bank"]))) == 1


@pytest.mark.parametrize("package", PACKAGES)
def test_every_query_is_used(package: str) -> None:
    folder = PACKAGES[package]
    stores = [*folder.parent.glob("store.py"), *folder.parent.glob("store/*.py")]
    others = frozenset[str]().union(
        *(_words_of(file) for file in python_files(SOURCE, ROOT / "bench") if file not in stores)
    )
    names = {query.name for file in folder.glob("*.sql") for query in read_queries(file.read_text())}

    found = find_unused_queries(sorted(names), store=_texts(stores), others=others)

    assert {complaint.partition(":")[0] for complaint in found} == UNUSED.get(package, set())


def test_an_unused_query_is_reported() -> None:
    store = "async def item_find(): return await queries.item_find()"

    assert list(find_unused_queries(["item_find"], store=store, others={"store", "item_find"})) == []
    assert len(list(find_unused_queries(["item_find"], store=store, others={"store", "item_find_all"}))) == 1
    assert len(list(find_unused_queries(["item_find"], store="_queries.item_find_all()", others={"item_find"}))) == 1


@pytest.mark.parametrize("package", PACKAGES)
async def test_every_query_can_be_prepared_with_the_migrated_schema(package: str, database: Database) -> None:
    queries = load_queries(package)
    names = [query.name for file in PACKAGES[package].glob("*.sql") for query in read_queries(file.read_text())]
    assert names
    async with database.connection() as connection:
        for name in names:
            try:
                await connection.prepare(getattr(queries, name).sql)
            except asyncpg.PostgresError as error:
                pytest.fail(f"{package}: {name}: {error}")


async def test_a_query_with_an_unknown_column_is_reported(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(asyncpg.UndefinedColumnError):
            await connection.prepare("SELECT nothing_of_that_name FROM tenancy.organisation")


@cache
def _words_of(file: Path) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", file.read_text(encoding="utf-8")))


def _texts(files: list[Path]) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
