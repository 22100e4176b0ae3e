"""Manifests, as parsers read them that aren't ours."""

import re
from datetime import UTC, datetime
from itertools import pairwise

import m3u8
import msgspec
import pytest
from mpegdash.parser import MPEGDASHParser

from ninefold.systems.video.packaging import dash, hls
from ninefold.systems.video.packaging.codecs import expected_codecs
from ninefold.systems.video.packaging.sprites import sprites_track
from ninefold.systems.video.packaging.timeline import Presentation, Segment, Sheet, Subtitles, Track, entries_of

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
VIDEO_TIMESCALE, AUDIO_TIMESCALE = 12_800, 48_000
LENGTHS = [25_600, 25_600, 51_200, 25_600, 38_400]


def track(rung: str, *, numbers: list[int], height: int | None = 360) -> Track:
    is_audio = height is None
    timescale = AUDIO_TIMESCALE if is_audio else VIDEO_TIMESCALE
    starts = [sum(LENGTHS[:number]) for number in range(len(LENGTHS))]
    scale = timescale / VIDEO_TIMESCALE
    return Track(
        rung=rung,
        timescale=timescale,
        codecs=expected_codecs(None if height is None else {360: "3.0", 720: "3.1"}[height]),
        bandwidth=128_000 if height is None else height * 2_000,
        bandwidth_mean=None if height == 720 else 64_000,
        width=None if height is None else height * 16 // 9,
        height=height,
        frame_rate=None if is_audio else 30_000 / 1_001,
        segments=[Segment(n, int(starts[n] * scale), int(LENGTHS[n] * scale), 1_000) for n in numbers],
    )


def presentation(
    low: list[int], high: list[int], *, audio: list[int] | None = None, is_final: bool = False
) -> Presentation:
    return Presentation(
        video=[track("360p", numbers=low), track("720p", numbers=high, height=720)],
        audio=track("audio", numbers=[0, 1, 2, 3, 4] if audio is None else audio, height=None),
        is_final=is_final,
        duration_s=13.0,
        subtitles=[Subtitles(language="en", label='English "CC"'), Subtitles(language="pt-BR", label="Português")],
    )


def parts_of(given: Presentation, rung: int) -> m3u8.M3U8:
    return m3u8.loads(hls.media_playlist(given, given.video[rung]), uri="https://films.test/t/720p/index.m3u8")


def growing_parts_of(given: Presentation, rung: int) -> m3u8.M3U8:
    return m3u8.loads(hls.growing_playlist(given, given.video[rung]), uri="https://films.test/t/720p/growing.m3u8")


WHOLE = presentation([0, 1, 2, 3, 4], [0, 1, 2, 3, 4], is_final=True)


def test_the_master_playlist_has_all_rungs_from_the_start() -> None:
    parsed = m3u8.loads(hls.master_playlist(presentation([0], [])))

    rungs = [(each.uri, each.stream_info.bandwidth, each.stream_info.resolution) for each in parsed.playlists]
    assert rungs == [("360p/growing.m3u8", 848_000, (640, 360)), ("720p/growing.m3u8", 1_568_000, (1280, 720))]
    assert [each.stream_info.codecs for each in parsed.playlists] == ["avc1.64001e,mp4a.40.2", "avc1.64001f,mp4a.40.2"]
    assert [each.stream_info.frame_rate for each in parsed.playlists] == [29.97, 29.97]
    assert [(each.type, each.language, each.uri) for each in parsed.media] == [
        ("AUDIO", None, "audio/growing.m3u8"),
        ("SUBTITLES", "en", "subtitles/en.m3u8"),
        ("SUBTITLES", "pt-BR", "subtitles/pt-BR.m3u8"),
    ]
    assert parsed.start.time_offset == 0.001


def test_a_final_playlist_has_an_end_and_its_own_segments() -> None:
    parsed = parts_of(WHOLE, 1)

    assert (parsed.is_endlist, parsed.playlist_type, parsed.start, parsed.target_duration) == (True, "vod", None, 6)
    assert [each.uri for each in parsed.segments] == [f"{number}.m4s" for number in range(5)]
    assert [each.duration for each in parsed.segments] == [2.0, 2.0, 4.0, 2.0, 3.0]
    assert {each.init_section.uri for each in parsed.segments} == {"init.mp4"}


def test_a_rung_that_lags_has_segments_of_lower_ones_in_its_place() -> None:
    parsed = growing_parts_of(presentation([0, 1, 2, 3], [0, 2]), 1)

    assert (parsed.is_endlist, parsed.playlist_type) == (False, "event")
    assert parsed.start.time_offset == 0.001
    assert [each.uri for each in parsed.segments] == [
        "0.m4s?of=720p",
        "1.m4s?of=360p",
        "2.m4s?of=720p",
        "3.m4s?of=360p",
    ]
    assert {each.init_section.uri for each in parsed.segments} == {"../360p/init.mp4"}
    assert not any(each.discontinuity for each in parsed.segments)


def test_a_final_title_that_lacks_segments_of_a_rung_has_those_of_lower_ones() -> None:
    parsed = parts_of(presentation([0, 1, 2, 3], [0, 2], is_final=True), 1)

    assert parsed.is_endlist
    assert [(each.init_section.uri, each.uri) for each in parsed.segments] == [
        ("init.mp4", "0.m4s"),
        ("../360p/init.mp4", "../360p/1.m4s"),
        ("init.mp4", "2.m4s"),
        ("../360p/init.mp4", "../360p/3.m4s"),
    ]


@pytest.mark.parametrize(("low", "reach"), [([], 0), ([1, 2], 0), ([0, 1, 3, 4], 2), ([0, 1, 2, 3, 4], 5), ([0], 1)])
def test_a_playlist_reaches_until_the_first_gap_of_the_lowest_rung(low: list[int], reach: int) -> None:
    given = presentation(low, [0, 1, 2, 3, 4])

    assert [len(entries_of(given, each)) for each in given.video] == [reach, reach]


def test_a_playlist_only_grows() -> None:
    """What a player has loaded stays, except that a better segment can come in the place of one."""
    steps = [([0], []), ([0, 1], []), ([0, 1], [0]), ([0, 1, 2, 3], [0, 1]), ([0, 1, 2, 3, 4], [0, 1, 2, 3])]
    playlists = [growing_parts_of(presentation(*step), 1) for step in steps]
    playlists.append(growing_parts_of(WHOLE, 1))

    for before, after in pairwise(playlists):
        kept = after.segments[: len(before.segments)]
        assert [each.duration for each in kept] == [each.duration for each in before.segments]
        assert [each.uri.partition("?")[0] for each in kept] == [each.uri.partition("?")[0] for each in before.segments]
        assert before.target_duration == after.target_duration
        assert before.media_sequence == after.media_sequence == 0
    assert [each.is_endlist for each in playlists] == [False] * len(steps) + [True]


def test_subtitles_are_one_file_for_the_whole_title() -> None:
    parsed = m3u8.loads(hls.subtitles_playlist(WHOLE, WHOLE.subtitles[1]))

    assert [(each.uri, each.duration) for each in parsed.segments] == [("pt-BR.vtt", 13.0)]
    assert parsed.is_endlist


def test_the_final_manifest_of_dash() -> None:
    text = dash.manifest(WHOLE, begun_at=NOW, is_growing=False).decode()
    parsed = MPEGDASHParser.parse(text)

    assert (parsed.type, parsed.media_presentation_duration, parsed.minimum_update_period) == ("static", "PT13S", None)
    (period,) = parsed.periods
    video, audio, *texts = period.adaptation_sets
    assert [(each.id, each.width, each.height, each.frame_rate) for each in video.representations] == [
        ("360p", 640, 360, "30000/1001"),
        ("720p", 1280, 720, "30000/1001"),
    ]
    timeline = video.representations[0].segment_templates[0].segment_timelines[0]
    assert [(each.t, each.d, each.r) for each in timeline.Ss] == [
        (0, 25_600, 1),
        (None, 51_200, None),
        (None, 25_600, None),
        (None, 38_400, None),
    ]
    assert audio.representations[0].segment_templates[0].timescale == AUDIO_TIMESCALE
    assert [each.lang for each in texts] == ["en", "pt-BR"]


def test_a_growing_manifest_of_dash_has_all_rungs_as_far_as_the_lowest() -> None:
    given = presentation([0, 1, 2], [0])
    parsed = MPEGDASHParser.parse(dash.manifest(given, begun_at=NOW, is_growing=True).decode())

    assert (parsed.type, parsed.minimum_update_period) == ("dynamic", "PT2S")
    assert parsed.availability_start_time == "2026-11-28T12:00:00Z"
    assert [each.text for each in parsed.locations] == ["growing.mpd"]
    rungs = parsed.periods[0].adaptation_sets[0].representations
    templates = [each.segment_templates[0] for each in rungs]
    assert [(each.id, template.media) for each, template in zip(rungs, templates, strict=True)] == [
        ("360p", "360p/$Number$.m4s?best"),
        ("720p", "720p/$Number$.m4s?best"),
    ]
    assert {template.initialization for template in templates} == {"360p/init.mp4"}
    assert [[(each.d, each.r) for each in template.segment_timelines[0].Ss] for template in templates] == [
        [(25_600, 1), (51_200, None)],
        [(25_600, 1), (51_200, None)],
    ]


def test_the_manifest_of_a_player_that_has_begun_early_ends_with_the_same_addresses() -> None:
    text = dash.manifest(WHOLE, begun_at=NOW, is_growing=True).decode()

    assert MPEGDASHParser.parse(text).type == "static"
    assert text.count(".m4s?best") == 2


def test_a_rung_with_gaps_is_not_in_a_final_manifest() -> None:
    given = presentation([0, 1, 2], [0, 2], is_final=True)

    text = dash.manifest(given, begun_at=NOW, is_growing=False).decode()

    assert ('id="360p"' in text, 'id="720p"' in text) == (True, False)


@pytest.mark.parametrize(
    ("rate", "expected"), [(25.0, "25"), (29.97, "30000/1001"), (23.976, "24000/1001"), (12.5, "12500/1000")]
)
def test_frame_rates_are_fractions(rate: float, expected: str) -> None:
    given = Presentation(
        video=[msgspec.structs.replace(track("360p", numbers=[0]), frame_rate=rate)],
        audio=None,
        is_final=True,
        duration_s=None,
    )

    assert f'frameRate="{expected}"' in dash.manifest(given, begun_at=NOW, is_growing=False).decode()


def test_the_pictures_of_the_seek_bar() -> None:
    sheet = Sheet(number=3, start_us=3_600_000_000, interval_us=5_500_000, pictures=3, columns=2, width=160, height=90)

    text = sprites_track([sheet])

    assert text.startswith("WEBVTT\n\n")
    assert re.findall(r"(\S+) --> (\S+)\n(\S+)", text) == [
        ("01:00:00.000", "01:00:05.500", "sprites/3.jpg#xywh=0,0,160,90"),
        ("01:00:05.500", "01:00:11.000", "sprites/3.jpg#xywh=160,0,160,90"),
        ("01:00:11.000", "01:00:16.500", "sprites/3.jpg#xywh=0,90,160,90"),
    ]
