from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.messaging.rules.search_parts import conditions_of, parts_of

ORGANISATION = UUID("01930000-0000-7000-8000-000000000001")
ORDINALS = st.integers(1, 2**26)


@given(ORDINALS, ORDINALS)
def test_the_parts_are_everything_from_the_last_back_to_the_first(first: int, last: int) -> None:
    parts = parts_of(ORGANISATION, first=first, last=last)

    assert [part.last for part in parts] == [last, *[part.first - 1 for part in parts[:-1]]][: len(parts)]
    assert (parts[-1].first == first) if first <= last else not parts


@given(ORDINALS)
def test_the_terms_of_a_part_are_those_of_the_blocks_of_its_messages(last: int) -> None:
    for part, bits in zip(parts_of(ORGANISATION, first=1, last=last), (10, 14, 18, 22, 26), strict=False):
        for ordinal in (part.first, part.last):
            assert f"' {bits} 000000000001 {ordinal >> bits}'" in part.terms


def test_more_than_the_largest_blocks_is_left_for_the_next_search() -> None:
    last = 2**40
    parts = parts_of(ORGANISATION, first=1, last=last)

    assert 2**26 <= last - parts[-1].first <= 2**28


def test_conditions_are_all_needed_and_their_alternatives_are_not() -> None:
    authors = [UUID(int=2), UUID(int=1)]

    assert conditions_of(authors=authors, channels=None, marks=["file"]) == [
        "' file'",
        "(' from 000000000001' | ' from 000000000002')",
    ]
