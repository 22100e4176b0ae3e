"""What the API shows of a query and of headers: never the secrets of the source. The stored bytes stay as they are."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_plus

from ninefold.systems.callbacks.model import Header, Source
from ninefold.systems.callbacks.verification import CredentialPlaces, credential_places, find_provider

MASK: Final = b"***"


class Masking:
    """Replaces the secrets in requests to a source: by their places, and wherever else they are.

    So a wrong or an earlier secret is hidden as well, as long as it is in the place that the source names now. If the
    secrets of the source can't be read, every value is hidden: any of them may be one.

    Args:
        source: to which the requests were sent.
    """

    def __init__(self, source: Source) -> None:
        provider = find_provider(source.provider)
        secret_options = [source.options.get(field.name, "") for field in provider.fields if field.is_secret]
        self._places: CredentialPlaces = credential_places(provider, source.options)
        self._is_broken = source.is_broken
        self._secrets = [secret for secret in (*source.secrets, *secret_options) if secret]

    def query(self, query: bytes) -> bytes:
        """Return a query as it may be shown."""
        if self._is_broken:
            return MASK if query else query
        masked = b"&".join(self._parameter(item) for item in query.split(b"&"))
        # A secret that contains & itself.
        return MASK if self._has_secret(masked) else masked

    def headers(self, headers: Iterable[Header]) -> tuple[Header, ...]:
        """Return headers as they may be shown."""
        return tuple((name, MASK if self._is_credential(name, value) else value) for name, value in headers)

    def _parameter(self, item: bytes) -> bytes:
        name, separator, value = item.partition(b"=")
        if self._has_secret(name):
            return MASK
        if separator and (_decode(name) in self._places.parameters or self._has_secret(value)):
            return name + separator + MASK
        return item

    def _is_credential(self, name: bytes, value: bytes) -> bool:
        is_in_its_place = name.decode("latin-1").lower() in self._places.headers
        return self._is_broken or is_in_its_place or self._has_secret(value)

    def _has_secret(self, text: bytes) -> bool:
        plain, decoded = text.decode(errors="replace"), _decode(text)
        return any(secret in plain or secret in decoded for secret in self._secrets)


def _decode(text: bytes) -> str:
    return unquote_plus(text.decode(errors="replace"))
