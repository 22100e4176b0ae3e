"""What is held of git's output until a push is recorded."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.workflows.git.packets import HeldReport


def packet(content: bytes) -> bytes:
    return f"{len(content) + 4:04x}".encode() + content


PROGRESS = packet(b"\x02Resolving deltas\r")
REPORT = packet(b"\x01unpack ok\n")


def test_progress_is_shown_at_once_and_the_report_is_held() -> None:
    held = HeldReport()

    shown = held.take(PROGRESS + packet(b"\x01") + REPORT + b"0000")

    assert shown == PROGRESS + b"0005\x01"
    assert held.rest() == REPORT + b"0000"


def test_what_follows_a_held_packet_is_held_too() -> None:
    held = HeldReport()

    assert held.take(REPORT + PROGRESS) == b""
    assert held.rest() == REPORT + PROGRESS


def test_without_packets_everything_is_held() -> None:
    held = HeldReport()

    assert held.take(b"fatal: no packets") == b""
    assert held.take(PROGRESS) == b""
    assert held.rest() == b"fatal: no packets" + PROGRESS


PACKETS = st.lists(
    st.one_of(
        st.sampled_from([b"0000", b"0001", PROGRESS, REPORT]),
        st.binary(max_size=40).map(packet),
        st.binary(max_size=10),
    ),
    max_size=12,
).map(b"".join)


@given(output=PACKETS, cuts=st.lists(st.integers(min_value=0, max_value=500), max_size=8))
def test_nothing_is_lost_or_reordered_wherever_the_output_is_cut(output: bytes, cuts: list[int]) -> None:
    held, whole = HeldReport(), HeldReport()
    positions = [0, *sorted(min(cut, len(output)) for cut in cuts), len(output)]

    shown = b"".join(held.take(output[start:end]) for start, end in pairwise(positions))

    assert shown == whole.take(output)
    assert shown + held.rest() == output
