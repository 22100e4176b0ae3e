"""What a check looks at."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from ninefold.systems.callbacks.verification.keys import Key, MalformedSecretError, read_bytes, read_key
from ninefold.systems.callbacks.verification.model import ReceivedRequest, Secret
from ninefold.systems.callbacks.verification.rejection import RejectionError
from ninefold.systems.callbacks.verification.schemes import Algorithm, SecretFormat

KeyT = TypeVar("KeyT")


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and what its source is configured with."""

    request: ReceivedRequest
    secrets: Sequence[tuple[int, Secret]]
    """The secrets of the scheme, with their index among all of the source."""
    options: Mapping[str, str]
    """Complete, with defaults."""
    public_urls: Sequence[str]

    def urls(self) -> list[str]:
        """Return the URLs that the provider may have called: as received, then each public one with the same query."""
        query = f"?{self.request.query}" if self.request.query else ""
        return list(dict.fromkeys([self.request.url, *(f"{url}{query}" for url in self.public_urls)]))

    def keys(self, secret_format: SecretFormat, algorithm: Algorithm) -> list[tuple[int, Key]]:
        """Return the keys of all well-formed secrets, with their index.

        Raises:
            RejectionError: none is well-formed.
        """
        return self._read_all(lambda secret: read_key(secret, secret_format, algorithm))

    def secret_bytes(self, secret_format: SecretFormat) -> list[tuple[int, bytes]]:
        """Return the decoded bytes of all well-formed secrets, with their index.

        Raises:
            RejectionError: none is well-formed.
        """
        return self._read_all(lambda secret: read_bytes(secret, secret_format))

    def _read_all(self, read: Callable[[Secret], KeyT]) -> list[tuple[int, KeyT]]:
        keys: list[tuple[int, KeyT]] = []
        problem = ""
        for index, secret in self.secrets:
            try:
                keys.append((index, read(secret)))
            except MalformedSecretError as error:
                problem = str(error)
        if not keys:
            raise RejectionError("secret_malformed", f"No secret of the source can be used. {problem}")
        return keys
