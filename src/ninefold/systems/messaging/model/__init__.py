"""Members, channels, messages and logs, as frozen data."""

from ninefold.systems.messaging.model.channels import (
    CHANNEL_PREFIX,
    Channel,
    ChannelKind,
    Membership,
    Unread,
)
from ninefold.systems.messaging.model.events import ChannelEvent, EventType
from ninefold.systems.messaging.model.files import FILE_PREFIX, File, FileShare, UploadedContent
from ninefold.systems.messaging.model.members import (
    APP_PREFIX,
    CONNECT,
    LIMITED,
    MEMBER_PREFIX,
    WRITE_MESSAGES,
    App,
    CreatedApp,
    Member,
    MemberKind,
    Presence,
    Workspace,
)
from ninefold.systems.messaging.model.messages import (
    Block,
    Message,
    MessageDetails,
    NewMessage,
    Pin,
    Posted,
    Reacted,
    Reaction,
)
from ninefold.systems.messaging.model.searches import Found, Having, SearchQuery

__all__ = [
    "APP_PREFIX",
    "CHANNEL_PREFIX",
    "CONNECT",
    "FILE_PREFIX",
    "LIMITED",
    "MEMBER_PREFIX",
    "WRITE_MESSAGES",
    "App",
    "Block",
    "Channel",
    "ChannelEvent",
    "ChannelKind",
    "CreatedApp",
    "EventType",
    "File",
    "FileShare",
    "Found",
    "Having",
    "Member",
    "MemberKind",
    "Membership",
    "Message",
    "MessageDetails",
    "NewMessage",
    "Pin",
    "Posted",
    "Presence",
    "Reacted",
    "Reaction",
    "SearchQuery",
    "Unread",
    "UploadedContent",
    "Workspace",
]
