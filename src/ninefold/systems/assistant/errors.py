"""The errors of the assistant that callers can get."""

from ninefold.core.errors import ConflictError, InvalidInputError, NotFoundError, TooManyRequestsError


class ConversationNotFoundError(NotFoundError):
    """The caller has no such conversation."""

    code = "conversation_not_found"
    title = "Conversation not found"


class MessageNotFoundError(NotFoundError):
    """The conversation has no such message."""

    code = "message_not_found"
    title = "Message not found"


class ResponseNotFoundError(NotFoundError):
    """The caller has no such response."""

    code = "response_not_found"
    title = "Response not found"


class LogDeletedError(NotFoundError):
    """The events of the response were deleted; the response itself is still there."""

    code = "log_deleted"
    title = "Log deleted"


class InvalidMessageError(InvalidInputError):
    """A message can't be like this."""

    code = "invalid_message"
    title = "Invalid message"


class ResponseInProgressError(ConflictError):
    """The response must have ended before this is possible."""

    code = "response_in_progress"
    title = "Response in progress"


class TooManyResponsesError(TooManyRequestsError):
    """The caller, or its organisation, has too many responses that haven't ended."""

    code = "too_many_responses"
    title = "Too many responses"


class TokenLimitError(TooManyRequestsError):
    """The caller has used the tokens that it may use for now."""

    code = "token_limit"
    title = "Token limit reached"


class TokenLimitTooLowError(InvalidInputError):
    """The response could need more tokens than the caller may ever use at once."""

    code = "token_limit_too_low"
    title = "Token limit too low"
