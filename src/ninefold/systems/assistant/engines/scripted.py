"""An engine for tests and benchmarks: its answers, and its faults, follow from the request and a seed.

It writes answers of any length at any speed, without a model. The same request always gets the same answer, and a
continued one gets exactly the rest. A `Script` says how it behaves: for all answers or, if the last message of the user
is such as `script: {"token_count": 20, "break_off_after": 5}`, for one.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from typing import ClassVar, Final

import msgspec

from ninefold.systems.assistant.engines.errors import (
    EngineBrokeOffError,
    EngineOverloadedError,
    EngineRefusedError,
    EngineUnavailableError,
)
from ninefold.systems.assistant.engines.port import Embeddings, Engine, Generation, ModelInfo, Piece, Readiness
from ninefold.systems.assistant.engines.scripted_answers import Answer, answer_to, key_of, vector_of
from ninefold.systems.assistant.model import PromptMessage, Usage
from ninefold.systems.assistant.settings import SCRIPTED_EMBEDDING_MODEL, SCRIPTED_MODEL

MODEL: Final = SCRIPTED_MODEL
EMBEDDING_MODEL: Final = SCRIPTED_EMBEDDING_MODEL
DIMENSIONS: Final = 32
DIRECTIVE: Final = "script: "


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the scripted engine answers.

    A fault after N tokens doesn't happen to a generation that begins there, so an answer that is continued after it
    gets further.
    """

    seed: int = 0
    token_count: int = 40
    """How long an answer is, unless the request allows less."""
    first_token_delay_s: float = 0.0
    delay_s: float = 0.0
    """Before each further token."""
    stall_after: int | None = None
    """After so many tokens, nothing comes for `stall_s`; 0 is a fault before the first token."""
    stall_s: float = 3600.0
    break_off_after: int | None = None
    """After so many tokens, the engine breaks off."""
    fault_count: int = 1
    """How often one request meets each fault that comes before the first token; a refusal always happens."""
    is_unavailable: bool = False
    overloaded_retry_after_s: int | None = None
    """The engine is overloaded, and says when to try again."""
    refuses: str | None = None
    """The words with which each request is refused."""
    calls_tools: bool = False
    """Whether the first tool is called if the request leaves that to the model."""


class ScriptedEngine(Engine):
    """Answers by a script.

    Args:
        script: for requests without a script of their own.
    """

    name: ClassVar[str] = "scripted"

    def __init__(self, script: Script | None = None) -> None:
        self.active_count = 0
        """How many answers are being written at this moment."""
        self._script = script or Script()
        self._requests: Counter[str] = Counter()

    async def readiness(self) -> Readiness:
        """Say that it is ready, which it always is."""
        return Readiness(is_ready=True, detail="answers by a script")

    async def models(self) -> Sequence[ModelInfo]:
        """Return one model of each kind."""
        return (ModelInfo(model=MODEL), ModelInfo(model=EMBEDDING_MODEL, kind="embedding"))

    async def generate(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        """Write the answer of the script; see `Engine.generate`."""
        script = _script_of(generation.messages) or self._script
        is_first = self._is_first(generation, script)
        self._raise_fault(generation, script, is_first=is_first)
        answer = answer_to(generation, seed=script.seed, token_count=script.token_count, calls_tools=script.calls_tools)
        begin = answer.count_tokens_of(generation.prefix)
        self.active_count += 1
        try:
            if begin == script.stall_after == 0 and is_first:
                await asyncio.sleep(script.stall_s)
            for index in range(begin, len(answer.tokens)):
                await _wait_before(index, begin, script)
                yield Piece(text=answer.tokens[index], tokens=1)
        finally:
            self.active_count -= 1
        if answer.tool_call is not None:
            yield Piece(tool_call=answer.tool_call, tokens=answer.tool_call_tokens)
        yield Piece(finish_reason=answer.finish_reason, usage=_usage_of(generation, answer))

    async def embed(self, model: str, texts: Sequence[str]) -> Embeddings:
        """Return vectors that depend on the texts alone."""
        if model != EMBEDDING_MODEL:
            raise EngineRefusedError(f"There is no embedding model {model!r}.", field="model")
        return Embeddings(
            model=model,
            vectors=[vector_of(text, dimensions=DIMENSIONS) for text in texts],
            input_tokens=sum(len(text.split()) for text in texts),
        )

    def _raise_fault(self, generation: Generation, script: Script, *, is_first: bool) -> None:
        if generation.model != MODEL:
            raise EngineRefusedError(f"There is no model {generation.model!r}.", field="model")
        if script.refuses is not None:
            raise EngineRefusedError(script.refuses)
        if script.is_unavailable and is_first:
            raise EngineUnavailableError("The script is unavailable.", remedy="Try again.")
        if script.overloaded_retry_after_s is not None and is_first:
            raise EngineOverloadedError("The script is overloaded.", retry_after_s=script.overloaded_retry_after_s)

    def _is_first(self, generation: Generation, script: Script) -> bool:
        """Count a request; return whether it is still one of the first, which meet faults."""
        key = key_of(generation)
        self._requests[key] += 1
        return self._requests[key] <= script.fault_count


async def _wait_before(index: int, begin: int, script: Script) -> None:
    is_first = index == begin
    await asyncio.sleep(script.first_token_delay_s if is_first else script.delay_s)
    if is_first:
        return
    if index == script.stall_after:
        await asyncio.sleep(script.stall_s)
    if index == script.break_off_after:
        raise EngineBrokeOffError(f"The script breaks off after {index} tokens.")


def _script_of(messages: Sequence[PromptMessage]) -> Script | None:
    last = next((message.text for message in reversed(messages) if message.role == "user"), "")
    if not last.startswith(DIRECTIVE):
        return None
    try:
        return msgspec.json.decode(last.removeprefix(DIRECTIVE), type=Script)
    except msgspec.DecodeError as error:
        raise EngineRefusedError(f"This isn't a script: {error}") from error


def _usage_of(generation: Generation, answer: Answer) -> Usage:
    return Usage(
        input_tokens=sum(len(message.text.split()) for message in generation.messages),
        output_tokens=len(answer.tokens) + answer.tool_call_tokens,
    )
