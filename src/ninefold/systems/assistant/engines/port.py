"""What every engine does: lists its models, writes answers piece by piece, and embeds texts.

An engine keeps nothing about answers: the caller has the text so far, and can have any answer continued, by the same
engine after its restart or by another one.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from typing import ClassVar, Literal, TypeAlias

import msgspec

from ninefold.systems.assistant.model import JsonObject, PromptMessage, ToolCall, Usage

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]
"""Why an answer has ended, in the words of the Chat Completions API."""


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A model that an engine has."""

    model: str
    """The name by which it is asked for, such as `smollm2-135m-instruct`."""
    kind: Literal["chat", "embedding"] = "chat"
    owned_by: str = "ninefold"
    context_tokens: int | None = None
    """How many tokens prompt and answer may have together; None if the engine doesn't say."""


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an engine can answer now."""

    is_ready: bool
    detail: str
    """For people: what it waits for, such as `starting the model`."""


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to be written, or to be continued."""

    model: str
    messages: Sequence[PromptMessage]
    prefix: str = ""
    """What the assistant has said already; generation continues exactly after its last character."""
    tokens_so_far: int = 0
    """How many tokens the prefix has, as the pieces counted them. They are part of `max_tokens`."""
    max_tokens: int
    """Of the whole answer, with its prefix."""
    temperature: float | None = None
    """None: the model's default."""
    top_p: float | None = None
    stop: Sequence[str] = ()
    """The answer ends before the first of these texts, which isn't part of it."""
    seed: int | None = None
    """With the same seed, the same engine writes the same answer to the same request, if it isn't interrupted."""
    response_format: JsonObject | None = None
    """As in the Chat Completions API: `{"type": "json_schema", "json_schema": {"schema": …}}`; None for free text."""
    tools: Sequence[JsonObject] = ()
    """Functions, as in the Chat Completions API."""
    tool_choice: JsonObject | str | None = None


class Piece(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an engine has written since the last piece.

    The last piece of an answer, and no other, has a `finish_reason` and the `usage`.
    """

    text: str = ""
    tool_call: ToolCall | None = None
    """A function that is to be called; always whole, so that a log never has a part of a call."""
    tokens: int = 0
    """How many tokens this piece cost. It can have tokens without text: of a call that isn't whole yet, of the first
    bytes of a character, or of what could become a stop sequence."""
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    """Of the whole answer: the tokens of the prefix count as output."""


class Embeddings(msgspec.Struct, frozen=True, kw_only=True):
    """The vectors of some texts."""

    model: str
    vectors: Sequence[Sequence[float]]
    """One for each text, in the same order, of length 1."""
    input_tokens: int


class Engine(ABC):
    """Writes answers and embeds texts. It belongs to the event loop in which it is used first.

    `aclose` frees what it holds in this process; generations that still run then end with an error.
    """

    name: ClassVar[str]
    """As in `NINEFOLD_ASSISTANT_ENGINE`."""

    @abstractmethod
    async def readiness(self) -> Readiness:
        """Say whether it can answer now. It never raises."""

    @abstractmethod
    async def models(self) -> Sequence[ModelInfo]:
        """Return the models that it has.

        Raises:
            EngineUnavailableError: it can't be asked.
        """

    @abstractmethod
    def generate(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        """Write an answer; the pieces' texts joined to the prefix are the answer so far.

        Closing the generator (`aclose`, or cancelling the task that waits for it) frees the engine's slot at once. Use
        `contextlib.aclosing`.

        Raises:
            EngineUnavailableError: nothing was generated, since the engine can't be reached.
            EngineOverloadedError: nothing was generated, since the engine has no capacity at the moment.
            EngineRefusedError: nothing was generated, and another attempt would fail as well.
            EngineBrokeOffError: the engine ended after it had begun.
            EngineCannotContinueError: there is a prefix, and this engine can't continue one.
        """

    @abstractmethod
    async def embed(self, model: str, texts: Sequence[str]) -> Embeddings:
        """Return the vectors of some texts.

        Raises:
            EngineUnavailableError: it can't be reached.
            EngineOverloadedError: it has no capacity at the moment.
            EngineRefusedError: it has no such model, or a text is too long.
        """

    async def aclose(self) -> None:  # noqa: B027 - most engines hold nothing.
        """Free what it holds in this process, such as connections."""

    async def is_ready(self) -> bool:
        """Return whether it can answer now."""
        return (await self.readiness()).is_ready
