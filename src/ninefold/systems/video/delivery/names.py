"""The names of what players load, below the token and the title."""

import re
from typing import Final, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["segment", "init", "sheet", "poster", "subtitles", "manifest"]

_NUMBER: Final = r"(?:0|[1-9][0-9]{0,6})"
_RUNG: Final = r"[0-9A-Za-z]{1,16}"
_LANGUAGE: Final = r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}"

_PATTERN: Final = re.compile(
    rf"(?P<rung>{_RUNG})/(?:(?P<segment>{_NUMBER})\.m4s|(?P<init>init\.mp4)|(?P<playlist>(?:index|growing)\.m3u8))"
    rf"|sprites/(?P<sheet>{_NUMBER})\.jpg"
    rf"|subtitles/(?P<language>{_LANGUAGE})\.(?P<text>vtt|m3u8)"
    r"|(?P<poster>poster\.jpg)"
    r"|(?P<whole>master\.m3u8|manifest\.mpd|growing\.mpd|sprites\.vtt)",
    re.ASCII,
)

_KINDS: Final[dict[str, Kind]] = {"segment": "segment", "init": "init", "sheet": "sheet", "poster": "poster"}
"""Of the groups of the pattern that say it all."""


class FileName(msgspec.Struct, frozen=True):
    """What a name means."""

    kind: Kind
    rung: str = ""
    """Or the language, of subtitles."""
    number: int = 0


def parse_name(name: str) -> FileName | None:
    """Return what a name means; None if no title has such a file. Each file has one name only."""
    match = _PATTERN.fullmatch(name)
    if match is None:
        return None
    named = match["rung"] or match["language"] or ""
    number = int(match["segment"] or match["sheet"] or 0)
    if match["text"] == "vtt":
        return FileName("subtitles", named)
    for group, kind in _KINDS.items():
        if match[group]:
            return FileName(kind, named, number)
    return FileName("manifest", named)
