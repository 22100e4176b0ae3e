"""What can go wrong with organisations and keys."""

from ninefold.core.errors import InvalidInputError, NotFoundError, UnauthorizedError


class ApiKeyMissingError(UnauthorizedError):
    """A request came without a key."""

    code = "api_key_missing"
    title = "API key missing"


class ApiKeyInvalidError(UnauthorizedError):
    """The text isn't a key, or no such key was ever made here."""

    code = "api_key_invalid"
    title = "API key invalid"


class ApiKeyRevokedError(UnauthorizedError):
    """The key was valid once."""

    code = "api_key_revoked"
    title = "API key revoked"


class ApiKeyNotFoundError(NotFoundError):
    """There is no key of this id in the organisation."""

    code = "api_key_not_found"
    title = "API key not found"


class OrganisationNotFoundError(NotFoundError):
    """There is no organisation of this id."""

    code = "organisation_not_found"
    title = "Organisation not found"


class InvalidNameError(InvalidInputError):
    """The name of an organisation or a key is empty, too long, or not text."""
