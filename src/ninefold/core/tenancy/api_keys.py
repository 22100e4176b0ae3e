"""API keys, the credentials of programs for Ninefold's own API: `nfk_AbC123xy_…`.

A key belongs to one organisation, and has the scopes of a role in it: by default full access.
"""

from typing import Final

from ninefold.core.tenancy.errors import (
    ApiKeyExpiredError,
    ApiKeyInvalidError,
    ApiKeyMissingError,
    ApiKeyRevokedError,
)
from ninefold.core.tenancy.kinds import CredentialErrors, marked_kind

API_KEY: Final = marked_kind(
    "nfk",
    name="api_key",
    label="API key",
    id_prefix="key",
    remedy="Send a valid key as `Authorization: Bearer nfk_…`; `ninefold keys create` creates one.",
    errors=CredentialErrors(
        missing=ApiKeyMissingError,
        invalid=ApiKeyInvalidError,
        revoked=ApiKeyRevokedError,
        expired=ApiKeyExpiredError,
    ),
)
