from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.ids import new_id
from ninefold.core.secrets import Sealer
from ninefold.systems.video.errors import PlayTokenExpiredError, PlayTokenInvalidError
from ninefold.systems.video.service.tokens import PlaySigner, check_play_token, new_play_token

SIGNER = PlaySigner(Sealer(b"k" * 32))
EXPIRES_AT = datetime(2030, 1, 1, tzinfo=UTC)
NOW = (EXPIRES_AT - timedelta(seconds=1)).timestamp()


def make(profile_id: UUID | None = None) -> str:
    return new_play_token(
        SIGNER, title_id=UUID(int=1), organisation_id=UUID(int=2), profile_id=profile_id, expires_at=EXPIRES_AT
    )


@pytest.mark.parametrize("profile_id", [None, new_id()])
def test_a_token_says_what_it_was_made_with(profile_id: UUID | None) -> None:
    token = check_play_token(SIGNER, make(profile_id), at=NOW)

    assert (token.title_id, token.organisation_id, token.profile_id) == (UUID(int=1), UUID(int=2), profile_id)
    assert token.expires_at == int(EXPIRES_AT.timestamp())


def test_a_token_expires() -> None:
    with pytest.raises(PlayTokenExpiredError):
        check_play_token(SIGNER, make(), at=EXPIRES_AT.timestamp())


def test_a_token_of_another_installation_is_refused() -> None:
    with pytest.raises(PlayTokenInvalidError):
        check_play_token(PlaySigner(Sealer(b"l" * 32)), make(), at=NOW)


@given(position=st.integers(0, 118), character=st.sampled_from("ABCyz019-_=/+ "))
def test_a_changed_token_is_refused(position: int, character: str) -> None:
    text = make()
    changed = text[:position] + character + text[position + 1 :]
    if changed != text:
        with pytest.raises(PlayTokenInvalidError):
            check_play_token(SIGNER, changed, at=NOW)


@given(st.text(max_size=200))
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(PlayTokenInvalidError):
        check_play_token(SIGNER, text, at=NOW)
