from typing import Any

import pytest

from ninefold.systems.workflows.errors import InvalidPlanError
from ninefold.systems.workflows.model.values import to_json_data, to_value
from ninefold.systems.workflows.planning import expand_matrix


def combinations_of(matrix: Any) -> list[Any]:
    return [to_json_data(each.values) for each in expand_matrix(to_value(matrix))]


@pytest.mark.parametrize(
    ("matrix", "combinations"),
    [
        ({"a": [1, 2]}, [{"a": 1}, {"a": 2}]),
        (
            {"a": [1, 2], "b": ["x", "y"]},
            [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"}],
        ),
        ({"a": [1, 2], "exclude": [{"a": 1}]}, [{"a": 2}]),
        ({"a": ["Linux", "mac"], "exclude": [{"A": "LINUX"}]}, [{"a": "mac"}]),
        (
            {"a": [{"n": 1, "m": 1}, {"n": 2, "m": 1}], "exclude": [{"a": {"n": 1}}]},
            [{"a": {"n": 2, "m": 1}}],
        ),
        ({"include": [{"a": 1}, {"b": 2}]}, [{"a": 1}, {"b": 2}]),
        ({"a": [1, 2], "include": [{"a": 1, "c": 3}]}, [{"a": 1, "c": 3}, {"a": 2}]),
        ({"a": [1], "include": [{"c": 3}]}, [{"a": 1, "c": 3}]),
        ({"a": [1], "include": [{"c": 3}, {"c": 4}]}, [{"a": 1, "c": 4}]),
        ({"a": [1], "include": [{"a": 2, "c": 3}]}, [{"a": 1}, {"a": 2, "c": 3}]),
        ({"a": [1, 2], "exclude": [{"a": 1}], "include": [{"a": 1, "c": 3}]}, [{"a": 2}, {"a": 1, "c": 3}]),
        (
            {
                "fruit": ["apple", "pear"],
                "animal": ["cat", "dog"],
                "include": [
                    {"color": "green"},
                    {"color": "pink", "animal": "cat"},
                    {"fruit": "apple", "shape": "circle"},
                    {"fruit": "banana"},
                    {"fruit": "banana", "animal": "cat"},
                ],
            },
            [
                {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
                {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
                {"fruit": "pear", "animal": "cat", "color": "pink"},
                {"fruit": "pear", "animal": "dog", "color": "green"},
                {"fruit": "banana"},
                {"fruit": "banana", "animal": "cat"},
            ],
        ),
    ],
)
def test_a_matrix_has_its_combinations_in_order(matrix: Any, combinations: list[Any]) -> None:
    assert combinations_of(matrix) == combinations


def test_only_vectors_name_the_jobs() -> None:
    matrix: Any = {"os": ["linux"], "version": [{"n": 1.5, "flags": ["a", True, None]}], "include": [{"extra": "no"}]}

    assert [each.names for each in expand_matrix(to_value(matrix))] == [("linux", "1.5", "a", "true")]


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ("linux", "isn't a mapping"),
        ({}, "must define at least one vector"),
        ({"a": []}, "does not contain any values"),
        ({"a": "x"}, "isn't a sequence"),
        ({"a": [1], "exclude": [{"b": 1}]}, "does not match any key"),
        ({"a": [1], "exclude": [{}]}, "must not be empty"),
        ({"a": [1], "include": [{}]}, "does not contain any values"),
        ({"a": [1], "include": {"a": 1}}, "isn't a sequence of mappings"),
        ({"a": [1], "exclude": [{"a": 1}]}, "has no combination"),
        ({"a": list(range(257))}, "more than 256 jobs"),
        ({name: list(range(100)) for name in "abcdefghij"}, "before excludes"),
    ],
)
def test_a_matrix_that_cannot_be_run_is_refused(matrix: Any, message: str) -> None:
    with pytest.raises(InvalidPlanError, match=message):
        combinations_of(matrix)
