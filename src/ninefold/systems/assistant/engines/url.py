"""The engine `url`: any server that speaks OpenAI's API, such as vLLM, Ollama, or OpenAI's own.

The URL is the operator's. So it may lead to this machine or its network, other than URLs that users give.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_network
from typing import ClassVar, Final

import msgspec

from ninefold.core.egress import (
    AddressPolicy,
    EgressClient,
    EgressError,
    StreamedResponse,
    default_tls_context,
    parse_target,
)
from ninefold.core.errors import NinefoldError
from ninefold.systems.assistant.engines.chat_completions import Dialect
from ninefold.systems.assistant.engines.compatible import CompatibleEngine, Reply, raise_for_status, read_body
from ninefold.systems.assistant.engines.errors import EngineBrokeOffError, EngineUnavailableError
from ninefold.systems.assistant.engines.port import ModelInfo, Readiness
from ninefold.systems.assistant.settings import AssistantSettings

HEAD_TIMEOUT_S: Final = 300.0
"""A server that is busy answers with the first token. The assistant's own deadlines are shorter."""

IDLE_TIMEOUT_S: Final = 300.0
MODELS_TIMEOUT_S: Final = 10.0
MODELS_LENGTH_MAX: Final = 4 * 1024 * 1024
MODELS_KEPT_S: Final = 60.0
EVERYWHERE: Final = AddressPolicy([ip_network("0.0.0.0/0"), ip_network("::/0")])

_OWNERS: Final[dict[str, Dialect]] = {
    "vllm": "vllm",
    "llamacpp": "llamacpp",
    "library": "ollama",
    "openai": "openai",
    "openai-internal": "openai",
    "system": "openai",
}
"""Who owns the models of a server, as it says itself. All others are taken for servers that can't continue answers."""


class _Model(msgspec.Struct):
    id: str
    owned_by: str = "unknown"
    max_model_len: int | None = None


class _ModelList(msgspec.Struct):
    data: Sequence[_Model]


class UrlEngine(CompatibleEngine):
    """Asks a server that speaks OpenAI's API.

    Args:
        settings: of the assistant, with a `url`.
    """

    name: ClassVar[str] = "url"

    def __init__(self, settings: AssistantSettings) -> None:
        assert settings.url is not None, "the settings require it"
        self._settings = settings
        self._base_url = settings.url.rstrip("/")
        self._tls = default_tls_context(settings.url_ca_file)
        self._client: EgressClient | None = None
        self._models: Sequence[_Model] = ()
        self._models_read_at = -MODELS_KEPT_S

    async def readiness(self) -> Readiness:
        """Say whether the server answers."""
        try:
            await self._read_models()
        except EngineUnavailableError as error:
            return Readiness(is_ready=False, detail=str(error))
        return Readiness(is_ready=True, detail="ready")

    async def models(self) -> Sequence[ModelInfo]:
        """Return the models of the server; only one of them is known to be for embeddings."""
        embedding_model = self._settings.embedding_model
        return [
            ModelInfo(
                model=each.id,
                kind="embedding" if each.id == embedding_model else "chat",
                owned_by=each.owned_by,
                context_tokens=each.max_model_len,
            )
            for each in await self._read_models()
        ]

    async def _dialect(self) -> Dialect:
        if self._settings.url_server is not None:
            return self._settings.url_server
        models = await self._read_models()
        return _OWNERS.get(models[0].owned_by, "other") if models else "other"

    async def _read_models(self) -> Sequence[_Model]:
        """Return the server's models, as they were at most a minute ago."""
        if time.monotonic() - self._models_read_at < MODELS_KEPT_S:
            return self._models
        try:
            async with asyncio.timeout(MODELS_TIMEOUT_S), self._request("GET", "/models") as reply:
                await raise_for_status(reply)
                body = await read_body(reply, length_max=MODELS_LENGTH_MAX)
            self._models = msgspec.json.decode(body, type=_ModelList).data
        except (TimeoutError, NinefoldError, msgspec.DecodeError) as error:
            raise EngineUnavailableError(
                f"The engine doesn't list its models: {str(error) or 'no answer in time'}",
                remedy="The operator can check NINEFOLD_ASSISTANT_URL.",
            ) from error
        self._models_read_at = time.monotonic()
        return self._models

    @asynccontextmanager
    async def _request(self, method: str, path: str, body: bytes = b"") -> AsyncIterator[Reply]:
        if self._client is None:
            self._client = EgressClient(EVERYWHERE, tls=self._tls)
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(
                    self._client.stream(
                        method,
                        parse_target(f"{self._base_url}{path}"),
                        headers=self._headers(),
                        body=body,
                        head_timeout_s=HEAD_TIMEOUT_S,
                        idle_timeout_s=IDLE_TIMEOUT_S,
                        # If a kept connection turns out to be closed, nothing was generated: ask again.
                        is_idempotent=True,
                    )
                )
            except EgressError as error:
                raise EngineUnavailableError(f"The engine can't be reached: {error}", remedy="Try again.") from error
            yield _UrlReply(response)

    def _headers(self) -> Sequence[tuple[str, str]]:
        headers = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")]
        if self._settings.api_key is not None:
            headers.append(("authorization", f"Bearer {self._settings.api_key}"))
        return headers

    async def aclose(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()


class _UrlReply:
    def __init__(self, response: StreamedResponse) -> None:
        self._response = response

    @property
    def status(self) -> int:
        return self._response.status

    def header(self, name: str) -> str | None:
        value = self._response.header(name.encode())
        return None if value is None else value.decode("latin-1")

    async def body(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._response:
                yield piece
        except EgressError as error:
            raise EngineBrokeOffError(f"The engine broke off: {error}", remedy="Try again.") from error
