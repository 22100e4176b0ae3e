from collections.abc import AsyncIterator

import pytest

from ninefold.systems.assistant.engines.compatible import raise_for_status
from ninefold.systems.assistant.engines.errors import EngineContextError, EngineRefusedError


class Refusal:
    """A reply with status 400."""

    status = 400

    def __init__(self, message: str) -> None:
        self._body = f'{{"error": {{"message": "{message}"}}}}'.encode()

    def header(self, name: str) -> str | None:
        del name
        return None

    async def body(self) -> AsyncIterator[bytes]:
        yield self._body


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("the request exceeds the available context size, try increasing it", EngineContextError),
        ("This model's maximum context length is 8192 tokens.", EngineContextError),
        ("the schema is invalid", EngineRefusedError),
    ],
)
async def test_a_prompt_that_is_too_long_has_an_error_of_its_own(message: str, kind: type[EngineRefusedError]) -> None:
    with pytest.raises(EngineRefusedError, match=message[:20]) as raised:
        await raise_for_status(Refusal(message))
    assert type(raised.value) is kind
