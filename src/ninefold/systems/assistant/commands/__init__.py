"""The command `chat`, which uses the HTTP API."""

from typing import Final

from ninefold.systems.assistant.commands.chat import chat

COMMANDS: Final = (chat,)
