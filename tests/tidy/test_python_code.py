from pathlib import Path
from typing import Final

import pytest

from tidy.python_code import (
    FILE_LINES_MAX,
    FUNCTION_LINES_MAX,
    find_leaked_records,
    find_long_files,
    find_long_functions,
    find_marks,
    find_stray_names,
    find_unmirrored_folders,
)
from tidy.tree import DOCS, ROOT, SOURCE, TESTS, python_files

LONGER_FILES: Final[dict[str, int]] = {}
"""Files that were longer when the rule was introduced. This table may only shrink."""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return tmp_path / "sample.py"


def test_no_source_file_is_too_long() -> None:
    assert list(find_long_files(python_files(SOURCE), ratchet=LONGER_FILES)) == []


def test_a_long_file_is_reported(sample: Path) -> None:
    sample.write_text("x = 1\n" * FILE_LINES_MAX)
    assert list(find_long_files([sample], ratchet={})) == []

    sample.write_text("x = 1\n" * (FILE_LINES_MAX + 1))
    assert len(list(find_long_files([sample], ratchet={}))) == 1


def test_a_ratchet_allows_its_number_of_lines_and_must_be_lowered_with_them(sample: Path) -> None:
    sample.write_text("x = 1\n" * 500)

    assert list(find_long_files([sample], ratchet={"sample.py": 500})) == []
    assert len(list(find_long_files([sample], ratchet={"sample.py": 499}))) == 1
    assert len(list(find_long_files([sample], ratchet={"sample.py": 501}))) == 1
    assert len(list(find_long_files([], ratchet={"gone.py": 500}))) == 1


def test_no_function_is_too_long() -> None:
    assert list(find_long_functions(python_files(SOURCE, TESTS, ROOT / "bench"))) == []


@pytest.mark.parametrize("start", ["def work():", "async def work():", "class Worker:\n  def work(self):"])
def test_a_long_function_is_reported(sample: Path, start: str) -> None:
    sample.write_text(start + "\n    x = 1" * (FUNCTION_LINES_MAX - 1))
    assert list(find_long_functions([sample])) == []

    sample.write_text(start + "\n    x = 1" * FUNCTION_LINES_MAX)
    assert len(list(find_long_functions([sample]))) == 1


def test_every_file_has_a_name_that_says_what_it_contains() -> None:
    assert list(find_stray_names(python_files(SOURCE, TESTS, ROOT / "bench"))) == []


@pytest.mark.parametrize("name", ["utils.py", "helpers.py", "common/__init__.py", "string_utils.py"])
def test_a_stray_name_is_reported(tmp_path: Path, name: str) -> None:
    assert len(list(find_stray_names([tmp_path / name]))) == 1


def test_there_are_no_marks_of_unfinished_work() -> None:
    sql = sorted(SOURCE.rglob("*.sql"))
    documents = sorted(DOCS.rglob("*.md"))

    assert list(find_marks([*python_files(SOURCE, TESTS, ROOT / "bench"), *sql, *documents])) == []


def test_a_mark_of_unfinished_work_is_reported(sample: Path) -> None:
    mark = "todo".upper()
    sample.write_text(f"x = 1\n# {mark}: fix this\n")

    assert list(find_marks([sample])) == [f"sample.py:2 has a mark of unfinished work: {mark}"]


def test_no_store_returns_records_of_the_driver() -> None:
    assert list(find_leaked_records(python_files(SOURCE))) == []


@pytest.mark.parametrize(
    ("function", "is_leak"),
    [
        ("async def note_find() -> asyncpg.Record | None: ...", True),
        ("async def note_list() -> list['Record']: ...", True),
        ("async def note_find() -> Note | None: ...", False),
        ("def _note(record: asyncpg.Record) -> Note: ...", False),
    ],
)
def test_a_store_that_returns_records_of_the_driver_is_reported(
    tmp_path: Path, function: str, *, is_leak: bool
) -> None:
    (tmp_path / "store").mkdir()
    files = [tmp_path / "store.py", tmp_path / "store" / "notes.py", tmp_path / "service.py"]
    for file in files:
        file.write_text(function)

    assert len(list(find_leaked_records(files))) == (2 if is_leak else 0)


def test_every_folder_of_tests_corresponds_to_one_of_the_source() -> None:
    assert list(find_unmirrored_folders(TESTS, SOURCE)) == []


@pytest.mark.parametrize(
    ("folder", "is_mirror"),
    [
        ("core/queue", True),
        ("core", True),
        ("shop", True),
        ("shop/rules", True),
        ("shop/db", True),
        ("e2e", True),
        ("core/old", False),
        ("core/db", False),
        ("shop/old", False),
        ("old", False),
        (".", False),
    ],
)
def test_a_folder_of_tests_without_a_source_folder_is_reported(tmp_path: Path, folder: str, *, is_mirror: bool) -> None:
    source, tests = tmp_path / "src", tmp_path / "tests"
    for package in ("core/queue", "systems/shop/rules", "edge"):
        (source / package).mkdir(parents=True)
    (tests / folder).mkdir(parents=True)
    (tests / folder / "test_it.py").touch()

    assert (list(find_unmirrored_folders(tests, source)) == []) is is_mirror
