"""The WebVTT file that says which small picture is at which time (as players for thumbnails expect it)."""

from collections.abc import Iterator, Sequence

from ninefold.systems.video.packaging.timeline import Sheet


def sprites_track(sheets: Sequence[Sheet]) -> str:
    """Return the file. Its addresses are relative to it."""
    return "\n".join(["WEBVTT", "", *(line for sheet in sheets for line in _cues(sheet))])


def _cues(sheet: Sheet) -> Iterator[str]:
    for index in range(sheet.pictures):
        row, column = divmod(index, sheet.columns)
        start_us = sheet.start_us + index * sheet.interval_us
        yield f"{_clock(start_us)} --> {_clock(start_us + sheet.interval_us)}"
        place = f"{column * sheet.width},{row * sheet.height},{sheet.width},{sheet.height}"
        yield f"sprites/{sheet.number}.jpg#xywh={place}"
        yield ""


def _clock(microseconds: int) -> str:
    milliseconds = microseconds // 1_000
    seconds, milliseconds = divmod(milliseconds, 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"
