from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.callbacks.rules.header_lines import join_headers, split_headers

NAMES = st.from_regex(rb"[!#$%&'*+.^_`|~0-9a-z-]+", fullmatch=True)
VALUES = st.binary().map(lambda value: value.replace(b"\r", b"").replace(b"\n", b""))


@given(st.lists(st.tuples(NAMES, VALUES)))
def test_headers_come_back_as_they_were(headers: list[tuple[bytes, bytes]]) -> None:
    assert split_headers(join_headers(headers)) == tuple(headers)
