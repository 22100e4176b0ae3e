"""The bodies of requests of git: pieces, gzip, limits."""

import gzip
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.tenancy.errors import CredentialInvalidError, CredentialMissingError
from ninefold.systems.workflows.errors import GitBodyTooLargeError, InvalidGitRequestError
from ninefold.systems.workflows.git.bodies import ClientGoneError, read_body
from ninefold.systems.workflows.git.callers import password_of


async def read(pieces: Sequence[bytes], *, is_compressed: bool = True, bytes_max: int = 1_000_000) -> bytes:
    messages: list[Any] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        return messages.pop(0)

    return b"".join([piece async for piece in read_body(receive, is_compressed=is_compressed, bytes_max=bytes_max)])


@given(content=st.binary(max_size=5_000), size=st.integers(min_value=1, max_value=700))
async def test_a_compressed_body_is_read_however_it_is_cut(content: bytes, size: int) -> None:
    packed = gzip.compress(content)

    pieces = [packed[start : start + size] for start in range(0, len(packed), size)]

    assert await read(pieces) == content


async def test_a_body_that_decompresses_to_too_much_is_refused_early() -> None:
    packed = gzip.compress(bytes(50_000_000))

    with pytest.raises(GitBodyTooLargeError):
        await read([packed])


async def test_a_plain_body_that_is_too_large_is_refused() -> None:
    with pytest.raises(GitBodyTooLargeError):
        await read([b"x" * 11], is_compressed=False, bytes_max=10)


@pytest.mark.parametrize(
    "body", [b"not gzip", gzip.compress(b"cut short", mtime=0)[:-3], b"", gzip.compress(b"a", mtime=0) + b"more"]
)
async def test_what_isnt_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidGitRequestError):
        await read([body[:5], body[5:]] if body.endswith(b"more") else [body])


async def test_a_client_that_goes_away_is_noticed() -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    with pytest.raises(ClientGoneError):
        [piece async for piece in read_body(receive, is_compressed=False, bytes_max=10)]


@pytest.mark.parametrize(
    ("header", "password"),
    [
        (b"Basic eDpzZWNyZXQ=", "secret"),
        (b"basic eDpzZTpjcmV0", "se:cret"),
        (b"Basic c2VjcmV0Og==", "secret"),
        (b"Bearer secret", "secret"),
    ],
)
def test_a_password_is_read(header: bytes, password: str) -> None:
    assert password_of(header) == password


@given(header=st.binary(max_size=60))
def test_any_header_is_a_password_or_an_error(header: bytes) -> None:
    try:
        assert isinstance(password_of(header), str)
    except (CredentialInvalidError, CredentialMissingError) as error:
        assert error.http_status == 401  # noqa: PT017 - either is right.
