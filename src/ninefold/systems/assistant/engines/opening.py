"""Opens the engine that the settings name."""

from ninefold.core.processes import ProcessFolder
from ninefold.systems.assistant.engines.llama.engine import LlamaEngine
from ninefold.systems.assistant.engines.port import Engine
from ninefold.systems.assistant.engines.scripted import ScriptedEngine
from ninefold.systems.assistant.engines.url import UrlEngine
from ninefold.systems.assistant.settings import AssistantSettings


def open_engine(settings: AssistantSettings, folder: ProcessFolder) -> Engine:
    """Return the engine that the settings name; the caller closes it.

    Args:
        settings: of the assistant.
        folder: where the processes of systems on this machine are reached.
    """
    if settings.engine == "url":
        return UrlEngine(settings)
    if settings.engine == "llama":
        return LlamaEngine(settings, folder)
    return ScriptedEngine()
