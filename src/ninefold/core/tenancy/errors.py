"""What can go wrong with organisations and credentials."""

from ninefold.core.errors import InvalidInputError, NotFoundError, UnauthorizedError


class CredentialMissingError(UnauthorizedError):
    """A request came without a credential."""

    code = "credential_missing"
    title = "Credential missing"


class CredentialInvalidError(UnauthorizedError):
    """No such credential was ever made here, or it is of a kind that isn't accepted: a caller can't tell which."""

    code = "credential_invalid"
    title = "Credential invalid"


class CredentialRevokedError(UnauthorizedError):
    """The credential was valid until somebody revoked it."""

    code = "credential_revoked"
    title = "Credential revoked"


class CredentialExpiredError(UnauthorizedError):
    """The credential was valid until the time that was set when it was made."""

    code = "credential_expired"
    title = "Credential expired"


class ApiKeyMissingError(CredentialMissingError):
    """A request came without an API key."""

    code = "api_key_missing"
    title = "API key missing"


class ApiKeyInvalidError(CredentialInvalidError):
    """The text isn't an API key, or no such key was ever made here."""

    code = "api_key_invalid"
    title = "API key invalid"


class ApiKeyRevokedError(CredentialRevokedError):
    """The API key was valid until somebody revoked it."""

    code = "api_key_revoked"
    title = "API key revoked"


class ApiKeyExpiredError(CredentialExpiredError):
    """The API key was valid until the time that was set when it was made."""

    code = "api_key_expired"
    title = "API key expired"


class CredentialNotFoundError(NotFoundError):
    """There is no credential of this kind and id in the organisation."""

    code = "credential_not_found"
    title = "Credential not found"


class OrganisationNotFoundError(NotFoundError):
    """There is no organisation of this id."""

    code = "organisation_not_found"
    title = "Organisation not found"


class InvalidNameError(InvalidInputError):
    """The name of an organisation or a credential is empty, too long, or not text."""


class InvalidLifetimeError(InvalidInputError):
    """A credential would be valid for no time at all, or for too long."""
