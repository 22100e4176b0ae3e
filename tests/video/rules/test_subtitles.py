"""Subtitles: what is converted, what stays, and what is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.video.errors import InvalidSubtitleError
from ninefold.systems.video.rules.subtitles import to_webvtt

CUES = re.compile(r"(\d\d):(\d\d):(\d\d)\.(\d\d\d) --> (\d\d):(\d\d):(\d\d)\.(\d\d\d)")


@pytest.mark.parametrize(
    ("srt", "cue"),
    [
        ("1\n00:00:01,500 --> 00:00:03,000\nHello", "00:00:01.500 --> 00:00:03.000\nHello"),
        ("00:00:01.5 --> 00:00:03.0\nHello", "00:00:01.500 --> 00:00:03.000\nHello"),
        ("1\n1:02:03,004 --> 1:02:04,005 X1:40 Y1:2\nTwo\nlines", "01:02:03.004 --> 01:02:04.005\nTwo\nlines"),
        ("00:01,0 --> 00:02,0\n<font size=2>A</font> <B>b</B>", "00:00:01.000 --> 00:00:02.000\nA <b>b</b>"),
        ("00:01,0 --> 00:02,0\n{\\an8}1 < 2 & 3 > 2", "00:00:01.000 --> 00:00:02.000\n1 &lt; 2 &amp; 3 &gt; 2"),
        ("1\n00:00:01,000 --> 00:00:02,000\n", "00:00:01.000 --> 00:00:02.000"),
    ],
)
def test_subrip_is_converted(srt: str, cue: str) -> None:
    assert to_webvtt(b"\xef\xbb\xbf" + srt.encode()) == f"WEBVTT\n\n{cue}\n"


def test_webvtt_stays_as_it_is() -> None:
    text = "WEBVTT - Title\n\nSTYLE\n::cue{color:red}\n\nCue\n00:01.000 --> 00:02.000 line:9%\n<v Ines>Hi &amp; bye\n"

    assert to_webvtt(text.encode()) == text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Hello",
        b"WEBVTT\n",
        b"\xff\xfe1\x00",
        b"1\n00:00:03,000 --> 00:00:01,000\nBackwards",
        b"1\n00:61:03,000 --> 00:62:01,000\nToo many minutes",
        b"1\n00:00:01,000 --> later\nHello",
        b"WEBVTT\n\nnever --> 00:02.000\nHello",
        b"1\n00:00:01,000 --> 00:00:02,000\nA\0b",
    ],
)
def test_what_cant_be_read_is_refused_with_a_remedy(content: bytes) -> None:
    with pytest.raises(InvalidSubtitleError) as refused:
        to_webvtt(content)

    assert refused.value.field == "subtitles"
    assert "SubRip" in (refused.value.remedy or "")


@given(st.binary(max_size=400) | st.text(alphabet="0123456789:,. ->\n<>&abi{}\\WEBVTT", max_size=400).map(str.encode))
def test_anything_is_converted_or_refused(content: bytes) -> None:
    try:
        text = to_webvtt(content)
    except InvalidSubtitleError:
        return
    assert text.startswith("WEBVTT")
    assert text.endswith("\n")


@given(
    st.lists(
        st.tuples(
            st.integers(0, 359_000_000),
            st.integers(0, 60_000),
            st.text(
                alphabet=st.characters(codec="utf-8", exclude_characters="\0\r\n\ufeff", exclude_categories=["Cs"])
            ),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_each_cue_keeps_its_times_and_its_text_cant_be_taken_for_markup(cues: list[tuple[int, int, str]]) -> None:
    def shown(ms: int) -> str:
        return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1_000 % 60:02},{ms % 1_000:03}"

    texts = [text.replace("-->", "") for _, _, text in cues]
    srt = "\n\n".join(
        f"{number}\n{shown(start)} --> {shown(start + length)}\n{text}"
        for number, ((start, length, _), text) in enumerate(zip(cues, texts, strict=True))
    )

    webvtt = to_webvtt(srt.encode())

    found = CUES.findall(webvtt)
    assert len(found) == len(cues)
    for (start, length, _), times in zip(cues, found, strict=True):
        one, two = (
            int(hours) * 3_600_000 + int(minutes) * 60_000 + int(seconds) * 1_000 + int(rest)
            for hours, minutes, seconds, rest in (times[:4], times[4:])
        )
        assert (one, two) == (start, start + length)
    assert "<" not in re.sub(r"</?[ibu]>", "", webvtt)
