"""The values that a type allows."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from ninefold.core.allowed_values import PATTERN_WORDS, allowed_values_at, pattern_words_at


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(msgspec.Struct):
    colour: Colour | None = None
    size: Annotated[Literal[1, 2], msgspec.Meta(description="How large.")] = 1


class Whole(msgspec.Struct):
    part: Part
    parts: list[Part]
    named: dict[str, Part]
    kind: str = msgspec.field(name="type", default="")


@pytest.mark.parametrize(
    ("kind", "path", "allowed_values"),
    [
        (Colour, "", ["red", "blue"]),
        (Colour | None, "", ["red", "blue"]),
        (Whole, ".part.colour", ["red", "blue"]),
        (Whole, ".parts[3].size", [1, 2]),
        (Whole | None, ".named[...].colour", ["red", "blue"]),
        (Whole, ".type", []),
        (Whole, ".part", []),
        (Whole, ".part.other", []),
        (Whole, ".type.colour", []),
        (int, "", []),
    ],
)
def test_the_allowed_values_at_a_path_are_found(kind: Any, path: str, allowed_values: list[Any]) -> None:
    assert allowed_values_at(kind, path) == allowed_values


class Account(msgspec.Struct):
    number: Annotated[str, msgspec.Meta(pattern="^[0-9]{9}$", extra={PATTERN_WORDS: "nine digits"})] | None = None
    name: str = ""


def test_the_words_for_a_pattern_are_found_where_it_is() -> None:
    assert pattern_words_at(list[Account], "[0].number") == "nine digits"
    assert pattern_words_at(Account, ".name") is None
