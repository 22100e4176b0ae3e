"""Finds what commands are given by a name."""

from ninefold.core.commands import ApiClient, Page
from ninefold.systems.messaging.commands.answers import AppAnswer, ChannelAnswer
from ninefold.systems.messaging.errors import AppNotFoundError, ChannelNotFoundError

APPS = "/api/v1/messaging/apps"


def find_app(client: ApiClient, text: str) -> str:
    """Return the id of an app that is given by its id or its name."""
    if text.startswith("app_"):
        return text
    cursor: str | None = None
    while True:
        page = client.get(APPS, limit=100, cursor=cursor).read(Page[AppAnswer])
        for each in page.items:
            if text in (each.name, each.slack_id):
                return each.app_id
        cursor = page.next_cursor
        if cursor is None:
            raise AppNotFoundError(f"There is no app {text!r}.", remedy="List them: ninefold messaging apps list")


def find_channel(client: ApiClient, text: str) -> str:
    """Return the id of a channel that is given by its id or its name."""
    if text.startswith("chan_"):
        return text
    cursor: str | None = None
    while True:
        page = client.get("/api/v1/messaging/channels", limit=100, cursor=cursor).read(Page[ChannelAnswer])
        for each in page.items:
            if text.removeprefix("#") == each.name:
                return each.channel_id
        cursor = page.next_cursor
        if cursor is None:
            raise ChannelNotFoundError(f"There is no channel {text!r}.")
