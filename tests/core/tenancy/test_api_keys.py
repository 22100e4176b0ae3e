"""The text of an API key."""

import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ninefold.core.tenancy.api_keys import API_KEY

LETTERS_AND_DIGITS = string.ascii_letters + string.digits
PUBLIC_PARTS = st.text(LETTERS_AND_DIGITS, min_size=8, max_size=8)
SECRETS = st.text(LETTERS_AND_DIGITS, min_size=43, max_size=43)


def test_a_new_key_has_a_mark_a_public_part_and_a_secret_of_256_bits() -> None:
    text = API_KEY.new_text()

    assert re.fullmatch(r"nfk_[A-Za-z0-9]{8}_[A-Za-z0-9]{43}", text)


def test_no_two_keys_share_a_secret() -> None:
    secrets = {API_KEY.new_text().rpartition("_")[2] for _ in range(1000)}

    assert len(secrets) == 1000


@given(public_part=PUBLIC_PARTS, secret=SECRETS)
def test_every_key_is_recognised_by_all_but_its_secret(public_part: str, secret: str) -> None:
    assert API_KEY.prefix_of(f"nfk_{public_part}_{secret}") == f"nfk_{public_part}"


@given(public_part=PUBLIC_PARTS, secret=SECRETS, position=st.integers(0, 55), other=st.characters())
@example(public_part="AbC123xy", secret="s" * 43, position=55, other="\n")
def test_a_key_with_a_character_more_or_less_is_not_one(
    public_part: str, secret: str, position: int, other: str
) -> None:
    text = f"nfk_{public_part}_{secret}"

    assert API_KEY.prefix_of(text[:position] + other + text[position:]) is None
    assert API_KEY.prefix_of(text + other) is None
    assert API_KEY.prefix_of(text[:position] + text[position + 1 :]) is None


@given(
    public_part=PUBLIC_PARTS,
    secret=SECRETS,
    position=st.integers(0, 55),
    other=st.characters(exclude_characters=LETTERS_AND_DIGITS + "_"),
)
@example(public_part="AbC123xy", secret="s" * 43, position=55, other="\n")
@example(public_part="AbC123xy", secret="s" * 43, position=55, other="\N{ARABIC-INDIC DIGIT ONE}")
def test_a_key_with_another_character_in_it_is_not_one(
    public_part: str, secret: str, position: int, other: str
) -> None:
    text = f"nfk_{public_part}_{secret}"

    assert API_KEY.prefix_of(text[:position] + other + text[position + 1 :]) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nfk_",
        "nfk_AbC123xy",
        f" nfk_AbC123xy_{'s' * 43}",
        f"nfk_AbC123xy_{'s' * 42}\0",
        f"nfk_AbC123xy_{'s' * 42}_",
        f"NFK_AbC123xy_{'s' * 43}",
        f"whsec_C123xy_{'s' * 43}",
    ],
)
def test_what_only_resembles_a_key_is_not_one(text: str) -> None:
    assert API_KEY.prefix_of(text) is None
