from datetime import UTC, datetime

import pytest

from ninefold.core.errors import InvalidInputError
from ninefold.systems.messaging.model import SearchQuery
from ninefold.systems.messaging.rules.searches import find_highlights, mark_highlights, parse_query


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", SearchQuery(words="")),
        ("lunch  plans", SearchQuery(words="lunch plans")),
        ('"second draft" -old', SearchQuery(words='"second draft" -old')),
        ("from:@Ines lunch in:#Plans", SearchQuery(words="lunch", authors=("ines",), channels=("plans",))),
        ("from:ines from:tomas", SearchQuery(words="", authors=("ines", "tomas"))),
        ("has:file has:links is:thread", SearchQuery(words="", having=frozenset({"file", "link"}), is_in_thread=True)),
        ("before:2026-01-31", SearchQuery(words="", before=datetime(2026, 1, 31, tzinfo=UTC))),
        ("after:2026-01-31", SearchQuery(words="", not_before=datetime(2026, 2, 1, tzinfo=UTC))),
        (
            "on:2026-01-31",
            SearchQuery(
                words="", not_before=datetime(2026, 1, 31, tzinfo=UTC), before=datetime(2026, 2, 1, tzinfo=UTC)
            ),
        ),
        ("note:this http://x.org", SearchQuery(words="note:this http://x.org")),
    ],
)
def test_a_query_has_words_and_operators(text: str, query: SearchQuery) -> None:
    assert parse_query(text) == query


@pytest.mark.parametrize(
    "text", ["on:tomorrow", "before:2026-02-30", "has:cheese", "is:red", "x" * 501, "has:file " * 30]
)
def test_what_is_not_possible_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_query(text)

    assert caught.value.field == "q"


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("Lunch at noon", "lunch", "[Lunch] at noon"),
        ("Launch, lunch, lunches", "LUNCH", "Launch, [lunch], lunches"),
        ("the second draft", '"second draft"', "the [second] [draft]"),
        ("old lunch", "lunch -old", "old [lunch]"),
        ("🎉 grüße", "GRÜSSE grüße", "🎉 [grüße]"),
        ("nothing", "", "nothing"),
    ],
)
def test_highlights_are_the_words_of_the_query(text: str, words: str, marked: str) -> None:
    assert mark_highlights(text, find_highlights(text, words), start="[", end="]") == marked
