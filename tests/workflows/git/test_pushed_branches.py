"""Which branches a push may have, however its body is cut into pieces."""

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.workflows.errors import BranchRefusedError
from ninefold.systems.workflows.git.pushed_branches import check_branches

OLD, NEW, NONE = b"1" * 40, b"2" * 40, b"0" * 40


def packet(content: bytes) -> bytes:
    return f"{len(content) + 4:04x}".encode() + content


def command(ref: bytes, *, new: bytes = NEW) -> bytes:
    return packet(OLD + b" " + new + b" " + ref)


async def pieces_of(body: bytes, cuts: Sequence[int]) -> AsyncIterator[bytes]:
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    for start, end in pairwise(places):
        yield body[start:end]


@given(st.lists(st.integers(0, 400), max_size=10))
@pytest.mark.parametrize(
    "body",
    [
        command(b"refs/heads/main\0 report-status") + b"0000PACK refs/heads/-x",
        command(b"refs/heads/-gone", new=NONE) + b"0000",
        packet(b"shallow " + OLD) + command(b"refs/tags/-v1") + b"0000",
        command(b"refs/heads/a/-b") + b"0000" + command(b"refs/heads/-x"),
        b"no packets at all",
        b"",
    ],
)
async def test_other_pushes_pass_as_they_are(body: bytes, cuts: list[int]) -> None:
    assert body == b"".join([piece async for piece in check_branches(pieces_of(body, cuts))])


@given(st.lists(st.integers(0, 400), max_size=10))
@pytest.mark.parametrize(
    "body",
    [
        command(b"refs/heads/-x\0 report-status") + b"0000PACK",
        command(b"refs/heads/main\0 report-status") + command(b"refs/heads/--help") + b"0000PACK",
    ],
)
async def test_the_piece_with_such_a_branch_does_not_pass(body: bytes, cuts: list[int]) -> None:
    passed: list[bytes] = []

    async def pass_on() -> None:
        async for piece in check_branches(pieces_of(body, cuts)):
            passed.append(piece)  # noqa: PERF401 - what passed before the refusal is what matters.

    with pytest.raises(BranchRefusedError):
        await pass_on()
    assert b"0000PACK" not in b"".join(passed)
