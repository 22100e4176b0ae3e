"""The messages between the process that runs a job and the one outside: msgpack, each after its length in 4 bytes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

import msgspec

from ninefold.systems.workflows.execution.order import JobOrder
from ninefold.systems.workflows.execution.report import (
    Annotation,
    JobResult,
    LogLine,
    StepInfo,
    StepResult,
)

FRAME_BYTES_MAX: Final = 16 * 1024 * 1024
"""Of a message from inside: the largest is the result with all outputs."""

ORDER_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of the order, which comes from outside."""

LENGTH_BYTES: Final = 4


class InsideRelay(msgspec.Struct, frozen=True):
    """A port on the loopback interface inside, and the socket that its connections go to."""

    port: int
    socket: str


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """The first message to the inside."""

    order: JobOrder
    relays: Sequence[InsideRelay]
    open_files: int
    file_bytes: int


class StepStarted(msgspec.Struct, frozen=True, tag="started"):
    """A step has begun."""

    step: StepInfo
    at: datetime


class StepEnded(msgspec.Struct, frozen=True, tag="ended"):
    """A step has ended."""

    result: StepResult


class Line(msgspec.Struct, frozen=True, tag="line"):
    """A line of a log."""

    line: LogLine


class Annotated(msgspec.Struct, frozen=True, tag="annotation"):
    """A message about a file, or about the run."""

    annotation: Annotation


class Summary(msgspec.Struct, frozen=True, tag="summary"):
    """What a step has written into its summary."""

    step: StepInfo
    markdown: str


class Ended(msgspec.Struct, frozen=True, tag="result"):
    """The last message from the inside."""

    result: JobResult


Frame: TypeAlias = StepStarted | StepEnded | Line | Annotated | Summary | Ended
"""A message from the inside."""

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
_setup_decoder = msgspec.msgpack.Decoder(Setup)


def encode(message: Frame | Setup) -> bytes:
    """Return a message with its length."""
    content = _encoder.encode(message)
    return len(content).to_bytes(LENGTH_BYTES, "big") + content


def decode(content: bytes) -> Frame:
    """Return a message from the inside.

    Raises:
        msgspec.DecodeError: it isn't one.
    """
    return _decoder.decode(content)


def decode_setup(content: bytes) -> Setup:
    """Return the first message to the inside."""
    return _setup_decoder.decode(content)
