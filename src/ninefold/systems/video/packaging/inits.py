"""Initialization segments: what a player has to know of a track before its first segment."""

import struct
from typing import Final

import msgspec

from ninefold.systems.video.packaging.boxes import BoxError, boxes_in, find_box, write_box
from ninefold.systems.video.packaging.fragments import SampleDefaults

BRANDS: Final = write_box(b"ftyp", b"iso6", struct.pack(">I", 0), b"iso6", b"cmfc", b"mp41")
"""The beginning of each initialization segment."""

_VISUAL_ENTRY_BYTES: Final = 78
_AUDIO_ENTRY_BYTES: Final = 28


class Init(msgspec.Struct, frozen=True, kw_only=True):
    """An initialization segment."""

    data: bytes
    """As players get it."""
    timescale: int
    """Ticks a second."""
    codecs: str
    """Of RFC 6381, such as `avc1.64001e`."""
    defaults: SampleDefaults


def read_init(moov: bytes) -> Init:
    """Read the box `moov` of what an encoder has written; it has one track.

    Raises:
        BoxError: it is malformed, or the codec isn't one of ours.
    """
    try:
        track = find_box(moov, b"trak", b"mdia")
        timescale = _timescale(find_box(track, b"mdhd"))
        descriptions = find_box(track, b"minf", b"stbl", b"stsd")
        # The number of the track, that of its description, and the defaults of its samples.
        _, _, duration, size, flags = struct.unpack_from(">5I", find_box(moov, b"mvex", b"trex"), 4)
        codecs = _codecs(descriptions[8:])
    except (struct.error, IndexError) as error:
        raise BoxError("a box of the initialization segment is too short") from error
    # What a player doesn't need would make equal ones differ.
    kept = [write_box(box.kind, box.payload) for box in boxes_in(moov) if box.kind != b"udta"]
    return Init(
        data=BRANDS + write_box(b"moov", *kept),
        timescale=timescale,
        codecs=codecs,
        defaults=SampleDefaults(duration=duration, size=size, flags=flags),
    )


def _timescale(mdhd: bytes) -> int:
    (timescale,) = struct.unpack_from(">I", mdhd, 20 if mdhd[0] else 12)
    if timescale == 0:
        raise BoxError("the track has no ticks")
    return int(timescale)


def _codecs(descriptions: bytes) -> str:
    for box in boxes_in(descriptions):
        if box.kind == b"avc1":
            configuration = find_box(box.payload[_VISUAL_ENTRY_BYTES:], b"avcC")
            return f"avc1.{configuration[1]:02x}{configuration[2]:02x}{configuration[3]:02x}"
        if box.kind == b"mp4a":
            # AAC with low complexity is all that is encoded here.
            find_box(box.payload[_AUDIO_ENTRY_BYTES:], b"esds")
            return "mp4a.40.2"
    raise BoxError("the track has no codec of ours")
