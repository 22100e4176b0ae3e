"""Sealing: only a key of the installation opens, and only for the same purpose."""

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ninefold.core.config import CoreSettings
from ninefold.core.errors import SettingError
from ninefold.core.secrets import KEY_FILE, Sealer, SealError, SecretsKeyMissingError
from ninefold.core.secrets.keys import KEYS_MAX, KeyFile

OLD, NEW = b"o" * 32, b"n" * 32


def test_what_is_sealed_is_opened_with_the_key_of_the_folder(tmp_path: Path) -> None:
    sealed = Sealer.of(CoreSettings(data_dir=tmp_path)).seal("hünter", purpose="a:1")

    opened = Sealer.of(CoreSettings(data_dir=tmp_path)).open(sealed, purpose="a:1")

    assert opened == "hünter"
    assert b"nter" not in sealed
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [KEY_FILE]


@pytest.mark.parametrize("change", ["purpose", "nonce", "content", "tag", "version", "short"])
def test_what_was_changed_or_moved_to_another_row_is_refused(change: str) -> None:
    sealed = bytearray(Sealer(OLD).seal("text", purpose="a:1"))
    position = {"version": 0, "nonce": 9, "content": 21, "tag": -1}.get(change)
    if position is not None:
        sealed[position] ^= 0x80
    if change == "short":
        del sealed[30:]

    with pytest.raises(SealError):
        Sealer(OLD).open(bytes(sealed), purpose="a:2" if change == "purpose" else "a:1")


def test_another_key_is_refused_by_its_id() -> None:
    sealed = Sealer(OLD).seal("text", purpose="a:1")

    with pytest.raises(SecretsKeyMissingError) as raised:
        Sealer(NEW).open(sealed, purpose="a:1")

    assert Sealer(OLD).keyring().current.key_id.hex() in raised.value.detail
    assert "NINEFOLD_SECRETS_KEY" in str(raised.value.remedy)


def test_the_first_key_seals_and_earlier_keys_open() -> None:
    both = Sealer([NEW, OLD])

    assert both.open(Sealer(OLD).seal("text", purpose="a:1"), purpose="a:1") == "text"
    assert Sealer(NEW).open(both.seal("text", purpose="a:1"), purpose="a:1") == "text"


@pytest.mark.parametrize("keys", [[OLD], [NEW, OLD]])
def test_values_of_earlier_versions_without_the_id_of_a_key_are_opened(keys: list[bytes]) -> None:
    sealed = b"\x01" + bytes(12) + AESGCM(OLD).encrypt(bytes(12), b"text", b"a:1")

    assert Sealer(keys).open(sealed, purpose="a:1") == "text"
    with pytest.raises(SealError):
        Sealer(NEW).open(sealed, purpose="a:1")


def test_a_running_process_finds_and_uses_a_key_that_another_adds(tmp_path: Path) -> None:
    running, command = Sealer(tmp_path / KEY_FILE), Sealer(tmp_path / KEY_FILE)
    before = running.seal("before", purpose="a:1")
    assert command.file is not None

    command.file.add()
    after = command.seal("after", purpose="a:2")

    assert running.open(after, purpose="a:2") == "after"
    assert running.seal("text", purpose="a:3")[1:9] == after[1:9] != before[1:9]
    assert command.open(before, purpose="a:1") == "before"
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_a_key_that_was_removed_opens_nothing_any_more(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / KEY_FILE)
    sealed = Sealer(tmp_path / KEY_FILE).seal("text", purpose="a:1")
    file.add()

    file.keep_current()

    assert len((tmp_path / KEY_FILE).read_bytes()) == 32
    with pytest.raises(SecretsKeyMissingError):
        Sealer(tmp_path / KEY_FILE).open(sealed, purpose="a:1")


def test_the_number_of_keys_is_limited(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / KEY_FILE)
    for _ in range(KEYS_MAX - 1):
        file.add()

    with pytest.raises(SettingError):
        file.add()


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33)])
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)

    with pytest.raises(SettingError, match="32 bytes"):
        Sealer(tmp_path / KEY_FILE).keyring()


@pytest.mark.parametrize(
    "key",
    [
        "short",
        "not base64!",
        base64.b64encode(bytes(31)).decode(),
        base64.b64encode(OLD).decode() + ",",
        ",".join([base64.b64encode(OLD).decode()] * (KEYS_MAX + 1)),
    ],
)
def test_a_setting_that_is_no_list_of_keys_is_refused_at_the_start(key: str) -> None:
    with pytest.raises(SettingError) as raised:
        Sealer.of(CoreSettings(secrets_key=key))

    assert raised.value.field == "NINEFOLD_SECRETS_KEY"
    assert key not in str(raised.value)


def test_the_setting_has_the_current_key_first() -> None:
    text = ", ".join(base64.b64encode(key).decode() for key in (NEW, OLD))

    keyring = Sealer.of(CoreSettings(secrets_key=text)).keyring()

    assert [key.content for key in keyring.keys] == [NEW, OLD]


def test_a_derived_key_is_the_same_for_a_purpose_and_a_key(tmp_path: Path) -> None:
    file = tmp_path / "secrets.key"
    derived = Sealer(file).derive_key("video.play_token")

    assert Sealer(file).derive_key("video.play_token") == derived
    assert len({derived, Sealer(file).derive_key("other"), Sealer(OLD).derive_key("video.play_token")}) == 3
