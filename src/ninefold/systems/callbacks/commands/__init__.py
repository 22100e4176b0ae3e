"""The commands `providers …`, `sources …` and `callbacks …`, which use the HTTP API."""

from typing import Final

from ninefold.systems.callbacks.commands.callbacks import callbacks
from ninefold.systems.callbacks.commands.providers import providers
from ninefold.systems.callbacks.commands.sources import sources

COMMANDS: Final = (providers, sources, callbacks)
