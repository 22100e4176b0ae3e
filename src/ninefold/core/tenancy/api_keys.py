"""API keys, the credentials of Ninefold's own API: `nfk_AbC123xy_…`.

A key has a marker that secret scanners recognise, a short public part for lists and logs, and a secret of 256 random
bits. It has full access to one organisation.
"""

import re
from typing import Final

from ninefold.core.tenancy.errors import (
    ApiKeyExpiredError,
    ApiKeyInvalidError,
    ApiKeyMissingError,
    ApiKeyRevokedError,
)
from ninefold.core.tenancy.kinds import SECRET_LENGTH, CredentialErrors, CredentialKind, random_text

_MARKER: Final = "nfk"
_PUBLIC_LENGTH: Final = 8


def _new_text() -> str:
    return f"{_MARKER}_{random_text(_PUBLIC_LENGTH)}_{random_text()}"


API_KEY: Final = CredentialKind(
    name="api_key",
    label="API key",
    id_prefix="key",
    new_text=_new_text,
    pattern=re.compile(rf"(?P<prefix>{_MARKER}_[A-Za-z0-9]{{{_PUBLIC_LENGTH}}})_[A-Za-z0-9]{{{SECRET_LENGTH}}}"),
    remedy="Send a valid key as `Authorization: Bearer nfk_…`; `ninefold keys create` creates one.",
    errors=CredentialErrors(
        missing=ApiKeyMissingError,
        invalid=ApiKeyInvalidError,
        revoked=ApiKeyRevokedError,
        expired=ApiKeyExpiredError,
    ),
)
