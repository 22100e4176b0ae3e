"""The checksum that a client of tus sends with bytes (tus 1.0, checksum extension)."""

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Final

from ninefold.systems.video.errors import InvalidUploadError, UploadChecksumError

if TYPE_CHECKING:
    from hashlib import _Hash

ALGORITHMS: Final = ("sha1", "sha256", "md5")

FIELD: Final = "Upload-Checksum"


class Checksum:
    """What bytes must have, and what those that came have.

    Args:
        text: the header, such as `sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=`.

    Raises:
        InvalidUploadError: it names another algorithm, or has another form.
    """

    def __init__(self, text: str) -> None:
        algorithm, _, encoded = text.strip().partition(" ")
        if algorithm not in ALGORITHMS:
            raise InvalidUploadError(
                f"The algorithm {algorithm[:40]!r} isn't supported.",
                field=FIELD,
                remedy=f"Use {', '.join(ALGORITHMS)}.",
            )
        # For integrity, not for security: the algorithms are those of the protocol.
        self._hash: _Hash = hashlib.new(algorithm, usedforsecurity=False)
        try:
            self._expected = base64.b64decode(encoded.strip(), validate=True)
        except binascii.Error as error:
            raise InvalidUploadError(
                "The checksum isn't Base64.", field=FIELD, remedy="Send `sha256 ` and the digest in Base64."
            ) from error

    def update(self, content: bytes) -> None:
        """Take bytes that came."""
        self._hash.update(content)

    def check(self) -> None:
        """Compare.

        Raises:
            UploadChecksumError: the bytes don't have the checksum.
        """
        if self._hash.digest() != self._expected:
            raise UploadChecksumError(
                f"The bytes that came have another {self._hash.name} checksum. None of them counts.",
                field=FIELD,
                remedy="Send them again from the same offset.",
            )
