"""Errors as Slack's API says them: status 200 with `{"ok": false, "error": "…"}`, and Slack's own words."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import Request, Response

from ninefold.core.errors import (
    ForbiddenError,
    InvalidInputError,
    NinefoldError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)
from ninefold.core.tenancy.errors import CredentialExpiredError, CredentialMissingError, CredentialRevokedError
from ninefold.core.web.errors import BadFormError, BadJsonError, RouteNotFoundError
from ninefold.core.web.problems import problem_headers
from ninefold.systems.messaging import errors
from ninefold.systems.messaging.slack.events.words import EVENT_WORDS

_OK: Final = 200
_SERVER_ERROR: Final = 500


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """The body of each answer with an error."""

    ok: bool = False
    error: str
    detail: str
    """What went wrong, in a sentence, which Slack doesn't have."""


class MissingTextError(InvalidInputError):
    """A message has neither a text nor blocks."""

    code = "no_text"
    title = "No text"


class TokenKindError(ForbiddenError):
    """The token is of a kind that can't call this method."""

    code = "not_allowed_token_type"
    title = "Not allowed with this token"


# The first class that fits.
_WORDS: Final[Sequence[tuple[type[NinefoldError], str]]] = (
    (CredentialMissingError, "not_authed"),
    (CredentialRevokedError, "token_revoked"),
    (CredentialExpiredError, "token_expired"),
    (UnauthorizedError, "invalid_auth"),
    (TokenKindError, "not_allowed_token_type"),
    (RouteNotFoundError, "unknown_method"),
    (BadJsonError, "invalid_json"),
    (BadFormError, "invalid_form_data"),
    (MissingTextError, "no_text"),
    *EVENT_WORDS,
    (errors.ChannelNotFoundError, "channel_not_found"),
    (errors.ChannelArchivedError, "is_archived"),
    (errors.ChannelNameTakenError, "name_taken"),
    (errors.InvalidChannelNameError, "invalid_name_specials"),
    (errors.NotInChannelError, "not_in_channel"),
    (errors.NotPossibleHereError, "method_not_supported_for_channel_type"),
    (errors.MemberNotFoundError, "user_not_found"),
    (errors.MemberDeactivatedError, "account_inactive"),
    (errors.MessageNotFoundError, "message_not_found"),
    (errors.NotYourMessageError, "cant_update_message"),
    (errors.InvalidMessageError, "msg_too_long"),
    (errors.InvalidEmojiError, "invalid_name"),
    (TooManyRequestsError, "ratelimited"),
    (UnavailableError, "service_unavailable"),
    (InvalidInputError, "invalid_arguments"),
    (NotFoundError, "not_found"),
    (ForbiddenError, "access_denied"),
)


def show_slack_error(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return the response for an error."""
    del request
    is_answer = error.http_status < _SERVER_ERROR and not isinstance(error, TooManyRequestsError)
    return Response(
        content=msgspec.json.encode(ErrorBody(error=word_of(error), detail=str(error))),
        status_code=_OK if is_answer else error.http_status,
        media_type="application/json",
        headers=problem_headers(error),
    )


def word_of(error: NinefoldError) -> str:
    """Return Slack's word for an error."""
    return next((word for kind, word in _WORDS if isinstance(error, kind)), "internal_error")
