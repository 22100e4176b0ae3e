"""Expands the matrix of a job, with its includes and excludes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Final, NamedTuple

from ninefold.systems.workflows.errors import InvalidPlanError
from ninefold.systems.workflows.expressions.coercion import equal, is_primitive
from ninefold.systems.workflows.model.values import Object, Value, text_of

JOBS_MAX: Final = 256
"""Jobs of a matrix, as on GitHub."""

_FILTERS: Final = frozenset({"include", "exclude"})


CANDIDATES_MAX: Final = 100_000
"""Combinations of a matrix before its excludes."""


class Combination(NamedTuple):
    """One job of a matrix."""

    values: Object
    """The context `matrix`."""
    names: tuple[str, ...]
    """What is added to the job's name: the values of its vectors."""


def expand_matrix(matrix: Value, *, jobs_max: int = JOBS_MAX) -> Sequence[Combination]:
    """Return the combinations of a matrix that was evaluated, in order.

    First come those of all vectors but the excluded ones, with what includes add to them. Then come the includes that
    fit none of them.

    Raises:
        InvalidPlanError: it isn't a matrix, is empty, or has too many combinations.
    """
    if not isinstance(matrix, Object):
        raise InvalidPlanError("The matrix isn't a mapping.", field="strategy.matrix")
    vectors = {name: _vector(name, vector) for name, vector in matrix.items() if name not in _FILTERS}
    includes, excludes = _filters(matrix, "include"), _filters(matrix, "exclude")
    _check(vectors, includes, excludes)
    combinations = list(_limited(_combinations(vectors, includes, excludes), jobs_max))
    if not combinations:
        raise InvalidPlanError("The matrix has no combination that isn't excluded.", field="strategy.matrix")
    return combinations


def _vector(name: str, vector: Value) -> list[Value]:
    if not isinstance(vector, list):
        raise InvalidPlanError(f"The vector '{name}' isn't a sequence.", field="strategy.matrix")
    if not vector:
        raise InvalidPlanError(f"Matrix vector '{name}' does not contain any values", field="strategy.matrix")
    return vector


def _filters(matrix: Object, name: str) -> list[Object]:
    items = matrix.get(name)
    if items is None:
        return []
    if not isinstance(items, list) or not all(isinstance(item, Object) for item in items):
        raise InvalidPlanError(f"`{name}` isn't a sequence of mappings.", field="strategy.matrix")
    return [item for item in items if isinstance(item, Object)]


def _check(vectors: Mapping[str, list[Value]], includes: list[Object], excludes: list[Object]) -> None:
    if not vectors and not includes:
        raise InvalidPlanError("Matrix must define at least one vector", field="strategy.matrix")
    if prod(map(len, vectors.values())) > CANDIDATES_MAX:
        message = f"The matrix has more than {CANDIDATES_MAX:,} combinations before excludes."
        raise InvalidPlanError(message, field="strategy.matrix")
    if not all(includes):
        raise InvalidPlanError("Matrix include mapping does not contain any values", field="strategy.matrix")
    if not all(excludes):
        raise InvalidPlanError("Matrix exclude filter must not be empty", field="strategy.matrix")
    known = Object(vectors)
    for key in (key for exclude in excludes for key in exclude if key not in known):
        message = f"Matrix exclude key '{key}' does not match any key within the matrix"
        raise InvalidPlanError(message, field="strategy.matrix")


def _limited(combinations: Iterator[Combination], jobs_max: int) -> Iterator[Combination]:
    for number, combination in enumerate(combinations, start=1):
        if number > jobs_max:
            raise InvalidPlanError(f"The matrix has more than {jobs_max} jobs.", field="strategy.matrix")
        yield combination


def _combinations(
    vectors: Mapping[str, list[Value]], includes: list[Object], excludes: list[Object]
) -> Iterator[Combination]:
    known = Object(vectors)
    used: set[int] = set()
    for values in product(*vectors.values()) if vectors else ():
        combination = Object(zip(vectors, values, strict=True))
        if any(_fits(combination, exclude) for exclude in excludes):
            continue
        added: list[tuple[str, Value]] = []
        for index, include in enumerate(includes):
            if _fits(combination, Object((key, value) for key, value in include.items() if key in known)):
                used.add(index)
                added.extend((key, value) for key, value in include.items() if key not in known)
        yield Combination(Object([*combination.items(), *added]), tuple(_names(combination)))
    for index, include in enumerate(includes):
        if index not in used:
            yield Combination(include, tuple(_names(include)))


def _fits(value: Value, expected: Value) -> bool:
    """Return whether a value has everything that a filter names."""
    if isinstance(expected, Object):
        return isinstance(value, Object) and all(_fits(value.get(key), each) for key, each in expected.items())
    if isinstance(expected, list):
        return (
            isinstance(value, list)
            and len(expected) <= len(value)
            and all(_fits(one, other) for one, other in zip(value, expected, strict=False))
        )
    return is_primitive(value) and equal(value, expected)


def _names(value: Value) -> Iterator[str]:
    if isinstance(value, Object):
        for each in value.values():
            yield from _names(each)
    elif isinstance(value, list):
        for each in value:
            yield from _names(each)
    elif text := text_of(value):
        yield text
