"""Checks of SQL files: names and purposes of queries, their order, keywords, use, and the schemas that they name."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

import msgspec

from tidy.tree import name_of

_NAME_LINE: Final = re.compile(r"-- name: (?P<name>[a-z][a-z0-9_]*)(?P<operation>[\^$!])?")
_NOT_CODE: Final = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"|::?[a-z_]+(?:\[\])?", re.DOTALL)
_WORD: Final = re.compile(r"(?<![.\w])[A-Za-z_]+(?![.\w])")

_VOLATILE_CONDITION: Final = re.compile(r"\b(?:WHERE|AND|OR|ON)\s[^,;]*?[<>=]\s*clock_timestamp\(\)")

_KEYWORDS_IN_LOWER_CASE: Final = """
    all and any array as asc between by case check conflict constraint create cross default delete desc distinct do
    else end exists false for foreign from group having in index inner insert intersect into is join lateral left like
    limit lock materialized not null nothing offset on only or order over partition primary references recursive
    returning select set share skip table then true union unique update using values when where with
"""

KEYWORDS: Final = frozenset(_KEYWORDS_IN_LOWER_CASE.split())
"""SQL keywords that aren't column names in Ninefold."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A named query."""

    name: str
    comment: list[str]
    text: str


def read_queries(text: str) -> list[Query]:
    """Return the named queries in the text of a file, in order."""
    queries = []
    for part in re.split(r"(?m)^(?=-- name:)", text):
        lines = part.splitlines()
        match = _NAME_LINE.fullmatch(lines[0]) if lines else None
        if match is None:
            continue
        comment = []
        for line in lines[1:]:
            if not line.startswith("--"):
                break
            comment.append(line.removeprefix("--").strip())
        queries.append(Query(name=match["name"], comment=comment, text="\n".join(lines[1 + len(comment) :])))
    return queries


def find_bad_queries(file: Path) -> Iterator[str]:
    """Report queries without a name or a purpose, with another noun than the file, or in the wrong order."""
    text = file.read_text(encoding="utf-8")
    queries = read_queries(text)
    if not queries or not text.startswith("-- name:") or text.count("-- name:") != len(queries):
        yield f"{name_of(file)} has something before or instead of `-- name: noun_verb`"
    for query in queries:
        if not query.comment or not query.comment[0].endswith("."):
            yield f"{name_of(file)}: {query.name} lacks a sentence that says what it is for"
        if query.text.count(";") != 1 or not query.text.rstrip().endswith(";"):
            yield f"{name_of(file)}: {query.name} isn't one statement that ends with a semicolon"
        if not f"{query.name}_".startswith(f"{file.stem}_"):
            yield f"{name_of(file)}: {query.name} doesn't begin with the file's noun"
    names = [query.name for query in queries]
    if names != sorted(set(names)):
        yield f"{name_of(file)}: the queries aren't sorted by name, or a name occurs twice"


def find_lower_case_keywords(file: Path) -> Iterator[str]:
    """Report SQL keywords that aren't in upper case."""
    code = strip_comments_and_texts(file.read_text(encoding="utf-8"))
    for number, line in enumerate(code.splitlines(), start=1):
        for word in _WORD.findall(line):
            if word.lower() in KEYWORDS and not word.isupper():
                yield f"{name_of(file)}:{number} has {word} instead of {word.upper()}"


def find_volatile_conditions(file: Path) -> Iterator[str]:
    """Report comparisons with clock_timestamp(), which changes from row to row, so that no index can be used."""
    for match in _VOLATILE_CONDITION.finditer(file.read_text(encoding="utf-8")):
        yield f"{name_of(file)} compares {match[0]!r}; statement_timestamp() lets an index be used"


def find_foreign_tables(file: Path, *, own: str, namespaces: Iterable[str]) -> Iterator[str]:
    """Report SQL of one namespace that names tables of another one."""
    code = strip_comments_and_texts(file.read_text(encoding="utf-8"))
    for namespace in {*namespaces, "meta"} - {own}:
        if re.search(rf"(?<![.\w]){namespace}\s*\.", code):
            yield f"{name_of(file)} belongs to {own} and names tables of {namespace}"


def find_unused_queries(names: Iterable[str], *, store: str, others: AbstractSet[str]) -> Iterator[str]:
    """Report queries that the store doesn't call, or whose store function isn't called.

    Args:
        names: the queries of a package.
        store: the text of the package's store.
        others: the words of everything else that could call the store.
    """
    for name in names:
        if not re.search(rf"queries\.{name}\b", store):
            yield f"{name}: no store calls it"
        elif name not in others:
            yield f"{name}: its store function isn't called"


def strip_comments_and_texts(sql: str) -> str:
    """Return SQL with spaces instead of comments, string literals, quoted names, parameters and casts."""
    return _NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), sql)
