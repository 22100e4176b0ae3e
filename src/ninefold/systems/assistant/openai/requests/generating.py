"""The common form of what clients ask for, in either API: what the model reads, and how it answers."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from ninefold.systems.assistant.openai.errors import InvalidRequestError
from ninefold.systems.assistant.openai.requests.fields import Json, Name
from ninefold.systems.assistant.openai.requests.items import Item

ToolMode: TypeAlias = Literal["none", "auto", "required"]


class Function(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="function"):
    """A function that the model can ask to call; the client calls it."""

    name: Name
    description: str | None = None
    parameters: Json | None = None
    """A JSON schema; None if it has no parameters."""
    strict: bool | None = None
    """Whether the arguments must follow the schema exactly."""


class FunctionChoice(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="function"):
    """The one function that the model must call."""

    name: Name


class TextFormat(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """Any text."""


class JsonObjectFormat(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="json_object"):
    """Any JSON object."""


class JsonSchemaFormat(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="json_schema"):
    """JSON that follows a schema."""

    name: Name
    schema: Json
    description: str | None = None
    strict: bool | None = None


Format: TypeAlias = TextFormat | JsonObjectFormat | JsonSchemaFormat


class CommonRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for, whichever API it uses."""

    model: str
    items: list[Item]
    instructions: str | None = None
    previous_response_id: str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: list[str] = msgspec.field(default_factory=list)
    seed: int | None = None
    format: Format = TextFormat()
    tools: list[Function] = msgspec.field(default_factory=list)
    tool_choice: ToolMode | FunctionChoice = "auto"
    parallel_tool_calls: bool = True
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    is_stored: bool = False
    """Whether the client can retrieve the response later."""
    is_background: bool = False
    """Whether the client doesn't wait for the response."""


def require_chosen_tool(choice: ToolMode | FunctionChoice, tools: Sequence[Function]) -> None:
    """Check that the function that must be called is one of the tools.

    Raises:
        InvalidRequestError: there are no tools, or it isn't among them.
    """
    if isinstance(choice, FunctionChoice) and choice.name not in {tool.name for tool in tools}:
        raise InvalidRequestError(
            f"tool_choice names the function {choice.name!r}, which isn't in tools.",
            field="tool_choice",
            remedy="Add it to tools, or choose another.",
        )
    if choice == "required" and not tools:
        raise InvalidRequestError(
            "tool_choice is required, but there are no tools.",
            field="tool_choice",
            remedy="Add tools, or leave it out.",
        )
