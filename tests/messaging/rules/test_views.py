"""What a view must have, and how it is said what is wrong with one."""

from typing import Any

import pytest

from ninefold.systems.messaging.errors import InvalidViewError
from ninefold.systems.messaging.rules.views import check_view

TITLE = {"type": "plain_text", "text": "Deploy"}
INPUT = {"type": "input", "label": TITLE, "element": {"type": "plain_text_input"}}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"blocks": [{"type": "section"}]}, "/view/blocks/0"),
        ({"blocks": [{"type": "video"}]}, "/view/blocks/0/type"),
        ({"blocks": [INPUT]}, "/view"),
        ({"blocks": None}, "/view"),
        ({"title": {"type": "plain_text", "text": "T" * 25}}, "/view/title"),
        ({"title": None}, "/view/title"),
        ({"close": {"type": "mrkdwn", "text": "Close"}}, "/view/close"),
        ({"callback_id": "x" * 256}, "/view/callback_id"),
        ({"type": "home"}, "/view/type"),
    ],
)
def test_a_view_that_cant_be_shown_is_refused_with_the_place(fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidViewError) as caught:
        check_view({"type": "modal", "title": TITLE, "blocks": [], **fields}, kind="modal")

    assert caught.value.pointer == pointer


def test_elements_get_the_ids_that_they_lack() -> None:
    view = check_view({"type": "modal", "title": TITLE, "submit": TITLE, "blocks": [INPUT, INPUT]}, kind="modal")

    ids = [(block["block_id"], block["element"]["action_id"]) for block in view["blocks"]]
    assert ids == [("b0", "a0"), ("b1", "a1")]
