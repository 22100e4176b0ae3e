"""Why an engine can't write an answer, or can't write the rest of it."""

from ninefold.core.errors import InvalidInputError, TooManyRequestsError, UnavailableError


class EngineUnavailableError(UnavailableError):
    """The engine isn't running, isn't ready yet, or can't be reached. Nothing was generated; try again later."""

    code = "engine_unavailable"
    title = "Engine unavailable"


class EngineOverloadedError(TooManyRequestsError):
    """The engine has no capacity at the moment. Nothing was generated; try again after `retry_after_s`."""

    code = "engine_overloaded"
    title = "Engine overloaded"


class EngineRefusedError(InvalidInputError):
    """The engine can't do what was asked, such as a prompt that is too long; the message has the engine's words.

    Another attempt would fail in the same way.
    """

    code = "engine_refused"
    title = "Engine refused"


class EngineContextError(EngineRefusedError):
    """The prompt has more tokens than the model can read."""

    code = "context_length_exceeded"
    title = "Context length exceeded"


class EngineBrokeOffError(UnavailableError):
    """The engine ended in the middle of an answer. What it has yielded so far is valid, and can be continued."""

    code = "engine_broke_off"
    title = "Engine broke off"


class EngineCannotContinueError(InvalidInputError):
    """The engine can't continue a text that has begun, so an answer that broke off stays as it is."""

    code = "engine_cannot_continue"
    title = "Engine cannot continue"
