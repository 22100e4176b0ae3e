"""The body of `POST /chat/completions`."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from ninefold.systems.assistant.openai.requests.chat_messages import ChatMessage, items_of
from ninefold.systems.assistant.openai.requests.fields import (
    ITEMS_MAX,
    TOOLS_MAX,
    Json,
    Metadata,
    ModelName,
    Name,
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
    JsonObjectFormat,
    JsonSchemaFormat,
    TextFormat,
    ToolMode,
    require_chosen_tool,
)
from ninefold.systems.assistant.openai.requests.items import require_calls


class ChatFunction(OpenAIRequest, frozen=True, kw_only=True):
    """A function, inside a tool."""

    name: Name
    description: str | None = None
    parameters: Json | None = None
    strict: bool | None = None


class ChatTool(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="function"):
    """A tool; functions are the only ones."""

    function: ChatFunction


class ChosenFunction(OpenAIRequest, frozen=True, kw_only=True):
    """The name of a function."""

    name: Name


class ChatToolChoice(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="function"):
    """The one function that the model must call."""

    function: ChosenFunction


class ChatTextFormat(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """Any text."""


class ChatJsonObjectFormat(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="json_object"):
    """Any JSON object."""


class NamedSchema(OpenAIRequest, frozen=True, kw_only=True):
    """A JSON schema with a name."""

    name: Name
    schema: Json = msgspec.field(default_factory=dict)
    description: str | None = None
    strict: bool | None = None


class ChatJsonSchemaFormat(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="json_schema"):
    """JSON that follows a schema."""

    json_schema: NamedSchema


ChatFormat: TypeAlias = ChatTextFormat | ChatJsonObjectFormat | ChatJsonSchemaFormat


class StreamOptions(OpenAIRequest, frozen=True, kw_only=True):
    """How a completion is streamed."""

    include_usage: bool = False


class CreateChatCompletion(OpenAIRequest, frozen=True, kw_only=True):
    """What the model reads, and how it answers."""

    model: ModelName
    messages: Annotated[list[ChatMessage], msgspec.Meta(min_length=1, max_length=ITEMS_MAX)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    stop: StopSequence | StopSequences | None = None
    seed: Seed | None = None
    response_format: ChatFormat | None = None
    tools: Annotated[list[ChatTool], msgspec.Meta(max_length=TOOLS_MAX)] | None = None
    tool_choice: ToolMode | ChatToolChoice | None = None
    parallel_tool_calls: bool | None = None
    metadata: Metadata | None = None

    n: Annotated[int, msgspec.Meta(ge=1)] | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    modalities: list[Literal["text", "audio"]] | None = None
    # Only whether they are given matters.
    functions: list[Any] | None = None
    function_call: Any = None

    @property
    def includes_usage(self) -> bool:
        """Whether a stream ends with a chunk that says how many tokens were used."""
        return self.stream_options is not None and self.stream_options.include_usage

    def common(self) -> CommonRequest:
        """Return the request in the common form. A completion isn't stored for later retrieval.

        Raises:
            UnsupportedParameterError: a parameter can't be supported.
            InvalidRequestError: parameters contradict each other.
        """
        refuse_unsupported([("n", self.n not in (None, 1))], remedy="Leave it out, and send one request per choice.")
        refuse_unsupported(self._unsupported())
        items = items_of(self.messages)
        require_calls(items, path="messages")
        tools = [_function(tool.function) for tool in self.tools or ()]
        choice = _choice(self.tool_choice)
        require_chosen_tool(choice, tools)
        return CommonRequest(
            model=self.model,
            items=items,
            max_output_tokens=self.max_completion_tokens or self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=[self.stop] if isinstance(self.stop, str) else self.stop or [],
            seed=self.seed,
            format=_format(self.response_format),
            tools=tools,
            tool_choice=choice,
            parallel_tool_calls=self.parallel_tool_calls is not False,
            metadata=self.metadata or {},
        )

    def _unsupported(self) -> Iterator[tuple[str, bool]]:
        yield "functions", bool(self.functions)
        yield "function_call", self.function_call is not None
        yield "frequency_penalty", bool(self.frequency_penalty)
        yield "presence_penalty", bool(self.presence_penalty)
        yield "logit_bias", bool(self.logit_bias)
        yield "logprobs", bool(self.logprobs)
        yield "top_logprobs", bool(self.top_logprobs)
        yield "modalities", "audio" in (self.modalities or ())


def _function(function: ChatFunction) -> Function:
    return Function(
        name=function.name,
        description=function.description,
        parameters=function.parameters,
        strict=function.strict,
    )


def _choice(choice: ToolMode | ChatToolChoice | None) -> ToolMode | FunctionChoice:
    match choice:
        case None:
            return "auto"
        case ChatToolChoice():
            return FunctionChoice(name=choice.function.name)
        case _:
            return choice


def _format(chat_format: ChatFormat | None) -> Format:
    match chat_format:
        case ChatJsonSchemaFormat(json_schema=named):
            return JsonSchemaFormat(
                name=named.name, schema=named.schema, description=named.description, strict=named.strict
            )
        case ChatJsonObjectFormat():
            return JsonObjectFormat()
        case _:
            return TextFormat()
