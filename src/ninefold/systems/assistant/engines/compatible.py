"""What the engines have in common that speak OpenAI's API: `llama` and `url` differ in how a request reaches them."""

import math
import re
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, Protocol

import msgspec

from ninefold.systems.assistant.engines.chat_completions import AnswerReader, Dialect, encode_request, words_of
from ninefold.systems.assistant.engines.errors import (
    EngineContextError,
    EngineOverloadedError,
    EngineRefusedError,
    EngineUnavailableError,
)
from ninefold.systems.assistant.engines.event_stream import read_events
from ninefold.systems.assistant.engines.port import Embeddings, Engine, Generation, Piece
from ninefold.systems.assistant.model import Usage

RETRY_AFTER_S_DEFAULT: Final = 1
RETRY_AFTER_S_MAX: Final = 3600
ERROR_LENGTH_MAX: Final = 64 * 1024
EMBEDDINGS_LENGTH_MAX: Final = 64 * 1024 * 1024
_DONE: Final = b"[DONE]"
_TOO_LONG: Final = re.compile(r"context (size|length|window)", re.IGNORECASE)
"""What engines say about a prompt that is too long."""


class Reply(Protocol):
    """What an engine answered; its body arrives while it is read."""

    @property
    def status(self) -> int:
        """The status, such as 200."""
        ...

    def header(self, name: str) -> str | None:
        """Return the first value of a header; the name is in lower case."""
        ...

    def body(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces; raises `EngineBrokeOffError` if the connection ends before it."""
        ...


class _Vector(msgspec.Struct):
    index: int
    embedding: Sequence[float]


class _EmbeddingsReply(msgspec.Struct):
    data: Sequence[_Vector]
    usage: dict[str, int] = {}


class CompatibleEngine(Engine):
    """An engine that speaks OpenAI's API."""

    @abstractmethod
    def _request(self, method: str, path: str, body: bytes = b"") -> AbstractAsyncContextManager[Reply]:
        """Send a request; leaving the block closes its connection.

        Args:
            method: `GET` or `POST`.
            path: such as `/chat/completions`, below the base URL.
            body: JSON.

        Raises:
            EngineUnavailableError: there is no answer.
        """

    @abstractmethod
    async def _dialect(self) -> Dialect:
        """Return which server it is.

        Raises:
            EngineUnavailableError: it can't be asked.
        """

    async def generate(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        """Write an answer; see `Engine.generate`."""
        if generation.tokens_so_far >= generation.max_tokens:
            yield Piece(finish_reason="length", usage=Usage(output_tokens=generation.tokens_so_far))
            return
        request = encode_request(generation, await self._dialect())
        reader = AnswerReader(generation)
        async with self._request("POST", "/chat/completions", request) as reply:
            await raise_for_status(reply)
            async with aclosing(_closable(read_events(reply.body()))) as events:
                async for data in events:
                    if data == _DONE:
                        break
                    if piece := reader.read(data):
                        yield piece
        for piece in reader.end():
            yield piece

    async def embed(self, model: str, texts: Sequence[str]) -> Embeddings:
        """Return the vectors of some texts; see `Engine.embed`."""
        request = msgspec.json.encode({"model": model, "input": texts, "encoding_format": "float"})
        async with self._request("POST", "/embeddings", request) as reply:
            await raise_for_status(reply)
            body = await read_body(reply, length_max=EMBEDDINGS_LENGTH_MAX)
        try:
            decoded = msgspec.json.decode(body, type=_EmbeddingsReply)
        except msgspec.DecodeError as error:
            raise EngineUnavailableError(f"The engine sent embeddings that can't be read: {error}") from error
        if sorted(each.index for each in decoded.data) != list(range(len(texts))):
            raise EngineUnavailableError(f"The engine sent {len(decoded.data)} embeddings for {len(texts)} texts.")
        return Embeddings(
            model=model,
            vectors=[_normalised(each.embedding) for each in sorted(decoded.data, key=lambda each: each.index)],
            input_tokens=decoded.usage.get("prompt_tokens", 0),
        )


async def raise_for_status(reply: Reply) -> None:
    """Return if the reply is a success.

    Raises:
        EngineOverloadedError: the engine asks to be tried again later.
        EngineContextError: the prompt is too long.
        EngineRefusedError: the request is wrong.
        EngineUnavailableError: the engine failed, or doesn't accept its credentials.
    """
    status = reply.status
    if status == HTTPStatus.OK:
        return
    words = _error_words(await read_body(reply, length_max=ERROR_LENGTH_MAX)) or f"status {status}"
    retry_after = reply.header("retry-after")
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.SERVICE_UNAVAILABLE and retry_after):
        raise EngineOverloadedError(
            f"The engine is overloaded: {words}", retry_after_s=_parse_retry_after(retry_after), remedy="Try again."
        )
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise EngineUnavailableError(
            f"The engine doesn't accept this server's credentials: {words}",
            remedy="The operator can correct NINEFOLD_ASSISTANT_API_KEY.",
        )
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.REQUEST_TIMEOUT:
        refused = EngineContextError if _TOO_LONG.search(words) else EngineRefusedError
        raise refused(f"The engine refused: {words}")
    raise EngineUnavailableError(f"The engine failed: {words}", remedy="Try again.")


async def read_body(reply: Reply, *, length_max: int) -> bytes:
    """Return the whole body, or of a longer one the beginning.

    Raises:
        EngineBrokeOffError: the connection ended before the body.
    """
    pieces, length = [], 0
    async with aclosing(_closable(reply.body())) as body:
        async for piece in body:
            pieces.append(piece)
            length += len(piece)
            if length > length_max:
                break
    return b"".join(pieces)


async def _closable(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    async for piece in pieces:
        yield piece


def _error_words(body: bytes) -> str:
    try:
        return words_of(msgspec.json.decode(body))
    except msgspec.DecodeError:
        return body[:1000].decode(errors="replace").strip()


def _parse_retry_after(value: str | None) -> int:
    """Return the seconds of a `Retry-After` header (RFC 9110 §10.2.3), within bounds."""
    if value is None:
        return RETRY_AFTER_S_DEFAULT
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return RETRY_AFTER_S_DEFAULT
    return min(max(math.ceil(seconds), 1), RETRY_AFTER_S_MAX) if math.isfinite(seconds) else RETRY_AFTER_S_DEFAULT


def _normalised(vector: Sequence[float]) -> Sequence[float]:
    length = math.hypot(*vector)
    return [number / length for number in vector] if length else vector
