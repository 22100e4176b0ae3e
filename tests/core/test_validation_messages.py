"""Validation messages are rewritten without Python's type names."""

from typing import Any

import pytest

from ninefold.core.validation_messages import in_plain_words


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Expected `str`, got `int`", "expected a string, got an integer"),
        ("Expected `str | null`, got `array`", "expected a string or null, got a list"),
        ("Expected `int | str | null`, got `object`", "expected an integer, a string or null, got an object"),
        ("Expected `array` of length <= 1000", "expected a list of at most 1,000 items"),
        ("Expected `array` of length >= 1", "expected a list of at least 1 item"),
        ("Expected `str` of length == 3", "expected a string of exactly 3 characters"),
        ("Expected `object` of length <= 2", "expected an object of at most 2 fields"),
        ("Expected `int` >= 0", "expected an integer >= 0"),
        ("Expected `bytes | null`, got `int`", "expected bytes or null, got an integer"),
        ("Missing required query parameter.", "missing required query parameter"),
        ("Invalid RFC3339 encoded date", "expected a date such as 2026-11-23"),
        ("Invalid RFC3339 encoded datetime", "expected a time such as 2026-11-23T17:00:00Z"),
    ],
)
def test_a_message_is_rewritten_in_plain_words(message: str, expected: str) -> None:
    assert in_plain_words(message) == expected


@pytest.mark.parametrize(
    ("message", "allowed_values", "expected"),
    [
        ("Invalid enum value 'x'", ["a", "b", "c"], 'expected "a", "b" or "c", got \'x\''),
        ("Invalid enum value 3", [1, 2], "expected 1 or 2, got 3"),
        ("Invalid enum value 'a\nb'", ["a"], "expected \"a\", got 'a\nb'"),
        ("Expected `str`, got `int`", ["a", "b"], 'expected "a" or "b", got an integer'),
        ("Expected `str | null`, got `object`", ["a", "b"], 'expected "a" or "b" or null, got an object'),
        ("Expected `int`, got `str`", [1, 2], "expected an integer, got a string"),
        ("Invalid enum value 'x'", [], "invalid enum value 'x'"),
    ],
)
def test_an_invalid_enum_value_is_shown_with_the_allowed_ones(
    message: str, allowed_values: list[Any], expected: str
) -> None:
    assert in_plain_words(message, allowed_values=allowed_values) == expected


def test_a_long_value_is_shortened() -> None:
    assert len(in_plain_words(f"Invalid enum value '{'x' * 10_000}'", allowed_values=["a"])) < 120


def test_a_pattern_is_said_in_words_if_somebody_has_written_them() -> None:
    message = "Expected `str` matching regex '^[0-9]{9}$'"

    assert in_plain_words(message, pattern_words="nine digits") == "expected nine digits"
    assert in_plain_words(message) == "expected a string matching regex '^[0-9]{9}$'"
    assert (
        in_plain_words("Expected `str`, got `int`", pattern_words="nine digits") == "expected a string, got an integer"
    )
