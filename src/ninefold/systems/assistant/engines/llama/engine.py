"""The engine `llama`, as the processes see it that use it: it starts what it needs, and asks over a Unix socket."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import ClassVar, Final

import httpx

from ninefold.core.processes import ProcessAddress, ProcessFolder
from ninefold.systems.assistant.engines.chat_completions import Dialect
from ninefold.systems.assistant.engines.compatible import CompatibleEngine, Reply
from ninefold.systems.assistant.engines.errors import EngineBrokeOffError, EngineRefusedError, EngineUnavailableError
from ninefold.systems.assistant.engines.llama.models import INSTALL, missing_packages
from ninefold.systems.assistant.engines.llama.process import (
    CHAT_PROCESS,
    EMBEDDING_CONTEXT_TOKENS,
    EMBEDDING_PROCESS,
    client,
)
from ninefold.systems.assistant.engines.port import Embeddings, Generation, ModelInfo, Piece, Readiness
from ninefold.systems.assistant.settings import AssistantSettings

STARTS_WITHIN_S: Final = 45.0
"""How long a request waits for a process that is starting. Later ones find it ready, if it becomes ready at all."""

START_POLL_S: Final = 0.02
TEXTS_MAX: Final = 2048
"""Texts that can be embedded at once."""


class LlamaEngine(CompatibleEngine):
    """Asks llama.cpp, which runs in processes of its own. They start when they are first used.

    Each request has its own connection: llama.cpp closes connections after streams, without saying so.

    Args:
        settings: of the assistant.
        folder: where its processes are reached.
    """

    name: ClassVar[str] = "llama"

    def __init__(self, settings: AssistantSettings, folder: ProcessFolder) -> None:
        self._settings = settings
        self._chat = folder.address(CHAT_PROCESS)
        self._embeddings = folder.address(EMBEDDING_PROCESS)

    async def readiness(self) -> Readiness:
        """Say whether it can answer, perhaps after its start, which takes a second or two."""
        if missing := self._missing():
            return Readiness(is_ready=False, detail=f"needs {' and '.join(missing)}: {INSTALL}")
        if self._chat.ready_socket.exists():
            return Readiness(is_ready=True, detail="ready")
        if not self._chat.start_socket.exists():
            return Readiness(is_ready=False, detail=_NOT_SUPERVISED)
        if self._chat.starting_socket.exists():
            return Readiness(is_ready=True, detail="starting the model")
        return Readiness(is_ready=True, detail="starts the model when it is first used")

    async def models(self) -> Sequence[ModelInfo]:
        """Return the chat model and the embedding model, whether or not they are loaded."""
        if missing := self._missing():
            raise EngineUnavailableError(f"The assistant's engine needs {' and '.join(missing)}.", remedy=INSTALL)
        return (
            ModelInfo(model=self._settings.model, context_tokens=self._settings.llama_context_tokens),
            ModelInfo(model=self._settings.embedding_model, kind="embedding"),
        )

    async def generate(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        """Write an answer; see `Engine.generate`."""
        self._require_model(generation.model, self._settings.model)
        async with aclosing(super().generate(generation)) as pieces:
            async for piece in pieces:
                yield piece

    async def embed(self, model: str, texts: Sequence[str]) -> Embeddings:
        """Return the vectors of some texts; see `Engine.embed`."""
        self._require_model(model, self._settings.embedding_model)
        if len(texts) > TEXTS_MAX:
            raise EngineRefusedError(f"There are {len(texts)} texts; {TEXTS_MAX} can be embedded at once.")
        try:
            return await super().embed(model, texts)
        except EngineUnavailableError as error:
            # llama.cpp says with a 500 that a text is too long.
            if _TOO_LONG not in error.detail:
                raise
            raise EngineRefusedError(
                f"A text is too long: {error.detail}", remedy=f"Use at most {EMBEDDING_CONTEXT_TOKENS} tokens."
            ) from error

    async def _dialect(self) -> Dialect:
        return "llamacpp"

    @asynccontextmanager
    async def _request(self, method: str, path: str, body: bytes = b"") -> AsyncIterator[Reply]:
        address = self._embeddings if path == "/embeddings" else self._chat
        async with AsyncExitStack() as stack:
            asking = await stack.enter_async_context(client(address.ready_socket))
            deadline = time.monotonic() + STARTS_WITHIN_S
            while True:
                try:
                    response = await stack.enter_async_context(
                        asking.stream(method, f"/v1{path}", content=body, headers=_HEADERS)
                    )
                    break
                except (httpx.ConnectError, BlockingIOError) as error:
                    # Nothing listens yet, or too many others connect at this moment.
                    await self._wait_for_start(address, error, deadline)
                except httpx.TransportError as error:
                    raise EngineUnavailableError(f"llama.cpp ended: {error}", remedy="Try again.") from error
            yield _LlamaReply(response)

    async def _wait_for_start(self, address: ProcessAddress, error: Exception, deadline: float) -> None:
        """Start the process if it isn't running, and wait a moment."""
        if missing := self._missing():
            raise EngineUnavailableError(f"The assistant's engine needs {' and '.join(missing)}.", remedy=INSTALL)
        if isinstance(error, httpx.ConnectError) and not address.request_start():
            raise EngineUnavailableError(f"The model can't be started: {_NOT_SUPERVISED}.") from error
        if time.monotonic() > deadline:
            raise EngineUnavailableError(
                f"The model isn't ready after {STARTS_WITHIN_S:.0f} s.", remedy="Try again; the log says how it goes."
            ) from error
        await asyncio.sleep(START_POLL_S)

    def _missing(self) -> list[str]:
        return missing_packages(needs_chat_model=self._settings.llama_model is None)

    def _require_model(self, model: str, expected: str) -> None:
        if model != expected:
            raise EngineRefusedError(f"There is no model {model!r} for this.", field="model", remedy=f"Use {expected}.")


_TOO_LONG: Final = "too large to process"
_HEADERS: Final = {"content-type": "application/json", "connection": "close"}
_NOT_SUPERVISED: Final = f"`ninefold up` isn't running on this machine, nor `ninefold process {CHAT_PROCESS}`"


class _LlamaReply:
    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    @property
    def status(self) -> int:
        return self._response.status_code

    def header(self, name: str) -> str | None:
        value: str | None = self._response.headers.get(name)
        return value

    async def body(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._response.aiter_raw():
                yield piece
        except httpx.TransportError as error:
            raise EngineBrokeOffError(f"llama.cpp ended: {error}", remedy="Try again.") from error
