"""DASH manifests (ISO/IEC 23009-1), with a SegmentTimeline for each rung.

While the ladder grows, the manifest is dynamic, and all rungs reach as far as the lowest one: where a segment isn't
there yet, the best lower one is sent in its place. So each is sent with an initialization segment of its own. A player
that has begun so stays with such addresses until the end: `Location` tells it to.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

import msgspec
from lxml import etree

from ninefold.systems.video.packaging.hls import INIT_FILE
from ninefold.systems.video.packaging.timeline import Presentation, Segment, Subtitles, Track, is_whole, until_gap

CONTENT_TYPE: Final = "application/dash+xml"

GROWING_FILE: Final = "growing.mpd"

BEST: Final = "best"
"""The query of a segment in the place of which the best one that is there is sent, with its initialization segment."""

UPDATE_PERIOD_S: Final = 2
"""How often players load a manifest that grows."""

_NAMESPACE: Final = "urn:mpeg:dash:schema:mpd:2011"
_PROFILE: Final = "urn:mpeg:dash:profile:isoff-live:2011"
_CHANNELS: Final = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
_BUFFER_S_MIN: Final = 2
_FRAME_RATE_TOLERANCE: Final = 0.004


def manifest(presentation: Presentation, *, begun_at: datetime, is_growing: bool) -> bytes:
    """Return the manifest of a title.

    Args:
        presentation: the title.
        begun_at: since when it could be played; of concern only while it grows.
        is_growing: whether the player has begun while the title grew.
    """
    root = etree.Element("MPD", xmlns=_NAMESPACE)
    root.set("profiles", _PROFILE)
    root.set("minBufferTime", _duration(_BUFFER_S_MIN))
    if presentation.is_final:
        root.set("type", "static")
        root.set("mediaPresentationDuration", _duration(_end_s(presentation)))
    else:
        root.set("type", "dynamic")
        root.set("availabilityStartTime", begun_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        root.set("minimumUpdatePeriod", _duration(UPDATE_PERIOD_S))
    if is_growing:
        etree.SubElement(root, "Location").text = GROWING_FILE
    period = etree.SubElement(root, "Period", id="0", start=_duration(0))
    _add_tracks(period, "video", [_form(presentation, track, is_growing=is_growing) for track in presentation.video])
    if presentation.audio is not None:
        _add_tracks(period, "audio", [_form(presentation, presentation.audio, is_growing=is_growing)])
    for subtitles in presentation.subtitles:
        _add_subtitles(period, subtitles)
    for number, group in enumerate(period):
        group.set("id", str(number))
    xml: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return xml


class _Form(msgspec.Struct, frozen=True):
    """A track as a player sees it."""

    track: Track
    segments: Sequence[Segment]
    init: str
    media: str


def _form(presentation: Presentation, track: Track, *, is_growing: bool) -> _Form | None:
    """Return how a track is shown; None if it can't be, because it has gaps and nothing may come in their place."""
    if track is presentation.audio:
        return _Form(track, until_gap(track), f"{track.rung}/{INIT_FILE}", f"{track.rung}/$Number$.m4s")
    if is_growing:
        lowest = presentation.lowest
        media = f"{track.rung}/$Number$.m4s?{BEST}"
        return _Form(track, until_gap(lowest), f"{lowest.rung}/{INIT_FILE}", media)
    if not is_whole(presentation, track):
        return None
    return _Form(track, until_gap(track), f"{track.rung}/{INIT_FILE}", f"{track.rung}/$Number$.m4s")


def _add_tracks(period: "etree._Element", kind: str, forms: Sequence[_Form | None]) -> None:
    group = etree.SubElement(
        period,
        "AdaptationSet",
        contentType=kind,
        mimeType=f"{kind}/mp4",
        segmentAlignment="true",
        startWithSAP="1",
    )
    for form in forms:
        if form is not None:
            _add_track(group, kind, form)


def _add_track(group: "etree._Element", kind: str, form: _Form) -> None:
    track = form.track
    attributes = {"id": track.rung, "bandwidth": str(track.bandwidth), "codecs": track.codecs}
    if track.width is not None and track.height is not None:
        attributes |= {"width": str(track.width), "height": str(track.height), "sar": "1:1"}
    if track.frame_rate:
        attributes["frameRate"] = _frame_rate(track.frame_rate)
    if kind == "audio":
        attributes["audioSamplingRate"] = str(track.timescale)
    representation = etree.SubElement(group, "Representation", attributes)
    if kind == "audio":
        etree.SubElement(representation, "AudioChannelConfiguration", schemeIdUri=_CHANNELS, value="2")
    template = etree.SubElement(
        representation,
        "SegmentTemplate",
        timescale=str(track.timescale),
        initialization=form.init,
        media=form.media,
        startNumber="0",
    )
    _add_timeline(template, form.segments)


def _add_timeline(template: "etree._Element", segments: Sequence[Segment]) -> None:
    """Add the segments; those of the same length that follow each other are one element."""
    timeline = etree.SubElement(template, "SegmentTimeline")
    expected = 0
    for duration, group in groupby(segments, key=lambda segment: segment.duration):
        same = list(group)
        element = etree.SubElement(timeline, "S")
        if same[0].start != expected or not len(timeline) > 1:
            element.set("t", str(same[0].start))
        element.set("d", str(duration))
        if len(same) > 1:
            element.set("r", str(len(same) - 1))
        expected = same[-1].end


def _add_subtitles(period: "etree._Element", subtitles: Subtitles) -> None:
    group = etree.SubElement(
        period,
        "AdaptationSet",
        contentType="text",
        mimeType="text/vtt",
        lang=subtitles.language,
    )
    etree.SubElement(group, "Role", schemeIdUri="urn:mpeg:dash:role:2011", value="subtitle")
    etree.SubElement(group, "Label").text = subtitles.label
    representation = etree.SubElement(group, "Representation", id=f"text-{subtitles.language}", bandwidth="256")
    etree.SubElement(representation, "BaseURL").text = f"subtitles/{subtitles.language}.vtt"


def _end_s(presentation: Presentation) -> float:
    return max(
        track.duration_s for track in [*presentation.video, *([presentation.audio] if presentation.audio else [])]
    )


def _frame_rate(rate: float) -> str:
    """Return a frame rate as the fraction that it is in the field, such as 30000/1001."""
    for divisor in (1.0, 1.001):
        whole = round(rate * divisor)
        if abs(whole / divisor - rate) < _FRAME_RATE_TOLERANCE:
            return str(whole) if divisor == 1.0 else f"{whole * 1000}/1001"
    return f"{round(rate * 1000)}/1000"


def _duration(seconds: float) -> str:
    """Return an xs:duration."""
    return f"PT{seconds:.6f}".rstrip("0").rstrip(".") + "S"
