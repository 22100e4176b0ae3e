"""Patterns of channels."""

from unittest.mock import AsyncMock

import pytest

from ninefold.core.live.errors import ChannelNotFoundError
from ninefold.core.live.feeds import Feed, FeedMap


def feed(pattern: str) -> Feed:
    return Feed(pattern=pattern, may_read=AsyncMock(), read_positions=AsyncMock(), read_after=AsyncMock())


@pytest.mark.parametrize(
    ("name", "pattern", "parameters"),
    [
        ("chess.game:k3J-_9", "chess.game:{game_id}", {"game_id": "k3J-_9"}),
        ("run.step:a:7", "run.step:{run}:{step}", {"run": "a", "step": "7"}),
        ("status", "status", {}),
    ],
)
def test_a_channel_is_found_by_its_pattern(name: str, pattern: str, parameters: dict[str, str]) -> None:
    feeds = FeedMap([feed("chess.game:{game_id}"), feed("run.step:{run}:{step}"), feed("status")])

    found, channel = feeds.find(name)

    assert (found.pattern, channel.name, channel.parameters) == (pattern, name, parameters)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "chess.game:",
        "chess.game:a b",
        "chess.game:ä",
        "chess.game:a:b",
        "xchess.game:a",
        "chessXgame:a",
        "chess.game:a\n",
        "chess.game:" + "x" * 101,
        "chess.game:" + "x" * 300,
    ],
)
def test_a_name_that_fits_no_pattern_is_refused(name: str) -> None:
    with pytest.raises(ChannelNotFoundError):
        FeedMap([feed("chess.game:{game_id}")]).find(name)


@pytest.mark.parametrize("patterns", [("a:{x}", "a:{y}"), ("a:{x}", "a:b"), ("{x}", "a"), ("a:{x}:{y}", "a:b:{z}")])
def test_two_feeds_whose_names_could_be_the_same_are_refused(patterns: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="names in common"):
        FeedMap([feed(pattern) for pattern in patterns])
