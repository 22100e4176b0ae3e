"""HLS playlists (RFC 8216): one with all rungs, and one for each.

Addresses are relative, so that they have no token and are the same for everybody.
"""

import math
from collections.abc import Iterator
from typing import Final

from ninefold.systems.video.packaging.timeline import Presentation, Subtitles, Track, entries_of

CONTENT_TYPE: Final = "application/vnd.apple.mpegurl"

TARGET_DURATION_S: Final = 6
"""No segment is longer. It must not change while a playlist grows (RFC 8216 §6.2.1), so the longest isn't asked."""

INIT_FILE: Final = "init.mp4"

INSTEAD: Final = "of"
"""The parameter that says whose segment is sent in a place, with its initialization segment."""

FINAL_FILE: Final = "index.m3u8"
GROWING_FILE: Final = "growing.m3u8"

_VERSION: Final = 7
_START: Final = "#EXT-X-START:TIME-OFFSET=0.001,PRECISE=YES"
"""Players begin a playlist that grows near its end otherwise. Shaka takes 0 for no time at all."""

_AUDIO_GROUP: Final = "sound"
_TEXT_GROUP: Final = "text"
_QUOTES: Final = str.maketrans({'"': "\N{RIGHT SINGLE QUOTATION MARK}", "'": "\N{RIGHT SINGLE QUOTATION MARK}"})


def master_playlist(presentation: Presentation) -> str:
    """Return the playlist that a player loads first. Players load it only once, so it has all rungs from the start."""
    file = FINAL_FILE if presentation.is_final else GROWING_FILE
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{_VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if not presentation.is_final:
        lines.append(_START)
    if presentation.audio is not None:
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{_AUDIO_GROUP}",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,'
            f'CHANNELS="2",URI="{presentation.audio.rung}/{file}"'
        )
    lines += [_subtitles_line(subtitles) for subtitles in presentation.subtitles]
    for track in presentation.video:
        lines += [_rung_line(presentation, track), f"{track.rung}/{file}"]
    return _text(lines)


def media_playlist(presentation: Presentation, track: Track) -> str:
    """Return the playlist of a rung of a final title."""
    lines = _head(presentation, track)
    shown: Track | None = None
    for entry in entries_of(presentation, track):
        folder = "" if entry.track is track else f"../{entry.track.rung}/"
        if entry.track is not shown:
            # The timeline goes on as before, so this is no discontinuity.
            lines.append(f'#EXT-X-MAP:URI="{folder}{INIT_FILE}"')
            shown = entry.track
        lines += [f"#EXTINF:{entry.duration_s:.6f},", f"{folder}{entry.segment.number}.m4s"]
    return _text([*lines, "#EXT-X-ENDLIST"])


def growing_playlist(presentation: Presentation, track: Track) -> str:
    """Return the playlist of a rung for players that have loaded the title while it grew, until its end.

    A segment can come in the place of one that isn't there yet, and be replaced by it. So each is sent with an
    initialization segment of its own, and the one of the playlist is only there because there has to be one: players
    confuse those of several rungs. And the path of a segment stays: hls.js refuses a playlist in which it has changed.
    """
    lines = _head(presentation, track)
    if not presentation.is_final:
        lines.append(_START)
    first = track if track is presentation.audio else presentation.lowest
    lines.append(f'#EXT-X-MAP:URI="../{first.rung}/{INIT_FILE}"')
    for entry in entries_of(presentation, track):
        instead = f"{entry.segment.number}.m4s?{INSTEAD}={entry.track.rung}"
        lines += [f"#EXTINF:{entry.duration_s:.6f},", instead]
    if presentation.is_final:
        lines.append("#EXT-X-ENDLIST")
    return _text(lines)


def _head(presentation: Presentation, track: Track) -> list[str]:
    longest_s = max((entry.duration_s for entry in entries_of(presentation, track)), default=0.0)
    return [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_VERSION}",
        f"#EXT-X-TARGETDURATION:{max(TARGET_DURATION_S, math.ceil(longest_s))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if presentation.is_final else 'EVENT'}",
    ]


def subtitles_playlist(presentation: Presentation, subtitles: Subtitles) -> str:
    """Return the playlist of the text for a language: one file for the whole title."""
    duration_s = max(presentation.duration_s or 0.0, presentation.ready_until_s)
    return _text(
        [
            "#EXTM3U",
            f"#EXT-X-VERSION:{_VERSION}",
            f"#EXT-X-TARGETDURATION:{max(1, math.ceil(duration_s))}",
            "#EXT-X-MEDIA-SEQUENCE:0",
            "#EXT-X-PLAYLIST-TYPE:VOD",
            f"#EXTINF:{duration_s:.6f},",
            f"{subtitles.language}.vtt",
            "#EXT-X-ENDLIST",
        ]
    )


def _subtitles_line(subtitles: Subtitles) -> str:
    return (
        f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="{_TEXT_GROUP}",NAME="{_quotable(subtitles.label)}",'
        f'LANGUAGE="{subtitles.language}",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,'
        f'URI="subtitles/{subtitles.language}.m3u8"'
    )


def _rung_line(presentation: Presentation, track: Track) -> str:
    return f"#EXT-X-STREAM-INF:{','.join(_rung_attributes(presentation, track))}"


def _rung_attributes(presentation: Presentation, track: Track) -> Iterator[str]:
    audio = presentation.audio
    yield f"BANDWIDTH={track.bandwidth + (audio.bandwidth if audio else 0)}"
    if track.bandwidth_mean is not None:
        yield f"AVERAGE-BANDWIDTH={track.bandwidth_mean + ((audio.bandwidth_mean or audio.bandwidth) if audio else 0)}"
    yield f'CODECS="{",".join([track.codecs, *([audio.codecs] if audio else [])])}"'
    if track.width is not None and track.height is not None:
        yield f"RESOLUTION={track.width}x{track.height}"
    if track.frame_rate:
        yield f"FRAME-RATE={track.frame_rate:.3f}"
    if audio is not None:
        yield f'AUDIO="{_AUDIO_GROUP}"'
    if presentation.subtitles:
        yield f'SUBTITLES="{_TEXT_GROUP}"'
    yield "CLOSED-CAPTIONS=NONE"


def _quotable(text: str) -> str:
    """Return a text without what a quoted string can't have (RFC 8216 §4.2), and what some parsers take for a quote."""
    return " ".join(text.translate(_QUOTES).split())


def _text(lines: list[str]) -> str:
    return "\n".join([*lines, ""])
