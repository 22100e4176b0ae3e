"""The checks of `ninefold doctor` for the assistant."""

import socket
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from ninefold.core.checks import Finding, ok, warning
from ninefold.systems.assistant.engines.llama.models import CHAT_MODEL_BYTES, INSTALL, missing_packages
from ninefold.systems.assistant.settings import PREFIX, AssistantSettings

CONNECT_TIMEOUT_S: Final = 3.0


def check_engine(settings: AssistantSettings) -> Iterator[Finding]:
    """Say which engine answers, and whether everything is installed that it needs."""
    if settings.engine == "url":
        yield _check_url(str(settings.url), model=settings.model)
    elif settings.engine == "scripted":
        yield warning("assistant", "Answers come from a script, for tests.", f"Unset {PREFIX}ENGINE.")
    elif missing := missing_packages(needs_chat_model=settings.llama_model is None):
        yield warning("assistant", f"Nothing can answer: {' and '.join(missing)} aren't installed.", INSTALL)
    else:
        size = settings.llama_model.stat().st_size if settings.llama_model else CHAT_MODEL_BYTES
        yield ok("assistant", f"llama.cpp with {settings.model}, {size / 1e6:,.0f} MB, loaded at the first use")


def _check_url(url: str, *, model: str) -> Finding:
    """Say whether something accepts connections at the URL of the engine. No request is sent, so it costs nothing."""
    parts = urlsplit(url)
    address = (str(parts.hostname), parts.port or {"http": 80}.get(parts.scheme, 443))
    try:
        socket.create_connection(address, timeout=CONNECT_TIMEOUT_S).close()
    except OSError as error:
        return warning(
            "assistant",
            f"Nothing can answer: {url} can't be reached: {error.strerror or error}.",
            f"Start the server of the model {model}, or correct {PREFIX}URL.",
        )
    return ok("assistant", f"answers come from {url}, model {model}; it accepts connections")
