"""API keys, core's own kind of credential: `nfk_AbC123xy_…`.

A mark that secret scanners find, a short public part that people may see in lists and logs, and a secret of 256 random
bits. A key acts for one organisation, and may do everything there.
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

_MARK: Final = "nfk"
_PUBLIC_LENGTH: Final = 8


def _new_text() -> str:
    return f"{_MARK}_{random_text(_PUBLIC_LENGTH)}_{random_text()}"


API_KEY: Final = CredentialKind(
    name="api_key",
    label="API key",
    id_prefix="key",
    new_text=_new_text,
    form=re.compile(rf"(?P<prefix>{_MARK}_[A-Za-z0-9]{{{_PUBLIC_LENGTH}}})_[A-Za-z0-9]{{{SECRET_LENGTH}}}"),
    remedy="Send a valid key as `Authorization: Bearer nfk_…`; `ninefold keys create` makes one.",
    errors=CredentialErrors(
        missing=ApiKeyMissingError,
        invalid=ApiKeyInvalidError,
        revoked=ApiKeyRevokedError,
        expired=ApiKeyExpiredError,
    ),
)
