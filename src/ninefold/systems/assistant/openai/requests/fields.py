"""The types and limits that several requests share."""

from collections.abc import Iterable
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from ninefold.systems.assistant.openai.errors import UnsupportedParameterError

REQUEST_BYTES_MAX: Final = 4 * 1024 * 1024
"""The body of a request. A model with a context of 128,000 tokens reads about 500 KB."""

ITEMS_MAX: Final = 1_000
"""Messages, calls and outputs of one request."""

PARTS_MAX: Final = 200
"""Parts of one message."""

TOOLS_MAX: Final = 128
STOP_SEQUENCES_MAX: Final = 4
METADATA_PAIRS_MAX: Final = 16

OUTPUT_TOKENS_MAX: Final = 1_000_000
"""The largest `max_tokens` that is read as a number; the model's own limit is smaller."""

NAME_PATTERN: Final = r"^[a-zA-Z0-9_-]{1,64}$"

Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]
"""The name of a function or of a schema."""

ModelName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
CallId: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Temperature: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=2)]
TopP: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Tokens: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=OUTPUT_TOKENS_MAX)]
Seed: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
StopSequence: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
StopSequences: TypeAlias = Annotated[list[StopSequence], msgspec.Meta(max_length=STOP_SEQUENCES_MAX)]
Metadata: TypeAlias = Annotated[
    dict[Annotated[str, msgspec.Meta(max_length=64)], Annotated[str, msgspec.Meta(max_length=512)]],
    msgspec.Meta(max_length=METADATA_PAIRS_MAX),
]

# JSON of any form, such as a JSON schema: only the engine understands it.
Json: TypeAlias = dict[str, Any]


class OpenAIRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Base class of what clients send; fields that a class doesn't define are ignored."""


def refuse_unsupported(given: Iterable[tuple[str, bool]], *, remedy: str = "Leave it out.") -> None:
    """Refuse parameters that would change the response in a way that this server can't.

    Args:
        given: the names of parameters, each with whether the request uses it.
        remedy: what to do instead.

    Raises:
        UnsupportedParameterError: a parameter is used; names the first one.
    """
    for name, is_used in given:
        if is_used:
            raise UnsupportedParameterError(f"{name} isn't supported by this server.", field=name, remedy=remedy)
