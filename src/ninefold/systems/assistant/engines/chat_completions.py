"""The Chat Completions API of OpenAI as engines speak it: requests, and the chunks of an answer.

The servers differ in a few points, which a `Dialect` names. What OpenAI documents is not repeated here; its reference
is "Create chat completion" and "The chat completion chunk object".
"""

from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from ninefold.systems.assistant.engines.errors import EngineBrokeOffError, EngineCannotContinueError
from ninefold.systems.assistant.engines.port import FinishReason, Generation, Piece
from ninefold.systems.assistant.model import PromptMessage, ToolCall, Usage

Dialect: TypeAlias = Literal["llamacpp", "vllm", "ollama", "openai", "other"]
"""Which server it is: how it continues an answer, and what it calls the limit of tokens."""

_FINISH_REASONS: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def encode_request(generation: Generation, dialect: Dialect) -> bytes:
    """Return the body of a request that streams an answer.

    Raises:
        EngineCannotContinueError: there is a prefix, and this kind of server can't continue one.
    """
    messages = [_encode_message(message) for message in generation.messages]
    body: dict[str, Any] = {
        "model": generation.model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
        _limit_name(dialect): generation.max_tokens - generation.tokens_so_far,
    }
    if generation.prefix:
        messages.append({"role": "assistant", "content": generation.prefix})
        body |= _continuing(dialect)
    if dialect == "llamacpp":
        body["timings_per_token"] = True
    optional = {
        "temperature": generation.temperature,
        "top_p": generation.top_p,
        "stop": generation.stop,
        "seed": generation.seed,
        "response_format": generation.response_format,
        "tools": generation.tools,
        "tool_choice": generation.tool_choice if generation.tools else None,
    }
    body |= {name: value for name, value in optional.items() if value is not None and value not in ((), [])}
    return msgspec.json.encode(body)


def _limit_name(dialect: Dialect) -> str:
    # Newer models of OpenAI refuse `max_tokens`, which the others know.
    return "max_completion_tokens" if dialect == "openai" else "max_tokens"


def _continuing(dialect: Dialect) -> dict[str, Any]:
    """Return what a request needs so that the server continues its last message instead of answering it."""
    if dialect in ("openai", "other"):
        raise EngineCannotContinueError(
            "This server can't continue an answer that has begun.",
            remedy="Ask again; the text so far is kept.",
        )
    if dialect == "vllm":
        return {"continue_final_message": True, "add_generation_prompt": False}
    # llama.cpp and Ollama always continue a last message of the assistant.
    return {}


def _encode_message(message: PromptMessage) -> dict[str, Any]:
    encoded: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.tool_call_id is not None:
        encoded["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        encoded["tool_calls"] = [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    return encoded


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _CallDelta(msgspec.Struct):
    index: int = 0
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: Sequence[_CallDelta] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Timings(msgspec.Struct):
    predicted_n: int = 0


class _Chunk(msgspec.Struct):
    choices: Sequence[_Choice] = ()
    usage: _Usage | None = None
    timings: _Timings | None = None
    error: Any = None


class _Call(msgspec.Struct):
    """A call whose parts are still arriving."""

    call_id: str = ""
    name: str = ""
    arguments: str = ""


_decode_chunk: Final = msgspec.json.Decoder(_Chunk).decode


class AnswerReader:
    """Turns the chunks of one answer into pieces.

    Args:
        generation: what was asked for.
    """

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._tokens = 0
        self._calls: dict[int, _Call] = {}
        self._finish_reason: FinishReason | None = None
        self._usage: _Usage | None = None

    def read(self, data: bytes) -> Piece | None:
        """Return what a chunk adds to the answer, if anything.

        Raises:
            EngineBrokeOffError: the chunk is an error, or none at all.
        """
        try:
            chunk = _decode_chunk(data)
        except msgspec.DecodeError as error:
            raise EngineBrokeOffError(f"The engine sent a chunk that can't be read: {error}") from error
        if chunk.error is not None:
            raise EngineBrokeOffError(f"The engine broke off: {words_of(chunk.error)}", remedy="Try again.")
        self._usage = chunk.usage or self._usage
        if not chunk.choices:
            return None
        choice = chunk.choices[0]
        if choice.finish_reason is not None:
            self._finish_reason = _FINISH_REASONS.get(choice.finish_reason, "stop")
        return self._read_delta(choice.delta or _Delta(), chunk.timings)

    def end(self) -> list[Piece]:
        """Return the last pieces: the calls, now that they are whole, and the end.

        Raises:
            EngineBrokeOffError: the answer isn't complete.
        """
        if self._finish_reason is None:
            raise EngineBrokeOffError("The engine ended in the middle of the answer.", remedy="Try again.")
        calls = [
            Piece(tool_call=ToolCall(call_id=call.call_id, name=call.name, arguments=call.arguments))
            for call in self._calls.values()
        ]
        reason = "tool_calls" if calls and self._finish_reason == "stop" else self._finish_reason
        usage, so_far = self._usage, self._generation.tokens_so_far
        # A server that combines tokens into one chunk says at its end how many there were.
        missing = max(usage.completion_tokens - self._tokens, 0) if usage else 0
        output_tokens = so_far + self._tokens + missing
        input_tokens = max(usage.prompt_tokens - so_far, 0) if usage else 0
        end = Piece(
            tokens=missing,
            finish_reason=reason,
            usage=Usage(input_tokens=input_tokens, output_tokens=output_tokens),
        )
        return [*calls, end]

    def _read_delta(self, delta: _Delta, timings: _Timings | None) -> Piece | None:
        for part in delta.tool_calls or ():
            self._add_to_call(part)
        text = delta.content or ""
        if not (text or delta.tool_calls or delta.reasoning_content):
            return None
        # Only llama.cpp says how many tokens a chunk has. Most servers send each in its own chunk.
        total = timings.predicted_n if timings else self._tokens + 1
        tokens, self._tokens = max(total - self._tokens, 0), max(total, self._tokens)
        return Piece(text=text, tokens=tokens)

    def _add_to_call(self, part: _CallDelta) -> None:
        call = self._calls.setdefault(part.index, _Call())
        call.call_id = call.call_id or part.id or ""
        if part.function is not None:
            call.name += part.function.name or ""
            call.arguments += part.function.arguments or ""


def words_of(error: object) -> str:
    """Return the message of an error object, in whatever form a server sends it."""
    if isinstance(error, dict):
        return words_of(error.get("message") or error.get("error") or error.get("detail") or "no reason given")
    return str(error)[:1000]
