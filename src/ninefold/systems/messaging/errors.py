"""The errors of messaging that callers can get."""

from ninefold.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError


class MemberNotFoundError(NotFoundError):
    """The organisation has no such member."""

    code = "member_not_found"
    title = "Member not found"


class MemberNameTakenError(ConflictError):
    """The organisation has another member of this name."""

    code = "member_name_taken"
    title = "Member name taken"


class InvalidMemberNameError(InvalidInputError):
    """The name of a member or an app can't be like this."""

    code = "invalid_member_name"
    title = "Invalid member name"


class MemberRequiredError(InvalidInputError):
    """An API key acts for no member by itself, so the request has to say for which."""

    code = "member_required"
    title = "Member required"


class NotThisMemberError(InvalidInputError):
    """The caller can't act for this member."""

    code = "not_this_member"
    title = "Not this member"


class MemberDeactivatedError(ForbiddenError):
    """The member has been deactivated."""

    code = "member_deactivated"
    title = "Member deactivated"


class AppNotFoundError(NotFoundError):
    """The organisation has no such app."""

    code = "app_not_found"
    title = "App not found"


class UnknownScopeError(InvalidInputError):
    """Slack's API has no such scope, or Ninefold doesn't offer what it allows."""

    code = "unknown_scope"
    title = "Unknown scope"


class ChannelNotFoundError(NotFoundError):
    """There is no such channel, or the member can't see it."""

    code = "channel_not_found"
    title = "Channel not found"


class ChannelNameTakenError(ConflictError):
    """The organisation has another channel of this name."""

    code = "channel_name_taken"
    title = "Channel name taken"


class InvalidChannelNameError(InvalidInputError):
    """The name of a channel can't be like this."""

    code = "invalid_channel_name"
    title = "Invalid channel name"


class ChannelArchivedError(ConflictError):
    """The channel is archived, so nothing in it can change."""

    code = "channel_archived"
    title = "Channel archived"


class NotPossibleHereError(ConflictError):
    """The channel is of a kind with which this can't be done."""

    code = "not_possible_here"
    title = "Not possible in this channel"


class GeneralChannelError(NotPossibleHereError):
    """Everybody is in this channel, so that nobody leaves it, and it is never archived."""


class NotInChannelError(ForbiddenError):
    """The member isn't in the channel."""

    code = "not_in_channel"
    title = "Not in the channel"


class MessageNotFoundError(NotFoundError):
    """The channel has no such message, or it was deleted."""

    code = "message_not_found"
    title = "Message not found"


class NotYourMessageError(ForbiddenError):
    """Another member has written the message."""

    code = "not_your_message"
    title = "Not your message"


class InvalidMessageError(InvalidInputError):
    """There can't be such a message."""

    code = "invalid_message"
    title = "Invalid message"


class MessageEmptyError(InvalidMessageError):
    """The message has neither a text nor blocks nor files."""

    code = "message_empty"
    title = "Message empty"


class MessageTooLongError(InvalidMessageError):
    """The text of the message is too long."""

    code = "message_too_long"
    title = "Message too long"


class InvalidBlocksError(InvalidMessageError):
    """A block isn't as Block Kit says.

    Args:
        reason: what is wrong, in Slack's words.
        field: the path of the value, such as `blocks[0].text.text`.
        pointer: the same as Slack says it, such as `/blocks/0/text/text`.
    """

    code = "invalid_blocks"
    title = "Invalid blocks"

    def __init__(self, reason: str, *, field: str, pointer: str) -> None:
        super().__init__(
            f"{field}: {reason}.", field=field, remedy="Correct the block; docs/systems/messaging.md lists them."
        )
        self.reason = reason
        self.pointer = pointer


class InvalidAttachmentsError(InvalidMessageError):
    """An attachment, which programs send that were made before Block Kit, isn't valid."""

    code = "invalid_attachments"
    title = "Invalid attachments"


class TooManyFilesError(InvalidMessageError):
    """The message has too many files, or the file is in too many messages."""

    code = "too_many_files"
    title = "Too many files"


class TooManyReactionsError(InvalidMessageError):
    """The message has as many different emoji as it can have."""

    code = "too_many_reactions"
    title = "Too many reactions"


class EditConflictError(ConflictError):
    """Somebody has edited the message since the caller has read it."""

    code = "edit_conflict"
    title = "Edited in the meantime"


class ClientMessageIdUsedError(ConflictError):
    """The id of the client was used for a message of another channel."""

    code = "client_msg_id_used"
    title = "Client message id used"


class SharedFileNotFoundError(NotFoundError):
    """There is no such file, or the member can't read it."""

    code = "file_not_found"
    title = "File not found"


class SharedFileChangedError(ConflictError):
    """The file can't be deleted, because others share it meanwhile."""

    code = "file_changed"
    title = "File changed in the meantime"
    is_retryable = True


class NotYourFileError(ForbiddenError):
    """Another member has uploaded the file."""

    code = "not_your_file"
    title = "Not your file"


class InvalidEmojiError(InvalidInputError):
    """A text isn't the name of an emoji."""

    code = "invalid_emoji"
    title = "Invalid emoji"


class TicketNotFoundError(ForbiddenError):
    """There is no such secret, or it is another app's."""

    code = "ticket_not_found"
    title = "Unknown ticket"


class TicketExpiredError(ForbiddenError):
    """The secret isn't valid any more."""

    code = "ticket_expired"
    title = "Ticket expired"


class TicketUsedError(ForbiddenError):
    """The secret was used as often as it can be."""

    code = "ticket_used"
    title = "Ticket used"


class AppNotReachableError(ConflictError):
    """The app has neither a connection nor a verified request URL, so it can't answer."""

    code = "app_not_reachable"
    title = "App not reachable"


class SocketModeOffError(ConflictError):
    """The app is told what happens at its request URL, and not over connections."""

    code = "socket_mode_off"
    title = "Socket Mode is off"


class TooManyAppConnectionsError(ConflictError):
    """The app has as many connections as it can have."""

    code = "too_many_app_connections"
    title = "Too many connections"


class InvalidAppSettingError(InvalidInputError):
    """A setting of an app can't be like this."""

    code = "invalid_app_setting"
    title = "Invalid setting of an app"


class CommandTakenError(ConflictError):
    """Another app of the organisation has this slash command."""

    code = "command_taken"
    title = "Command taken"


class CommandNotFoundError(NotFoundError):
    """No app of the organisation has this slash command."""

    code = "command_not_found"
    title = "Command not found"


class ActionNotFoundError(NotFoundError):
    """The message or the view has no such element, or no app that it belongs to."""

    code = "action_not_found"
    title = "Action not found"


class ViewNotFoundError(NotFoundError):
    """There is no such view, it is closed, or it is another app's or member's."""

    code = "view_not_found"
    title = "View not found"


class ViewConflictError(ConflictError):
    """The view was updated since the app has seen it."""

    code = "view_conflict"
    title = "Updated in the meantime"


class InvalidViewError(InvalidInputError):
    """There can't be such a view."""

    code = "invalid_view"
    title = "Invalid view"


class ExternalIdTakenError(ConflictError):
    """The app shows another view with this `external_id`."""

    code = "external_id_taken"
    title = "External id taken"


class TooManyViewsError(ConflictError):
    """A stack of modals has as many views as it can have."""

    code = "too_many_views"
    title = "Too many views"


class WebhookNotFoundError(NotFoundError):
    """There is no such incoming webhook, or it was revoked."""

    code = "webhook_not_found"
    title = "Webhook not found"


class TooManyAppTokensError(ConflictError):
    """The app has as many tokens as it can have."""

    code = "too_many_app_tokens"
    title = "Too many tokens"


class TooManyWebhooksError(ConflictError):
    """The app has as many incoming webhooks as it can have."""

    code = "too_many_webhooks"
    title = "Too many webhooks"
