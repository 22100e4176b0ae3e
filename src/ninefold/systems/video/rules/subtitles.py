"""Reads subtitles: WebVTT as it is, and SubRip (SRT) converted to WebVTT.

WebVTT: W3C, "WebVTT: The Web Video Text Tracks Format". SubRip has no standard: what players accept is accepted here.
"""

import re
from typing import Final

from ninefold.systems.video.errors import InvalidSubtitleError

HEADER: Final = "WEBVTT"

CUES_MAX: Final = 20_000

LANGUAGE_LENGTH_MAX: Final = 35
"""As RFC 5646 §4.4.1 recommends."""

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")

_TIMES: Final = re.compile(
    r"\s*(?:(?P<sh>\d{1,3}):)?(?P<sm>\d{1,2}):(?P<ss>\d{1,2})[,.](?P<sms>\d{1,3})\s*-->\s*"
    r"(?:(?P<eh>\d{1,3}):)?(?P<em>\d{1,2}):(?P<es>\d{1,2})[,.](?P<ems>\d{1,3})(?P<rest>[ \t].*)?\s*"
)
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>")
_KEPT_TAG: Final = re.compile(r"</?[ibu]>", re.IGNORECASE)
_OVERRIDE: Final = re.compile(r"\{\\[^{}]*\}")
_MINUTES: Final = 60
_FIELD: Final = "subtitles"


def check_language(language: str) -> None:
    """Check the tag of a language.

    Raises:
        InvalidSubtitleError: it isn't one.
    """
    if len(language) > LANGUAGE_LENGTH_MAX or not _LANGUAGE.fullmatch(language):
        raise InvalidSubtitleError(
            f"{language[:40]!r} isn't the tag of a language.", field="language", remedy="Use one such as en or pt-BR."
        )


def to_webvtt(content: bytes) -> str:
    """Return subtitles as WebVTT, whichever of the two formats they have.

    Raises:
        InvalidSubtitleError: they aren't UTF-8, have neither format, or no cue.
    """
    text = _decode(content)
    is_webvtt = text.startswith(HEADER) and text[len(HEADER) : len(HEADER) + 1] in {"", " ", "\t", "\n"}
    blocks = [block for block in re.split(r"\n{2,}", text) if block.strip()]
    cues = [block for block in blocks if "-->" in block]
    if not cues:
        raise _invalid("They have no cue")
    if len(cues) > CUES_MAX:
        raise _invalid(f"They have more than {CUES_MAX:,} cues")
    if is_webvtt:
        for cue in cues:
            _check_cue(cue)
        return text.rstrip("\n") + "\n"
    return "\n\n".join([HEADER, *[_converted(cue) for cue in cues]]) + "\n"


def _decode(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _invalid(f"They aren't UTF-8: the byte at {error.start} isn't") from error
    if "\0" in text:
        raise _invalid("They have a NUL")
    # A lone carriage return ends a line too (WebVTT §4.1).
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")


def _check_cue(block: str) -> None:
    line = _times_line(block)
    found = _TIMES.fullmatch(line)
    if found is None:
        raise _invalid(f"The times {line.strip()[:80]!r} can't be read")
    _times_of(found)


def _converted(block: str) -> str:
    """Return a cue of SubRip as one of WebVTT: without its number, with other times, and without its markup."""
    line = _times_line(block)
    found = _TIMES.fullmatch(line)
    if found is None:
        raise _invalid(f"The times {line.strip()[:80]!r} can't be read")
    start, end = _times_of(found)
    lines = block.split("\n")
    text = "\n".join(_converted_line(each) for each in lines[lines.index(line) + 1 :])
    return f"{_shown(start)} --> {_shown(end)}\n{text}".rstrip("\n")


def _times_line(block: str) -> str:
    return next(line for line in block.split("\n") if "-->" in line)


def _times_of(found: re.Match[str]) -> tuple[int, int]:
    start, end = _milliseconds(found, "s"), _milliseconds(found, "e")
    if end < start:
        raise _invalid(f"A cue ends before it begins: {found[0].strip()[:80]!r}")
    return start, end


def _milliseconds(found: re.Match[str], which: str) -> int:
    hours, minutes, seconds = int(found[f"{which}h"] or 0), int(found[f"{which}m"]), int(found[f"{which}s"])
    if minutes >= _MINUTES or seconds >= _MINUTES:
        raise _invalid(f"The times {found[0].strip()[:80]!r} can't be read")
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000 + int(found[f"{which}ms"].ljust(3, "0"))


def _shown(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{rest:03}"


def _converted_line(line: str) -> str:
    """Return a line without the markup that WebVTT doesn't know, and with what it would take for markup escaped."""
    line = _OVERRIDE.sub("", line)
    parts, at = [], 0
    for tag in _TAG.finditer(line):
        parts += [_escaped(line[at : tag.start()]), tag[0].lower() if _KEPT_TAG.fullmatch(tag[0]) else ""]
        at = tag.end()
    return "".join([*parts, _escaped(line[at:])])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _invalid(what: str) -> InvalidSubtitleError:
    return InvalidSubtitleError(
        f"{what}.", field=_FIELD, remedy="Send WebVTT or SubRip (.srt) in UTF-8, with times such as 00:01:02,500."
    )
