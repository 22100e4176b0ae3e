"""Where a request has the secret itself, rather than a signature: places that must not be shown."""

from collections.abc import Mapping
from typing import Final

import msgspec

from ninefold.systems.callbacks.verification.providers import Provider
from ninefold.systems.callbacks.verification.schemes import ApiKeyScheme, TokenScheme

_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie"})
_PARAMETERS: Final = frozenset({"hub.verify_token"})
"""Meta's proof that it tests the URL on behalf of the app's owner."""


class CredentialPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Names of headers, in lower case, and of query parameters."""

    headers: frozenset[str]
    parameters: frozenset[str]


def credential_places(provider: Provider, options: Mapping[str, str]) -> CredentialPlaces:
    """Return where requests of a source have a secret, whether it is the right one or not.

    Args:
        provider: of the source.
        options: of the source.
    """
    complete = provider.complete(options)
    headers, parameters = set(_HEADERS), set(_PARAMETERS)
    for scheme in provider.schemes:
        if isinstance(scheme, TokenScheme):
            headers.add(scheme.header.lower())
        elif isinstance(scheme, ApiKeyScheme):
            headers.add(complete["header"].lower())
            parameters.add(complete["query_parameter"])
    return CredentialPlaces(headers=frozenset(headers), parameters=frozenset(parameters))
