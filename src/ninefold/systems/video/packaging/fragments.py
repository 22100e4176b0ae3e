"""Fragments of MP4: what an encoder has written is read as samples, and written again with times that leave no gap.

An encoder counts each chunk from zero, knows nothing of what follows its last picture, and decides when each picture is
decoded. Here, a segment begins and ends exactly where the timeline says: the n-th picture in the order of decoding is
decoded when the n-th picture is shown, and the last one is shown until the segment ends. So the decoding times of a
rung have no gap and no overlap, to the tick, whatever encoded it. The differences to the times of presentation can be
negative (ISO/IEC 14496-12, section 8.8.8, version 1), as in CMAF.
"""

import itertools
import struct
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from ninefold.systems.video.packaging.boxes import BoxError, boxes_in, find_box, write_box

SAMPLES_MAX: Final = 1_000_000
"""In a fragment."""

_BASE_IS_MOOF: Final = 0x020000
_NON_SYNC: Final = 0x00010000
_DEPENDS_ON_OTHERS: Final = 0x01000000
_DEPENDS_ON_NONE: Final = 0x02000000


class SampleDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """What goes for samples that say nothing else; from `trex`."""

    duration: int
    size: int
    flags: int


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A picture, or a frame of sound."""

    time: int
    """When it is presented, in ticks."""
    duration: int
    is_key: bool
    data: bytes


def read_fragment(moof: bytes, mdat: bytes, defaults: SampleDefaults) -> list[Sample]:
    """Return the samples of a fragment with one track, in the order in which they are decoded.

    Raises:
        BoxError: it is malformed, or has something that no encoder of ours writes.
    """
    try:
        traf = find_box(moof, b"traf")
        defaults = _track_defaults(find_box(traf, b"tfhd"), defaults)
        time = _decode_time(find_box(traf, b"tfdt"))
        samples: list[Sample] = []
        at = 0
        for box in boxes_in(traf):
            if box.kind == b"trun":
                for duration, size, flags, offset in _run(box.payload, defaults):
                    if at + size > len(mdat):
                        raise BoxError("a sample ends after the fragment")
                    data = mdat[at : at + size]
                    is_key = not flags & _NON_SYNC
                    samples.append(Sample(time=time + offset, duration=duration, is_key=is_key, data=data))
                    at += size
                    time += duration
    except struct.error as error:
        raise BoxError("a box of a fragment is too short") from error
    if at != len(mdat):
        raise BoxError("the fragment has bytes that belong to no sample")
    return samples


def write_segment(sequence: int, samples: Sequence[Sample], *, start: int, end: int) -> bytes:
    """Return a segment that lasts from `start` to `end`, in ticks of its track.

    Args:
        sequence: its number.
        samples: at least one, in the order in which they are decoded; their times are within the segment.
        start: where it begins. A first sample that is later keeps its time of presentation.
        end: where the next one begins; it is later than all samples.

    Raises:
        BoxError: the samples aren't within the segment.
    """
    decoded_at = [start, *sorted(sample.time for sample in samples)[1:]]
    durations = [after - before for before, after in itertools.pairwise([*decoded_at, end])]
    if min(durations) < 0:
        raise BoxError("samples aren't within their segment")
    entries = b"".join(
        struct.pack(
            ">IIIi",
            duration,
            len(sample.data),
            _DEPENDS_ON_NONE if sample.is_key else _DEPENDS_ON_OTHERS | _NON_SYNC,
            sample.time - time,
        )
        for sample, time, duration in zip(samples, decoded_at, durations, strict=True)
    )
    moof = _moof(sequence, start, entries, count=len(samples), data_offset=0)
    # The data begins behind the header of the box `mdat`.
    moof = _moof(sequence, start, entries, count=len(samples), data_offset=len(moof) + 8)
    return moof + write_box(b"mdat", *(sample.data for sample in samples))


def _moof(sequence: int, start: int, entries: bytes, *, count: int, data_offset: int) -> bytes:
    # Durations, sizes, flags and composition offsets of each sample, and where the data begins.
    run = struct.pack(">IIi", 0x01000F01, count, data_offset)
    return write_box(
        b"moof",
        write_box(b"mfhd", struct.pack(">II", 0, sequence)),
        write_box(
            b"traf",
            write_box(b"tfhd", struct.pack(">II", _BASE_IS_MOOF, 1)),
            write_box(b"tfdt", struct.pack(">IQ", 0x01000000, start)),
            write_box(b"trun", run, entries),
        ),
    )


def _track_defaults(tfhd: bytes, defaults: SampleDefaults) -> SampleDefaults:
    flags, _ = struct.unpack_from(">II", tfhd)
    fields = {0x1: 8, 0x2: 4, 0x8: 4, 0x10: 4, 0x20: 4}
    found: dict[int, int] = {}
    at = 8
    for bit, size in fields.items():
        if flags & bit:
            (found[bit],) = struct.unpack_from(">Q" if size == 8 else ">I", tfhd, at)  # noqa: PLR2004 - bytes of a field.
            at += size
    return SampleDefaults(
        duration=found.get(0x8, defaults.duration),
        size=found.get(0x10, defaults.size),
        flags=found.get(0x20, defaults.flags),
    )


def _decode_time(tfdt: bytes) -> int:
    (version,) = struct.unpack_from(">B", tfdt)
    (time,) = struct.unpack_from(">Q" if version else ">I", tfdt, 4)
    return int(time)


def _run(trun: bytes, defaults: SampleDefaults) -> Iterator[tuple[int, int, int, int]]:
    """Yield duration, size, flags and composition offset of each sample."""
    word, count = struct.unpack_from(">II", trun)
    version, flags = word >> 24, word & 0xFFFFFF
    if count > SAMPLES_MAX:
        raise BoxError(f"a fragment has {count:,} samples")
    at = 8 + 4 * bool(flags & 0x1)
    first_flags = None
    if flags & 0x4:
        (first_flags,) = struct.unpack_from(">I", trun, at)
        at += 4
    for index in range(count):
        values = [defaults.duration, defaults.size, defaults.flags, 0]
        for position, bit in enumerate((0x100, 0x200, 0x400, 0x800)):
            if flags & bit:
                is_signed = bit == 0x800 and version > 0  # noqa: PLR2004 - a bit of the flags.
                (values[position],) = struct.unpack_from(">i" if is_signed else ">I", trun, at)
                at += 4
        if index == 0 and first_flags is not None:
            values[2] = first_flags
        yield values[0], values[1], values[2], values[3]
