"""The body of `POST /responses`."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from ninefold.systems.assistant.openai.errors import InvalidRequestError
from ninefold.systems.assistant.openai.requests.fields import (
    ITEMS_MAX,
    TOOLS_MAX,
    Json,
    Metadata,
    ModelName,
    OpenAIRequest,
    Seed,
    StopSequence,
    StopSequences,
    Temperature,
    Tokens,
    TopP,
    refuse_unsupported,
)
from ninefold.systems.assistant.openai.requests.generating import (
    CommonRequest,
    Format,
    Function,
    FunctionChoice,
    TextFormat,
    ToolMode,
    require_chosen_tool,
)
from ninefold.systems.assistant.openai.requests.items import read_items, require_calls


class TextConfig(OpenAIRequest, frozen=True, kw_only=True):
    """The form of the text."""

    format: Format = TextFormat()


class CreateResponse(OpenAIRequest, frozen=True, kw_only=True):
    """What the model reads, and how it answers. `stop` and `seed` are those of chat completions."""

    model: ModelName
    input: str | Annotated[list[Json], msgspec.Meta(min_length=1, max_length=ITEMS_MAX)]
    instructions: str | None = None
    previous_response_id: str | None = None
    stream: bool | None = None
    background: bool | None = None
    store: bool | None = None
    max_output_tokens: Tokens | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    stop: StopSequence | StopSequences | None = None
    seed: Seed | None = None
    text: TextConfig | None = None
    tools: Annotated[list[Function], msgspec.Meta(max_length=TOOLS_MAX)] | None = None
    tool_choice: ToolMode | FunctionChoice | None = None
    parallel_tool_calls: bool | None = None
    metadata: Metadata | None = None

    truncation: Literal["auto", "disabled"] | None = None
    top_logprobs: int | None = None
    # Only whether they are given matters.
    conversation: Any = None
    prompt: Any = None

    @property
    def is_stored(self) -> bool:
        """Whether the response can be retrieved later; it can, unless the client says otherwise."""
        return self.store is not False

    def common(self) -> CommonRequest:
        """Return the request in the common form.

        Raises:
            InvalidInputError: an item has the wrong form; names the field.
            UnsupportedParameterError: a parameter can't be supported.
            InvalidRequestError: parameters contradict each other.
        """
        refuse_unsupported(self._unsupported())
        if self.background and not self.is_stored:
            raise InvalidRequestError(
                "background needs store.", field="background", remedy="Leave out store, or set it to true."
            )
        items = read_items(self.input)
        if self.previous_response_id is None:
            require_calls(items, path="input")
        tools, choice = self.tools or [], self.tool_choice or "auto"
        require_chosen_tool(choice, tools)
        return CommonRequest(
            model=self.model,
            items=items,
            instructions=self.instructions,
            previous_response_id=self.previous_response_id,
            max_output_tokens=self.max_output_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=[self.stop] if isinstance(self.stop, str) else self.stop or [],
            seed=self.seed,
            format=self.text.format if self.text else TextFormat(),
            tools=tools,
            tool_choice=choice,
            parallel_tool_calls=self.parallel_tool_calls is not False,
            metadata=self.metadata or {},
            is_stored=self.is_stored,
            is_background=bool(self.background),
        )

    def _unsupported(self) -> Iterator[tuple[str, bool]]:
        yield "conversation", self.conversation is not None
        yield "prompt", self.prompt is not None
        yield "truncation", self.truncation == "auto"
        yield "top_logprobs", bool(self.top_logprobs)
