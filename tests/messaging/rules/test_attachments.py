"""What attachments become."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.messaging.rules.attachments import blocks_of, fallback_of, read_attachments
from ninefold.systems.messaging.rules.blocks import find_problem


def texts_of(value: Any) -> list[str]:
    """Return every text in blocks, in their order."""
    if isinstance(value, dict):
        return [value["text"]] if isinstance(value.get("text"), str) else texts_of(list(value.values()))
    return [text for item in value for text in texts_of(item)] if isinstance(value, list) else []


def test_an_alert_says_all_that_its_attachment_said() -> None:
    attachments = read_attachments(
        [
            {
                "color": "danger",
                "pretext": "Firing",
                "author_name": "Prometheus",
                "title": "Disk full",
                "title_link": "https://example.com/alerts/7",
                "text": "92 % of /data",
                "fields": [{"title": "Host", "value": "db1", "short": True}, {"title": "Since", "value": 7}],
                "image_url": "https://example.com/chart.png",
                "footer": "eu-1",
                "ts": 1764237600,
            }
        ]
    )

    blocks = blocks_of(attachments, text="Look:")

    assert find_problem(blocks) is None
    assert texts_of(blocks) == [
        "Look:",
        "Firing",
        "Prometheus",
        "*<https://example.com/alerts/7|Disk full>*\n92 % of /data",
        "*Host*\ndb1",
        "*Since*\n7",
        "eu-1",
    ]
    assert [block["alt_text"] for block in blocks if block["type"] == "image"] == ["Disk full"]
    assert fallback_of(attachments) == "Disk full"


def test_blocks_of_attachments_stay_as_they_are() -> None:
    assert blocks_of(read_attachments([{"color": "good", "blocks": [{"type": "divider"}]}]), text="") == [
        {"type": "divider"}
    ]


@pytest.mark.parametrize(
    "attachments", [["text"], [{"text": 1}], [{"actions": [{"type": "button"}]}], [{"fields": "none"}], [{}] * 101]
)
def test_others_are_refused(attachments: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_attachments(attachments)


TEXTS = st.none() | st.text(max_size=10) | st.text(alphabet="ab", min_size=2_990, max_size=7_000)


@given(st.fixed_dictionaries(dict.fromkeys(("pretext", "title", "text", "footer", "author_name"), TEXTS)))
def test_blocks_are_as_block_kit_says_however_long_the_texts_are(attachment: dict[str, Any]) -> None:
    assert find_problem(blocks_of(read_attachments([attachment]), text=attachment["text"] or "")) is None
