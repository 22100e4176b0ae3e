"""Seals texts that must be kept and read again, such as passwords for other services.

The key is `NINEFOLD_SECRETS_KEY`, or else a file of the data folder that is made the first time. What is sealed can be
opened only with the same key, for the same purpose. Credentials that are only compared are stored as digests instead.

    sealer = Sealer(bytes(32))
    sealed = sealer.seal("hunter2", purpose="example:1")
    assert sealer.open(sealed, purpose="example:1") == "hunter2"
"""

import base64
import binascii
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ninefold.core.config import CoreSettings
from ninefold.core.errors import InvalidInputError, SettingError

KEY_BYTES: Final = 32
KEY_FILE: Final = "secrets.key"
"""In the data folder."""

_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"


class SealError(InvalidInputError):
    """What is sealed can't be opened with this key."""

    code = "seal_broken"
    title = "A secret can't be read"


class Sealer:
    """Seals texts with AES-256-GCM.

    Args:
        key: 32 bytes, or a file that has them and is made if it isn't there.
    """

    def __init__(self, key: bytes | Path) -> None:
        self._key = key
        self._cipher: AESGCM | None = None

    @classmethod
    def of(cls, settings: CoreSettings) -> "Sealer":
        """Return the sealer of an installation; the file isn't made yet.

        Raises:
            SettingError: `NINEFOLD_SECRETS_KEY` isn't 32 bytes in base64.
        """
        if settings.secrets_key is None:
            return cls(settings.data_dir / KEY_FILE)
        try:
            key = base64.b64decode(settings.secrets_key, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise SettingError(
                f"NINEFOLD_SECRETS_KEY isn't {KEY_BYTES} bytes in base64.",
                field="NINEFOLD_SECRETS_KEY",
                remedy="Make one with `openssl rand -base64 32`.",
            )
        return cls(key)

    @classmethod
    def default(cls) -> "Sealer":
        """Return the sealer of an installation without settings."""
        return cls.of(CoreSettings())

    def seal(self, text: str, *, purpose: str) -> bytes:
        """Return a sealed text.

        Args:
            text: what is sealed.
            purpose: where it is kept, such as `workflows.secret:<id>`; it can be opened only for this.

        Raises:
            SettingError: the file of the key can't be used.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._open_cipher().encrypt(nonce, text.encode(), purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> str:
        """Return the text that was sealed for a purpose.

        Raises:
            SealError: it was sealed with another key or for another purpose, or was changed.
            SettingError: the file of the key can't be used.
        """
        nonce, content = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._open_cipher().decrypt(nonce, content, purpose.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise SealError(
                "A secret was sealed with another key.",
                remedy="Start Ninefold with the key of before (NINEFOLD_SECRETS_KEY or secrets.key), or set it again.",
            ) from error

    def derive_key(self, purpose: str) -> bytes:
        """Return 32 bytes that only this installation has, always the same for a purpose (HKDF, RFC 5869).

        Raises:
            SettingError: the file of the key can't be used.
        """
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(self._read())

    def _open_cipher(self) -> AESGCM:
        if self._cipher is None:
            self._cipher = AESGCM(self._read())
        return self._cipher

    def _read(self) -> bytes:
        return _read_key(self._key) if isinstance(self._key, Path) else self._key


def _read_key(file: Path) -> bytes:
    """Return the key in a file, which is made if it isn't there, also if several processes need it at once."""
    try:
        if not file.exists():
            _make_key(file)
        key = file.read_bytes()
    except OSError as error:
        raise SettingError(
            f"The key for secrets can't be kept in {file}: {error.strerror}.",
            field="NINEFOLD_DATA_DIR",
            remedy="Let the user of the server write there, or set NINEFOLD_SECRETS_KEY.",
        ) from error
    if len(key) != KEY_BYTES:
        raise SettingError(
            f"{file} isn't a key of {KEY_BYTES} bytes.", field="NINEFOLD_DATA_DIR", remedy="Restore it from a backup."
        )
    return key


def _make_key(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    made = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_bytes(KEY_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        try:
            # Fails if another process was faster; its key counts then.
            os.link(made, file)
        except FileExistsError:
            return
    finally:
        made.unlink()
