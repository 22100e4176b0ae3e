"""Opens the engine that the settings name."""

from collections.abc import Callable, Mapping
from typing import Final

from ninefold.systems.assistant.engines.port import Engine
from ninefold.systems.assistant.engines.scripted import ScriptedEngine
from ninefold.systems.assistant.settings import AssistantSettings

_OPENERS: Final[Mapping[str, Callable[[AssistantSettings], Engine]]] = {
    ScriptedEngine.name: lambda _: ScriptedEngine(),
}


def open_engine(settings: AssistantSettings) -> Engine:
    """Return the engine that the settings name; whoever opens it closes it."""
    return _OPENERS[settings.engine](settings)
