"""The checks of `ninefold doctor` for the assistant."""

from collections.abc import Iterator

from ninefold.core.checks import Finding, ok, warning
from ninefold.systems.assistant.engines.llama.models import CHAT_MODEL_BYTES, INSTALL, missing_packages
from ninefold.systems.assistant.settings import PREFIX, AssistantSettings


def check_engine(settings: AssistantSettings) -> Iterator[Finding]:
    """Say which engine answers, and whether everything is installed that it needs."""
    if settings.engine == "url":
        yield ok("assistant", f"answers come from {settings.url}, model {settings.model}")
    elif settings.engine == "scripted":
        yield warning("assistant", "Answers come from a script, for tests.", f"Unset {PREFIX}ENGINE.")
    elif missing := missing_packages(needs_chat_model=settings.llama_model is None):
        yield warning("assistant", f"Nothing can answer: {' and '.join(missing)} aren't installed.", INSTALL)
    else:
        size = settings.llama_model.stat().st_size if settings.llama_model else CHAT_MODEL_BYTES
        yield ok("assistant", f"llama.cpp with {settings.model}, {size / 1e6:,.0f} MB, loaded at the first use")
