import pytest

from ninefold.core.commands import parse_argument_id
from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import format_id, new_id


def test_a_valid_id_is_returned() -> None:
    key_id = new_id()

    assert key_id == parse_argument_id("key", format_id("key", key_id), shown_by="ninefold keys list")


@pytest.mark.parametrize(
    "text", ["", ".", "..", "key_", "key_../events", "sub_01h455vb4pex5vsknk084sn02q", "\udcff", "x" * 10_000]
)
def test_an_invalid_id_is_refused_with_the_command_that_shows_ids(text: str) -> None:
    with pytest.raises(InvalidInputError, match="isn't an id of the form key_") as caught:
        parse_argument_id("key", text, shown_by="ninefold keys list")

    assert caught.value.remedy == "`ninefold keys list` shows the ids."
    assert len(caught.value.detail) < 200
