"""Errors as Slack's API says them: status 200 with `{"ok": false, "error": "…"}`, and Slack's own words."""

from typing import Any, Final

import msgspec
from litestar import Request, Response

from ninefold.core.errors import ForbiddenError, InvalidInputError, NinefoldError, TooManyRequestsError
from ninefold.core.web.problems import problem_headers
from ninefold.systems.messaging.errors import InvalidBlocksError
from ninefold.systems.messaging.slack.headers import scope_headers
from ninefold.systems.messaging.slack.methods import find_method
from ninefold.systems.messaging.slack.words import word_of

_OK: Final = 200
_SERVER_ERROR: Final = 500


class SlackError(InvalidInputError):
    """Something that only Slack's API refuses, or for which it has a word that depends on the case.

    Args:
        word: Slack's word.
        detail: what went wrong, in a sentence.
        fields: what else the answer has.
    """

    code = "slack_error"
    title = "Refused"

    def __init__(self, word: str, detail: str, **fields: Any) -> None:
        super().__init__(detail)
        self.word = word
        self.fields = fields


class MissingTextError(SlackError):
    """A message has neither a text nor blocks."""

    def __init__(self) -> None:
        super().__init__("no_text", "The message has neither a text nor blocks.")


class TokenKindError(ForbiddenError):
    """The token is of a kind that can't call this method."""

    code = "not_allowed_token_type"
    title = "Not allowed with this token"


class MissingScopeError(ForbiddenError):
    """The token doesn't have a scope that the method needs.

    Args:
        needed: the scopes of which one is enough.
        provided: those that the token has.
    """

    code = "missing_scope"
    title = "Missing scope"

    def __init__(self, needed: str, *, provided: str) -> None:
        super().__init__(f"The token has none of these scopes: {needed}.", remedy="Create an app with one of them.")
        self.needed = needed
        self.provided = provided


def show_slack_error(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return the response for an error."""
    method, _ = find_method(request.scope["path"])
    is_answer = error.http_status < _SERVER_ERROR and not isinstance(error, TooManyRequestsError)
    return Response(
        content=msgspec.json.encode({"ok": False, **_describe(error, method)}),
        status_code=_OK if is_answer else error.http_status,
        media_type="application/json",
        headers={**problem_headers(error), **scope_headers(request.scope)},
    )


def _describe(error: NinefoldError, method: str) -> dict[str, Any]:
    """Return the fields of an error; `detail` is a sentence that Slack doesn't have."""
    detail = str(error)
    match error:
        case SlackError():
            return {"error": error.word, "detail": detail, **error.fields}
        case TokenKindError():
            return {"error": "not_allowed_token_type", "detail": detail}
        case MissingScopeError():
            return {"error": "missing_scope", "detail": detail, "needed": error.needed, "provided": error.provided}
        case InvalidBlocksError():
            reason = f"{error.reason} [json-pointer:{error.pointer}]"
            return {"error": "invalid_blocks", "detail": detail, "errors": [reason], **_messages(reason)}
    word = word_of(error, method=method)
    if word == "invalid_arguments":
        return {"error": word, "detail": detail, **_messages(error.detail)}
    return {"error": word, "detail": detail}


def _messages(reason: str) -> dict[str, Any]:
    return {"response_metadata": {"messages": [f"[ERROR] {reason}"]}}
