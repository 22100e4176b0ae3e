"""Pagination: cursors are opaque, checked, and valid for one list only."""

import string
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.web.errors import InvalidCursorError
from ninefold.core.web.pagination import Page, PagedList

ROW_ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
ROWS = PagedList("rows", tuple[int, UUID])
CURSOR = ROWS.encode((7, ROW_ID))


@given(st.integers(min_value=-(2**62), max_value=2**62), st.uuids())
def test_a_cursor_is_decoded_to_its_position(number: int, row_id: UUID) -> None:
    assert ROWS.decode(ROWS.encode((number, row_id))) == (number, row_id)


def test_without_a_cursor_the_first_page_is_read() -> None:
    assert ROWS.query(None, 20).position is None


@pytest.mark.parametrize(("count", "items", "last"), [(0, "", None), (3, "012", None), (4, "012", 2)])
def test_a_page_has_a_cursor_only_if_there_is_a_next_page(count: int, items: str, last: int | None) -> None:
    numbers = PagedList("numbers", int)
    query = numbers.query(None, 3)

    page = query.page(range(count), position_of=int, show=str)

    assert query.rows_max == 4
    assert page == Page(items=list(items), next_cursor=None if last is None else numbers.encode(last))


@pytest.mark.parametrize(("count", "next_position"), [(0, 9), (2, 9), (4, 2)])
def test_a_page_of_a_search_that_stopped_early_continues_there(count: int, next_position: int) -> None:
    numbers = PagedList("numbers", int)

    page = numbers.query(None, 3).page(range(count), position_of=int, show=str, stopped_at=9)

    assert page.next_cursor == numbers.encode(next_position)


def test_a_cursor_needs_no_escaping_in_a_url() -> None:
    assert set(CURSOR) <= set(string.ascii_letters + string.digits + "-_")


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursorError) as raised:
        ROWS.decode(text)

    assert raised.value.field == "cursor"


@pytest.mark.parametrize("index", range(len(CURSOR) - 1))
def test_a_cursor_with_a_changed_character_is_refused(index: int) -> None:
    other = "A" if CURSOR[index] != "A" else "B"

    with pytest.raises(InvalidCursorError):
        ROWS.decode(CURSOR[:index] + other + CURSOR[index + 1 :])


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidCursorError):
        PagedList("others", tuple[int, UUID]).decode(CURSOR)


def test_a_very_long_cursor_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(InvalidCursorError):
        ROWS.decode("A" * 1_000_000)


async def test_the_cursor_returns_the_next_page(client: httpx.AsyncClient) -> None:
    first = (await client.get("/api/v1/notes", params={"limit": 2})).json()
    second = (await client.get("/api/v1/notes", params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [item["note_id"] for item in first["items"]] == ["0", "1"]
    assert [item["note_id"] for item in second["items"]] == ["2", "3"]


async def test_an_invalid_cursor_gets_422(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/notes", params={"cursor": "x"})

    assert response.status_code == 422
    assert response.json()["field"] == "cursor"


@pytest.mark.parametrize(("query", "limit"), [({}, 20), ({"limit": 1}, 1), ({"limit": 100}, 100)])
async def test_a_page_has_20_items_by_default(client: httpx.AsyncClient, query: dict[str, int], limit: int) -> None:
    response = await client.get("/api/v1/notes", params=query)

    assert len(response.json()["items"]) == limit
