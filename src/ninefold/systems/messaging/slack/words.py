"""Slack's words for errors: those of all methods, and those of methods that have a word of their own."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from ninefold.core.errors import (
    ForbiddenError,
    InvalidInputError,
    NinefoldError,
    NotFoundError,
    PayloadTooLargeError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)
from ninefold.core.tenancy.errors import CredentialExpiredError, CredentialMissingError, CredentialRevokedError
from ninefold.core.web.errors import (
    BadFormError,
    BadJsonError,
    InvalidCursorError,
    MethodNotAllowedError,
    RouteNotFoundError,
)
from ninefold.systems.messaging import errors
from ninefold.systems.messaging.slack.events.words import EVENT_WORDS

Words: TypeAlias = Sequence[tuple[type[NinefoldError], str]]
"""Words by the class of the error; the first class that fits counts."""

_OF_ALL_METHODS: Final[Words] = (
    (CredentialMissingError, "not_authed"),
    (CredentialRevokedError, "token_revoked"),
    (CredentialExpiredError, "token_expired"),
    (UnauthorizedError, "invalid_auth"),
    (RouteNotFoundError, "unknown_method"),
    (MethodNotAllowedError, "invalid_post_type"),
    (BadJsonError, "invalid_json"),
    (BadFormError, "invalid_form_data"),
    (PayloadTooLargeError, "invalid_arguments"),
    (InvalidCursorError, "invalid_cursor"),
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
    (errors.ClientMessageIdUsedError, "duplicate_message_not_found"),
    (errors.InvalidBlocksError, "invalid_blocks"),
    (errors.MessageEmptyError, "no_text"),
    (errors.MessageTooLongError, "msg_too_long"),
    (errors.TooManyFilesError, "too_many_attachments"),
    (errors.InvalidMessageError, "invalid_arguments"),
    (errors.SharedFileNotFoundError, "file_not_found"),
    (errors.NotYourFileError, "cant_delete_file"),
    (errors.InvalidEmojiError, "invalid_name"),
    (TooManyRequestsError, "ratelimited"),
    (UnavailableError, "service_unavailable"),
    (InvalidInputError, "invalid_arguments"),
    (NotFoundError, "not_found"),
    (ForbiddenError, "access_denied"),
)

_OF_METHODS: Final[Mapping[str, Words]] = {
    "chat.delete": ((errors.NotYourMessageError, "cant_delete_message"),),
    "chat.postEphemeral": (
        (errors.MessageNotFoundError, "thread_not_found"),
        (errors.MemberNotFoundError, "user_not_in_channel"),
    ),
    "chat.postMessage": (
        (errors.MessageNotFoundError, "thread_not_found"),
        (errors.MemberNotFoundError, "channel_not_found"),
    ),
    "conversations.archive": (
        (errors.GeneralChannelError, "cant_archive_general"),
        (errors.ChannelArchivedError, "already_archived"),
    ),
    "conversations.kick": ((errors.GeneralChannelError, "cant_kick_from_general"),),
    "conversations.leave": ((errors.GeneralChannelError, "cant_leave_general"),),
    "conversations.open": ((errors.NotPossibleHereError, "too_many_users"),),
    "conversations.rename": ((errors.GeneralChannelError, "not_authorized"),),
    "conversations.replies": ((errors.MessageNotFoundError, "thread_not_found"),),
    "reactions.add": ((errors.TooManyReactionsError, "too_many_emoji"),),
    "users.lookupByEmail": ((errors.MemberNotFoundError, "users_not_found"),),
}


def word_of(error: NinefoldError, *, method: str = "") -> str:
    """Return Slack's word for an error of a method."""
    words = (*_OF_METHODS.get(method, ()), *_OF_ALL_METHODS)
    return next((word for kind, word in words if isinstance(error, kind)), "internal_error")
