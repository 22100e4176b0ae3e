"""The answers of the scripted engine: pure functions of a request and a seed."""

import hashlib
import math
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from ninefold.systems.assistant.engines.errors import EngineRefusedError
from ninefold.systems.assistant.engines.port import FinishReason, Generation
from ninefold.systems.assistant.model import JsonObject, ToolCall

_TEXT: Final = "the answer is here and then a queue of rows goes on in order it can été naïve 日本語 🙂 `code` **bold**"
_WORDS: Final = _TEXT.split()
_ENDS: Final = (" ", " ", " ", " ", ", ", ". ", ":\n", "\n\n- ")
_JSON_TOKEN: Final = re.compile(r".{1,4}", re.DOTALL)
_JSON_DEPTH_MAX: Final = 8


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer to a request, before any of it is sent."""

    tokens: Sequence[str]
    finish_reason: FinishReason
    tool_call: ToolCall | None = None

    @property
    def tool_call_tokens(self) -> int:
        """How many tokens the call costs."""
        return math.ceil(len(self.tool_call.arguments) / 4) if self.tool_call else 0

    def count_tokens_of(self, prefix: str) -> int:
        """Return how many tokens the prefix has.

        Raises:
            EngineRefusedError: the prefix isn't the beginning of this answer.
        """
        length = 0
        for index, token in enumerate((*self.tokens, "")):
            if length == len(prefix) and "".join(self.tokens[:index]) == prefix:
                return index
            length += len(token)
        raise EngineRefusedError("The prefix isn't the beginning of this script's answer.", field="prefix")


def answer_to(generation: Generation, *, seed: int, token_count: int, calls_tools: bool) -> Answer:
    """Return the answer to a request, with everything that limits it: `stop`, `max_tokens`, format and tools.

    Args:
        generation: the request; its prefix has no influence.
        seed: of the script, together with the request's own.
        token_count: how many tokens a free text has.
        calls_tools: whether the first tool is called if the request leaves that to the model.
    """
    dice = random.Random(f"{seed} {generation.seed} {key_of(generation)}")  # noqa: S311 - nothing secret.
    if function := _called_function(generation, calls_tools=calls_tools):
        arguments = msgspec.json.encode(_value_for(function.get("parameters", {}), dice)).decode()
        call = ToolCall(call_id=f"call_{dice.getrandbits(64):016x}", name=function["name"], arguments=arguments)
        return Answer(tokens=(), finish_reason="tool_calls", tool_call=call)
    if generation.response_format is None:
        tokens = list(_free_text(token_count, dice))
    else:
        tokens = _json_text(generation.response_format, dice)
    tokens = _before_stop(tokens, generation.stop)
    if len(tokens) > generation.max_tokens:
        return Answer(tokens=tokens[: generation.max_tokens], finish_reason="length")
    return Answer(tokens=tokens, finish_reason="stop")


def key_of(generation: Generation) -> str:
    """Return what distinguishes a request from others, whatever of it was answered already."""
    return hashlib.sha256(msgspec.json.encode(generation.messages)).hexdigest()[:16]


def vector_of(text: str, *, dimensions: int) -> Sequence[float]:
    """Return a vector of length 1 that depends on the text alone."""
    dice = random.Random(text)  # noqa: S311 - nothing secret.
    numbers = [dice.gauss(0, 1) for _ in range(dimensions)]
    length = math.hypot(*numbers)
    return [number / length for number in numbers]


def _called_function(generation: Generation, *, calls_tools: bool) -> dict[str, Any] | None:
    functions = {tool["function"]["name"]: tool["function"] for tool in generation.tools}
    choice = generation.tool_choice
    if not functions or choice == "none":
        return None
    if isinstance(choice, str) or choice is None:
        is_called = choice == "required" or calls_tools
        return next(iter(functions.values())) if is_called else None
    name = choice["function"]["name"]
    if name not in functions:
        raise EngineRefusedError(f"There is no tool {name!r}.", field="tool_choice")
    function: dict[str, Any] = functions[name]
    return function


def _free_text(token_count: int, dice: random.Random) -> Iterator[str]:
    for _ in range(token_count):
        yield dice.choice(_WORDS) + dice.choice(_ENDS)


def _json_text(response_format: JsonObject, dice: random.Random) -> list[str]:
    schema = response_format.get("json_schema", {}).get("schema", {"type": "object"})
    return _JSON_TOKEN.findall(msgspec.json.encode(_value_for(schema, dice)).decode())


def _value_for(schema: JsonObject, dice: random.Random, depth: int = 0) -> Any:
    """Return a value that the schema allows, for schemas without references and patterns."""
    if depth > _JSON_DEPTH_MAX:
        raise EngineRefusedError("The JSON schema is too deep.", field="response_format")
    for choices in ("enum", "anyOf", "oneOf"):
        if choices in schema:
            chosen = dice.choice(schema[choices])
            return chosen if choices == "enum" else _value_for(chosen, dice, depth + 1)
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type", "string")
    if kind == "object":
        return {name: _value_for(of, dice, depth + 1) for name, of in schema.get("properties", {}).items()}
    if kind == "array":
        return [_value_for(schema.get("items", {}), dice, depth + 1) for _ in range(schema.get("minItems", 2))]
    scalars = {
        "integer": schema.get("minimum", 0) + dice.randrange(10),
        "number": schema.get("minimum", 0) + dice.random(),
        "boolean": dice.choice((True, False)),
        "null": None,
    }
    return scalars[kind] if kind in scalars else dice.choice(_WORDS)


def _before_stop(tokens: list[str], stop: Sequence[str]) -> list[str]:
    """Return the tokens before the first of the stop sequences; the last one can be cut."""
    text = "".join(tokens)
    end = min((found for each in stop if (found := text.find(each)) >= 0), default=len(text))
    kept: list[str] = []
    for token in tokens:
        if end <= 0:
            break
        kept.append(token[:end])
        end -= len(token)
    return kept
