"""What all kinds of credentials have in common."""

import pytest

from core.tenancy.foreign_kinds import BOT_TOKEN, FOREIGN_KINDS, PUBLISHABLE_KEY
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.errors import CredentialInvalidError
from ninefold.core.tenancy.kinds import CredentialKind, digest_text, random_text


@pytest.mark.parametrize("kind", [API_KEY, *FOREIGN_KINDS], ids=lambda kind: kind.name)
def test_a_kind_recognises_its_own_texts_and_no_others(kind: CredentialKind) -> None:
    text = kind.new_text()

    assert [other.name for other in [API_KEY, *FOREIGN_KINDS] if other.prefix_of(text) is not None] == [kind.name]


def test_people_may_see_as_much_as_the_kind_says() -> None:
    assert BOT_TOKEN.prefix_of("xoxb-0123456789-" + "s" * 24) == "xoxb-0123456789"
    assert PUBLISHABLE_KEY.prefix_of("pk_test_" + "p" * 24) == "pk_test_" + "p" * 24


def test_a_kind_without_errors_of_its_own_has_the_general_ones() -> None:
    assert BOT_TOKEN.errors.invalid is CredentialInvalidError
    assert CredentialInvalidError.code == "credential_invalid"


def test_a_random_text_has_the_length_that_was_asked_for() -> None:
    assert len(random_text()) == 43
    assert len(random_text(24)) == 24
    assert random_text().isalnum()


def test_the_digest_is_sha256_of_the_whole_text() -> None:
    digest = digest_text(f"nfk_AbC123xy_{'s' * 43}")

    assert digest.hex() == "7e3e73d4251c99db639c46c32d8b52433230eda7e4072ebff66d69d070263d1b"
