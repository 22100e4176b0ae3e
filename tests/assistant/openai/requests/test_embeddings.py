from typing import Any

import msgspec
import pytest

from ninefold.core.errors import InvalidInputError
from ninefold.core.web.bodies import JsonDecoder
from ninefold.systems.assistant.openai.errors import describe_error
from ninefold.systems.assistant.openai.requests.embeddings import TEXT_CHARACTERS_MAX, TEXTS_MAX, CreateEmbeddings


def texts(given: Any, **fields: Any) -> list[str]:
    body = {"model": "small", "input": given, **fields}
    return JsonDecoder(CreateEmbeddings).decode(msgspec.json.encode(body)).texts()


def test_one_text_or_several() -> None:
    assert (texts("a"), texts(["a", "b"], encoding_format="base64")) == (["a"], ["a", "b"])


@pytest.mark.parametrize(
    ("given", "fields", "param", "code"),
    [
        ("", {}, "input", "invalid_value"),
        ([], {}, "input", "invalid_value"),
        (["a"] * (TEXTS_MAX + 1), {}, "input", "invalid_value"),
        (["a", ""], {}, "input[1]", "invalid_value"),
        (["a" * (TEXT_CHARACTERS_MAX + 1)], {}, "input[0]", "invalid_value"),
        ([{}], {}, "input[0]", "invalid_value"),
        ([1, 2], {}, "input", "unsupported_parameter"),
        ([[1, 2]], {}, "input", "unsupported_parameter"),
        ("a", {"dimensions": 8}, "dimensions", "unsupported_parameter"),
        ("a", {"encoding_format": "hex"}, "encoding_format", "invalid_value"),
    ],
)
def test_errors_name_the_parameter(given: Any, fields: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        texts(given, **fields)
    shown = describe_error(raised.value)
    assert (shown.param, shown.code) == (param, code)
