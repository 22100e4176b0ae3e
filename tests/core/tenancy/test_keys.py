"""The text of an API key."""

import re

import pytest

from ninefold.core.tenancy.keys import is_key_text, key_digest, key_prefix, new_key_text


def test_a_new_key_has_a_mark_a_public_part_and_a_secret_of_256_bits() -> None:
    text = new_key_text()

    assert re.fullmatch(r"nfk_[A-Za-z0-9]{8}_[A-Za-z0-9]{43}", text)
    assert is_key_text(text)


def test_no_two_keys_share_a_secret() -> None:
    secrets = {new_key_text().rpartition("_")[2] for _ in range(1000)}

    assert len(secrets) == 1000


def test_the_prefix_leaves_the_secret_out() -> None:
    text = f"nfk_AbC123xy_{'s' * 43}"

    assert key_prefix(text) == "nfk_AbC123xy"


def test_the_digest_is_sha256_of_the_whole_text() -> None:
    digest = key_digest(f"nfk_AbC123xy_{'s' * 43}")

    assert digest.hex() == "7e3e73d4251c99db639c46c32d8b52433230eda7e4072ebff66d69d070263d1b"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nfk_",
        "nfk_AbC123xy",
        f"nfk_AbC123xy_{'s' * 42}",
        f"nfk_AbC123xy_{'s' * 44}",
        f"nfk_AbC123xy_{'s' * 42}ß",
        f"nfk_AbC123xy_{'s' * 43}\n",
        f" nfk_AbC123xy_{'s' * 43}",
        f"nfk_AbC123xy_{'s' * 42}\0",
        f"whsec_C123xy_{'s' * 43}",
    ],
)
def test_another_text_is_not_taken_for_a_key(text: str) -> None:
    assert not is_key_text(text)
