import pytest

from ninefold.systems.assistant.rules.titles import like_pattern, title_of


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("How long is the refund window?", "How long is the refund window?"),
        ("\n\n  First   line  \nSecond line", "First line"),
        ("word " * 30, f"{'word ' * 11}word…"[:-5].rstrip() + "…"),
        ("x" * 100, "x" * 59 + "…"),
        ("", ""),
    ],
)
def test_a_title_is_the_first_line(text: str, title: str) -> None:
    assert title_of(text) == title
    assert len(title) <= 60


def test_a_pattern_matches_its_text_literally() -> None:
    assert like_pattern("50%_\\") == "%50\\%\\_\\\\%"
