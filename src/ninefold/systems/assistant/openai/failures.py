"""The errors of responses that have failed or were cancelled, for clients that don't see the response itself."""

from typing import Final

from ninefold.core.errors import NinefoldError, TooManyRequestsError, UnavailableError
from ninefold.systems.assistant.model import Response, ResponseStatus
from ninefold.systems.assistant.openai.errors import InvalidRequestError

RETRY_AFTER_OVERLOAD_S: Final = 5

_REFUSED: Final = frozenset({"engine_refused", "invalid_prompt"})
_TOO_LONG: Final = frozenset({"context_length_exceeded"})
_OVERLOADED: Final = frozenset({"engine_overloaded", "rate_limit_exceeded"})


class ContextLengthError(InvalidRequestError):
    """The messages have more tokens than the model can read."""

    code = "context_length_exceeded"
    title = "Context length exceeded"


class ResponseCancelledError(NinefoldError):
    """The response was cancelled while its client waited for it."""

    code = "response_cancelled"
    title = "Response cancelled"
    http_status = 400


class GenerationFailedError(UnavailableError):
    """The model failed, and so did all further attempts."""

    code = "generation_failed"
    title = "Generation failed"


def require_success(response: Response) -> None:
    """Check that a response has ended with an answer, whole or not.

    Raises:
        InvalidRequestError: the model couldn't do what was asked.
        TooManyRequestsError: the model had no capacity.
        GenerationFailedError: it failed for another reason.
        ResponseCancelledError: it was cancelled.
    """
    if response.status is ResponseStatus.CANCELLED:
        raise ResponseCancelledError("The response was cancelled.")
    if response.error is None:
        return
    code, message = response.error.code, response.error.message
    if code in _TOO_LONG:
        raise ContextLengthError(message, field="messages")
    if code in _REFUSED:
        raise InvalidRequestError(message)
    if code in _OVERLOADED:
        raise TooManyRequestsError(message, retry_after_s=RETRY_AFTER_OVERLOAD_S)
    raise GenerationFailedError(message)
