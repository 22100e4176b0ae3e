"""Open channels: their tail always has exactly what the log has after its beginning."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.live.batches import Batch
from ninefold.core.live.channels import OpenChannel
from ninefold.core.live.limits import TAIL_BYTES_MAX, TAIL_ENTRIES_MAX
from ninefold.core.live.model import Channel, Entry, Position


class Recorder:
    """A subscriber that records."""

    def __init__(self, *, reads_on: bool = False) -> None:
        self.reads_on = reads_on
        self.checks = 0
        self.offsets: list[int] = []
        self.has_lost_position = False

    def deliver(self, batch: Batch) -> None:
        self.offsets += [entry.offset for entry in batch.entries]

    def lose_position(self) -> None:
        self.has_lost_position = True

    def check_access(self) -> bool:
        self.checks += 1
        return self.reads_on

    def show_signal(self, signal: bytes) -> None:
        raise NotImplementedError

    def show_member(self, *, has_joined: bool, member: bytes) -> None:
        raise NotImplementedError


def open_channel(offset: int = 0) -> OpenChannel:
    return OpenChannel(Channel("a", {}), epoch="e", position=Position(offset=offset))


def entries(*offsets: int, size: int = 1) -> list[Entry]:
    return [Entry(offset, b"x" * size) for offset in offsets]


def test_when_an_entry_ends_access_all_who_have_to_show_theirs_get_nothing_after_it() -> None:
    channel = open_channel()
    client, follower = Recorder(), Recorder(reads_on=True)
    channel.subscribers.update([client, follower])

    channel.advance([Entry(1, b"x"), Entry(2, b"x", ends_access=True), Entry(3, b"x")])

    assert (client.offsets, client.checks) == ([1, 2], 1)
    assert (follower.offsets, follower.checks) == ([1, 2, 3], 1)
    assert (channel.offset, channel.access_ends) == (3, 1)


def test_all_subscribers_get_what_follows_and_the_same_encoded_form() -> None:
    channel = open_channel(5)
    recorders = [Recorder(), Recorder()]
    channel.subscribers.update(recorders)
    encodings = 0

    def encode(batch: Batch) -> bytes:
        nonlocal encodings
        encodings += 1
        return b",".join(entry.data for entry in batch.entries)

    batch = channel.batch(entries(6, 8))
    assert [batch.encoded_by(encode) for _ in range(3)] == [b"x,x"] * 3
    channel.advance(entries(6, 8))

    assert encodings == 1
    assert [recorder.offsets for recorder in recorders] == [[6, 8]] * 2
    assert channel.offset == 8


def test_a_lost_position_is_told_and_the_tail_is_forgotten() -> None:
    channel = open_channel()
    recorder = Recorder()
    channel.subscribers.add(recorder)
    channel.advance(entries(1, 2))
    channel.lose_position(Position(offset=9, offset_min=7))

    assert recorder.has_lost_position
    assert (channel.offset, channel.tail_after(2), channel.tail_after(9)) == (9, None, [])


def test_the_tail_is_bounded_by_entries_and_by_bytes() -> None:
    channel = open_channel()
    channel.advance(entries(*range(1, TAIL_ENTRIES_MAX + 11)))
    assert channel.tail_after(9) is None
    assert len(channel.tail_after(10) or ()) == TAIL_ENTRIES_MAX

    channel.advance(entries(1_000, size=TAIL_BYTES_MAX))
    assert channel.tail_after(999) == entries(1_000, size=TAIL_BYTES_MAX)
    assert channel.tail_after(TAIL_ENTRIES_MAX + 9) is None


LOG = list(range(2, 400, 2))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), st.integers(1, 40)),
        st.tuples(st.just("prepend"), st.integers(0, 400), st.integers(1, 64)),
    ),
    max_size=20,
)


@given(begin=st.sampled_from([0, *LOG[:150]]), steps=STEPS)
def test_the_tail_has_all_that_the_log_has_after_its_beginning(begin: int, steps: Sequence[tuple[Any, ...]]) -> None:
    channel = open_channel(begin)
    for kind, first, *rest in steps:
        if kind == "advance":
            following = [offset for offset in LOG if offset > channel.offset][:first]
            if following:
                channel.advance(entries(*following))
        else:
            found = [offset for offset in LOG if offset > first][: rest[0]]
            reached = found[-1] if len(found) == rest[0] else LOG[-1]
            channel.prepend(entries(*found), after=first, reached=reached)
        for after in (0, first, channel.offset - 2, channel.offset):
            tail = channel.tail_after(after)
            expected = [offset for offset in LOG if after < offset <= channel.offset]
            assert tail is None or [entry.offset for entry in tail] == expected
