"""The buffer between log lines and standard error."""

import os
import select
import threading
from collections.abc import Iterator

import pytest

from ninefold.core.telemetry.buffer import LogBuffer

TIMEOUT_S = 5.0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


def read_available(reader: int, *, timeout_s: float = 0) -> bytes:
    readable, _, _ = select.select([reader], [], [], timeout_s)
    return os.read(reader, 1_000_000) if readable else b""


def test_a_line_waits_until_it_is_flushed(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    buffer = LogBuffer(writer, flush_interval_s=TIMEOUT_S)

    buffer.write(b"one\n", is_urgent=False)
    before = read_available(reader)
    buffer.flush()

    assert before == b""
    assert read_available(reader) == b"one\n"


def test_an_urgent_line_is_written_immediately_after_earlier_lines(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    buffer = LogBuffer(writer, flush_interval_s=TIMEOUT_S)

    buffer.write(b"one\n", is_urgent=False)
    buffer.write(b"two\n", is_urgent=True)

    assert read_available(reader) == b"one\ntwo\n"


def test_a_full_buffer_is_flushed_by_the_writer(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    buffer = LogBuffer(writer, flush_interval_s=TIMEOUT_S, size_max=10)

    buffer.write(b"12345\n", is_urgent=False)
    before = read_available(reader)
    buffer.write(b"67890\n", is_urgent=False)

    assert before == b""
    assert read_available(reader) == b"12345\n67890\n"


def test_a_line_is_written_after_the_interval(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    buffer = LogBuffer(writer, flush_interval_s=0.01)

    buffer.write(b"one\n", is_urgent=False)
    first = read_available(reader, timeout_s=TIMEOUT_S)
    buffer.write(b"two\n", is_urgent=False)

    assert first == b"one\n"
    assert read_available(reader, timeout_s=TIMEOUT_S) == b"two\n"


def test_closing_flushes_the_buffer_and_later_lines_are_written_immediately(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    buffer = LogBuffer(writer, flush_interval_s=TIMEOUT_S)

    buffer.write(b"one\n", is_urgent=False)
    buffer.close()
    buffer.write(b"two\n", is_urgent=False)

    assert read_available(reader) == b"one\ntwo\n"


def test_writing_waits_for_a_descriptor_that_is_not_ready(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.set_blocking(writer, False)
    content = b"x" * 1_000_000
    received = bytearray()

    def read_all() -> None:
        while len(received) < len(content):
            received.extend(read_available(reader, timeout_s=TIMEOUT_S))

    thread = threading.Thread(target=read_all)
    thread.start()
    LogBuffer(writer).write(content, is_urgent=True)
    thread.join(TIMEOUT_S)

    assert bytes(received) == content


def test_a_lost_reader_does_not_stop_the_writer() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    buffer = LogBuffer(writer)

    buffer.write(b"one\n", is_urgent=True)
    buffer.write(b"two\n", is_urgent=True)

    os.close(writer)


def test_lines_of_several_threads_are_not_mixed(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    buffer = LogBuffer(writer, flush_interval_s=0.001)
    lines = {f"thread {thread} line {number}\n" for thread in range(8) for number in range(100)}

    def write(thread: int) -> None:
        for number in range(100):
            buffer.write(f"thread {thread} line {number}\n".encode(), is_urgent=number % 10 == 0)

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S)
    buffer.close()

    assert set(read_available(reader).decode().splitlines(keepends=True)) == lines


def test_a_forked_child_does_not_write_the_lines_of_its_parent_again(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    buffer = LogBuffer(writer, flush_interval_s=TIMEOUT_S)
    buffer.write(b"parent\n", is_urgent=False)
    buffer._start_empty()

    buffer.write(b"child\n", is_urgent=True)

    assert read_available(reader) == b"child\n"
