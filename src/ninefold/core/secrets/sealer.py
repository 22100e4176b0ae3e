"""Seals with AES-256-GCM (NIST SP 800-38D).

A sealed value is a version (1 byte), the id of the key (8 bytes), a nonce (12 bytes), the ciphertext and a tag (16
bytes). The purpose is authenticated with it, so that a sealed value can't be moved to another row.

    sealer = Sealer(bytes(32))
    sealed = sealer.seal("hunter2", purpose="example:1")
    assert sealer.open(sealed, purpose="example:1") == "hunter2"
"""

import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag

from ninefold.core.config import CoreSettings
from ninefold.core.secrets.errors import SealError, SecretsKeyMissingError
from ninefold.core.secrets.keys import KEY_FILE, KEY_ID_BYTES, Key, KeyFile, Keyring, parse_keys

VERSION: Final = b"\x02"

_VERSION_WITHOUT_KEY_ID: Final = b"\x01"
"""Up to version 0.1, the version was followed by the nonce."""

_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


class Sealer:
    """Seals with the current key of an installation, and opens with all of its keys.

    Args:
        key: 32 bytes, several such keys with the current one first, or a file of keys that is made if it isn't there.
    """

    def __init__(self, key: bytes | Sequence[bytes] | Path) -> None:
        self._source: Final = (
            KeyFile(key) if isinstance(key, Path) else Keyring([key] if isinstance(key, bytes) else key)
        )

    @classmethod
    def of(cls, settings: CoreSettings) -> "Sealer":
        """Return the sealer of an installation; the file isn't made yet.

        Raises:
            SettingError: `NINEFOLD_SECRETS_KEY` isn't 32 bytes in base64, or several of them.
        """
        if settings.secrets_key is None:
            return cls(settings.data_dir / KEY_FILE)
        return cls(parse_keys(settings.secrets_key))

    @classmethod
    def default(cls) -> "Sealer":
        """Return the sealer of an installation without settings."""
        return cls.of(CoreSettings())

    @property
    def file(self) -> KeyFile | None:
        """The file of the keys; None if they come from the settings."""
        return self._source if isinstance(self._source, KeyFile) else None

    def keyring(self) -> Keyring:
        """Return the keys as they are now.

        Raises:
            SettingError: the file of the keys can't be used.
        """
        return self._source.read() if isinstance(self._source, KeyFile) else self._source

    def seal(self, text: str, *, purpose: str) -> bytes:
        """Return a sealed text.

        Args:
            text: what is sealed.
            purpose: where it is kept, such as `workflows.secret:<id>`; it can be opened only for this.

        Raises:
            SettingError: the file of the key can't be used.
        """
        return self.seal_bytes(text.encode(), purpose=purpose)

    def seal_bytes(self, content: bytes, *, purpose: str) -> bytes:
        """Return sealed bytes; see `seal`."""
        key = self.keyring().current
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return VERSION + key.key_id + nonce + key.cipher.encrypt(nonce, content, purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> str:
        """Return the text that was sealed for a purpose.

        Raises:
            SecretsKeyMissingError: it was sealed with a key that this process doesn't have.
            SealError: it was sealed for another purpose, or was changed.
            SettingError: the file of the key can't be used.
        """
        return self.open_bytes(sealed, purpose=purpose).decode()

    def open_bytes(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return the bytes that were sealed for a purpose; see `open`."""
        if sealed[:1] == _VERSION_WITHOUT_KEY_ID:
            return _decrypt(self.keyring().keys, sealed[1:], purpose=purpose)
        if sealed[:1] != VERSION or len(sealed) < 1 + KEY_ID_BYTES + _NONCE_BYTES + _TAG_BYTES:
            raise _broken(purpose)
        key_id = sealed[1 : 1 + KEY_ID_BYTES]
        known = self._source.known() if isinstance(self._source, KeyFile) else self._source
        key = known.by_id.get(key_id) or self.keyring().by_id.get(key_id)
        if key is None:
            raise missing_keys([key_id])
        return _decrypt([key], sealed[1 + KEY_ID_BYTES :], purpose=purpose)

    def derive_key(self, purpose: str) -> bytes:
        """Return 32 bytes that only this installation has, always the same for a purpose and the current key.

        Raises:
            SettingError: the file of the key can't be used.
        """
        return self.keyring().current.derive(purpose)


def missing_keys(key_ids: Iterable[bytes]) -> SecretsKeyMissingError:
    """Return the error for keys that this process doesn't have."""
    names = ", ".join(sorted(key_id.hex() for key_id in key_ids))
    return SecretsKeyMissingError(
        f"Secrets of this database are sealed with a key that this process doesn't have ({names}).",
        field="NINEFOLD_SECRETS_KEY",
        remedy="Give each process the same NINEFOLD_SECRETS_KEY, or restore secrets.key of the data folder. "
        "If the key is lost, run `ninefold secrets forget-lost-keys`, and rotate the secrets that it lists.",
    )


def _decrypt(keys: Sequence[Key], content: bytes, *, purpose: str) -> bytes:
    nonce, ciphertext = content[:_NONCE_BYTES], content[_NONCE_BYTES:]
    for key in keys:
        try:
            return key.cipher.decrypt(nonce, ciphertext, purpose.encode())
        except (InvalidTag, ValueError):
            continue
    raise _broken(purpose)


def _broken(purpose: str) -> SealError:
    return SealError(
        f"A secret can't be opened ({purpose}): it was changed, belongs to another row, or has another key.",
        remedy="Start Ninefold with the key of before (NINEFOLD_SECRETS_KEY or secrets.key), or set the secret again.",
    )
