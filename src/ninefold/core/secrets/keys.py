"""The keys of an installation: the current one, which seals, and earlier ones, which only open.

They are in `NINEFOLD_SECRETS_KEY`, or else in a file of the data folder that is made the first time. The file has the
keys one after the other, 32 bytes each, the current one first.
"""

import base64
import binascii
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ninefold.core.errors import SettingError

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 8
KEY_FILE: Final = "secrets.key"
"""In the data folder."""

KEYS_MAX: Final = 8
"""Keys of an installation at the same time."""

_ID_PURPOSE: Final = "ninefold.key_id"


class Key:
    """A key of 32 bytes."""

    def __init__(self, content: bytes) -> None:
        self.content: Final = content
        self.key_id: Final = self.derive(_ID_PURPOSE)[:KEY_ID_BYTES]
        """Follows from the key, but the key doesn't follow from it, so it can be stored and shown."""
        self.cipher: Final = AESGCM(content)

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes that follow from the key, always the same for a purpose (HKDF, RFC 5869)."""
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(self.content)


class Keyring:
    """The keys of an installation at one time.

    Args:
        contents: each 32 bytes, the current key first.
    """

    def __init__(self, contents: Iterable[bytes]) -> None:
        self.keys: Final = [Key(content) for content in contents]
        self.current: Final = self.keys[0]
        self.by_id: Final[Mapping[bytes, Key]] = {key.key_id: key for key in self.keys}


def parse_keys(text: str) -> Sequence[bytes]:
    """Return the keys of the setting `NINEFOLD_SECRETS_KEY`.

    Raises:
        SettingError: one isn't 32 bytes in base64, or there are too many.
    """
    keys = [_parse_key(part.strip()) for part in text.split(",")]
    if len(keys) > KEYS_MAX:
        raise SettingError(
            f"NINEFOLD_SECRETS_KEY has {len(keys)} keys; at most {KEYS_MAX} are possible.",
            field="NINEFOLD_SECRETS_KEY",
            remedy="Run `ninefold secrets rotate-key`, then remove earlier keys.",
        )
    return keys


def _parse_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingError(
            f"NINEFOLD_SECRETS_KEY isn't {KEY_BYTES} bytes in base64.",
            field="NINEFOLD_SECRETS_KEY",
            remedy="Make one with `openssl rand -base64 32`. Separate several with commas, the current one first.",
        )
    return key


class KeyFile:
    """The keys in a file. Other processes can replace it at any time.

    Args:
        path: the file, which is made when a key is first needed.
    """

    def __init__(self, path: Path) -> None:
        self._path: Final = path
        self._seen: tuple[int, int, int] | None = None
        self._keyring: Keyring | None = None

    def exists(self) -> bool:
        """Return whether there is a file.

        Raises:
            SettingError: it can't be known.
        """
        try:
            return self._path.exists()
        except OSError as error:
            raise self._unusable(error) from error

    def known(self) -> Keyring:
        """Return the keys as they were when the file was last read; see `read`."""
        return self.read() if self._keyring is None else self._keyring

    def read(self) -> Keyring:
        """Return the keys as they are in the file now; make the file if there is none.

        Raises:
            SettingError: the file can't be used.
        """
        try:
            if not self._path.exists():
                self._make()
            # A file is always replaced by another one, so its contents belong to what is seen before they are read.
            status = self._path.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if self._keyring is None or seen != self._seen:
                self._keyring = Keyring(self._split(self._path.read_bytes()))
                self._seen = seen
        except OSError as error:
            raise self._unusable(error) from error
        return self._keyring

    def add(self) -> Keyring:
        """Put a new key in front of the others.

        Raises:
            SettingError: the file can't be changed, or has too many keys.
        """
        keys = self.read().keys
        if len(keys) >= KEYS_MAX:
            raise SettingError(
                f"{self._path} has {len(keys)} keys; at most {KEYS_MAX} are possible.",
                remedy="Remove those that nothing uses: `ninefold secrets remove-earlier-keys`.",
            )
        return self._replace([secrets.token_bytes(KEY_BYTES), *[key.content for key in keys]])

    def keep_current(self) -> Keyring:
        """Remove all keys except the current one.

        Raises:
            SettingError: the file can't be changed.
        """
        return self._replace([self.read().current.content])

    def _replace(self, contents: Sequence[bytes]) -> Keyring:
        try:
            made = self._write_new(b"".join(contents))
            try:
                made.replace(self._path)
            finally:
                made.unlink(missing_ok=True)
            _flush_folder(self._path.parent)
        except OSError as error:
            raise self._unusable(error) from error
        return self.read()

    def _make(self) -> None:
        """Make the file with one key, also if several processes need it at once."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        made = self._write_new(secrets.token_bytes(KEY_BYTES))
        try:
            # Fails if another process was faster; its key counts then.
            os.link(made, self._path)
        except FileExistsError:
            return
        finally:
            made.unlink()
        _flush_folder(self._path.parent)

    def _write_new(self, content: bytes) -> Path:
        made = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            if self._path.exists():
                # A command that another user runs, such as root, must not take the file away from the server.
                status = self._path.stat()
                if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(descriptor, status.st_uid, status.st_gid)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        return made

    def _split(self, content: bytes) -> Sequence[bytes]:
        if not content or len(content) % KEY_BYTES or len(content) > KEYS_MAX * KEY_BYTES:
            raise SettingError(
                f"{self._path} doesn't consist of keys of {KEY_BYTES} bytes.",
                field="NINEFOLD_DATA_DIR",
                remedy="Restore it from a backup.",
            )
        return [content[start : start + KEY_BYTES] for start in range(0, len(content), KEY_BYTES)]

    def _unusable(self, error: OSError) -> SettingError:
        return SettingError(
            f"The key for secrets can't be kept in {self._path}: {error.strerror}.",
            field="NINEFOLD_DATA_DIR",
            remedy="Let the user of the server write there, or set NINEFOLD_SECRETS_KEY.",
        )


def _flush_folder(folder: Path) -> None:
    """Make sure that a new name in a folder survives a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
