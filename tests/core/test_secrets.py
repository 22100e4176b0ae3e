"""Sealing: the same key opens, for the same purpose only."""

import stat
from base64 import b64encode
from pathlib import Path

import pytest

from ninefold.core.config import CoreSettings
from ninefold.core.errors import SettingError
from ninefold.core.secrets import KEY_FILE, Sealer, SealError


def test_what_is_sealed_is_opened_with_the_key_of_the_folder(tmp_path: Path) -> None:
    sealed = Sealer.of(CoreSettings(data_dir=tmp_path)).seal("hünter", purpose="a:1")

    opened = Sealer.of(CoreSettings(data_dir=tmp_path)).open(sealed, purpose="a:1")

    assert opened == "hünter"
    assert b"nter" not in sealed
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [KEY_FILE]


@pytest.mark.parametrize("change", ["purpose", "key", "content", "short"])
def test_nothing_else_opens_it(change: str) -> None:
    sealed = Sealer(bytes(32)).seal("text", purpose="a:1")
    key = bytes(31) + b"1" if change == "key" else bytes(32)
    if change == "content":
        sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])

    with pytest.raises(SealError):
        Sealer(key).open(sealed[:5] if change == "short" else sealed, purpose="b:1" if change == "purpose" else "a:1")


@pytest.mark.parametrize("key", ["short", "not base64!", b64encode(bytes(31)).decode()])
def test_a_key_of_another_length_is_refused_at_the_start(key: str) -> None:
    with pytest.raises(SettingError) as raised:
        Sealer.of(CoreSettings(secrets_key=key))

    assert raised.value.field == "NINEFOLD_SECRETS_KEY"
    assert key not in str(raised.value)


def test_a_derived_key_is_the_same_for_a_purpose_and_a_key(tmp_path: Path) -> None:
    file = tmp_path / "secrets.key"
    derived = Sealer(file).derive_key("video.play_token")

    assert Sealer(file).derive_key("video.play_token") == derived
    assert len({derived, Sealer(file).derive_key("other"), Sealer(bytes(32)).derive_key("video.play_token")}) == 3
