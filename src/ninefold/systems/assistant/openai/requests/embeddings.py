"""The body of `POST /embeddings`."""

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from ninefold.systems.assistant.openai.errors import InvalidRequestError
from ninefold.systems.assistant.openai.requests.fields import ModelName, OpenAIRequest, refuse_unsupported

TEXTS_MAX: Final = 2_048
TEXT_CHARACTERS_MAX: Final = 100_000

_Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_CHARACTERS_MAX)]


class CreateEmbeddings(OpenAIRequest, frozen=True, kw_only=True):
    """The texts, and how their vectors are written."""

    model: ModelName
    # Arrays of tokens are accepted here only to be refused with the reason.
    input: _Text | Annotated[list[Any], msgspec.Meta(min_length=1, max_length=TEXTS_MAX)]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, msgspec.Meta(ge=1)] | None = None

    def texts(self) -> list[str]:
        """Return the texts.

        Raises:
            UnsupportedParameterError: the vectors should be shorter than the model's, or the input has tokens.
            InvalidRequestError: a text is empty or too long.
        """
        refuse_unsupported([("dimensions", self.dimensions is not None)])
        texts = [self.input] if isinstance(self.input, str) else self.input
        refuse_unsupported(
            [("input", any(isinstance(text, (int, list)) for text in texts))], remedy="Send texts instead of tokens."
        )
        for index, text in enumerate(texts):
            if not isinstance(text, str) or not 0 < len(text) <= TEXT_CHARACTERS_MAX:
                raise InvalidRequestError(
                    f"input[{index}] must be a string of 1 to {TEXT_CHARACTERS_MAX:,} characters.",
                    field=f"input[{index}]",
                )
        return texts
