"""The errors of callbacks that callers can get."""

from ninefold.core.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PayloadTooLargeError,
    RequestTimeoutError,
    UnavailableError,
)


class SourceNotFoundError(NotFoundError):
    """The organisation has no such source."""

    code = "source_not_found"
    title = "Source not found"


class CallbackNotFoundError(NotFoundError):
    """The organisation has no such callback."""

    code = "callback_not_found"
    title = "Callback not found"


class IngestUrlNotFoundError(NotFoundError):
    """No source has this URL."""

    code = "ingest_url_not_found"
    title = "Ingest URL not found"


class ProviderUnknownError(InvalidInputError):
    """There is no provider with this name."""

    code = "provider_unknown"
    title = "Provider unknown"


class InvalidSourceError(InvalidInputError):
    """A source can't be like this."""

    code = "invalid_source"
    title = "Invalid source"


class TooManySourcesError(ConflictError):
    """The organisation has reached the limit of sources."""

    code = "too_many_sources"
    title = "Too many sources"


class CallbackNotVerifiedError(ConflictError):
    """The callback isn't verified, so it can't be passed on."""

    code = "callback_not_verified"
    title = "Callback not verified"


class CallbackTooLargeError(PayloadTooLargeError):
    """The body of a callback is too large."""

    code = "callback_too_large"
    title = "Callback too large"


class BodyTimeoutError(RequestTimeoutError):
    """The body of a callback didn't arrive in time."""

    code = "body_timeout"
    title = "Body too slow"


class InboxFullError(UnavailableError):
    """The server holds as many callbacks in memory as it can."""

    code = "inbox_full"
    title = "Inbox full"
