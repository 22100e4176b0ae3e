import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.commands.tables import GAP_WIDTH, WORD_WIDTH_MAX, fit_columns

ID = "dlv_01h455vb4pex5vsknk084sn02q"
TIME = "2026-01-02T03:04:05Z"
ERROR = "The receiver answered 500, and said nothing else that would help."


@pytest.mark.parametrize(
    ("columns", "width_max", "expected"),
    [
        ([["id", ID], ["at", TIME]], 80, [30, 20]),
        ([["id", ID], ["at", TIME]], 52, [30, 20]),
        ([["id", ID], ["at", TIME]], 51, None),
        ([["id", ID], ["error", ERROR]], 120, [30, len(ERROR)]),
        ([["id", ID], ["error", ERROR]], 80, [30, 48]),
        ([["id", ID], ["error", ERROR]], 40, [30, 8]),
        ([["id", ID], ["error", ERROR]], 39, None),
        ([["state", "↻ retrying"], ["took", "999.9 ms"]], 20, [10, 8]),
        ([["state", "↻ retrying"], ["took", "999.9 ms"]], 19, None),
        ([["url", "x" * 500], ["name", "一二三"]], 40, [32, 6]),
        ([["url", "x" * 500], ["name", "一二三"]], 60, [52, 6]),
        ([["a", "word " * 20], ["b", "word " * 5]], 60, [33, 25]),
        ([["a", "two\nlines of words, and the second is the longer one"]], 40, [40]),
        ([["only"]], 80, [4]),
    ],
)
def test_text_wraps_between_words_and_ids_are_not_broken(
    columns: list[list[str]], width_max: int, expected: list[int] | None
) -> None:
    assert expected == fit_columns(columns, width_max=width_max)


@pytest.mark.parametrize(("width_max", "expected"), [(106, [4, 100]), (105, None), (200, [4, 100])])
def test_long_words_of_some_columns_are_not_broken(width_max: int, expected: list[int] | None) -> None:
    assert fit_columns([["name"], ["url", "x" * 100]], width_max=width_max, whole=[1]) == expected


@given(st.lists(st.lists(st.text("ab ", max_size=60), min_size=1), min_size=1, max_size=6), st.integers(1, 120))
def test_columns_stay_within_the_width_and_break_no_short_word(columns: list[list[str]], width_max: int) -> None:
    widths = fit_columns(columns, width_max=width_max)

    if widths is None:
        return
    assert sum(widths) + GAP_WIDTH * (len(widths) - 1) <= width_max
    for column, width in zip(columns, widths, strict=True):
        words = [word for text in column for word in text.split()]
        assert all(len(word) <= width for word in words if len(word) <= WORD_WIDTH_MAX)
