"""What players load: with which headers, from memory or not, and what they may not load."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from http_api import problem_of
from ninefold.core.blobs.objects import ObjectStore
from ninefold.core.ids import format_id, new_id
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.video.delivery.responses import IMMUTABLE
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.service.tokens import PlaySigner, new_play_token
from video.delivery.conftest import Player
from video_streams import JPEG, WEBVTT, PlacedTitle, Studio

NAMES = [
    "master.m3u8",
    "manifest.mpd",
    "90p/index.m3u8",
    "270p/growing.m3u8",
    "growing.mpd",
    "270p/0.m4s?of=90p",
    "270p/0.m4s?best",
    "audio/index.m3u8",
    "90p/init.mp4",
    "180p/2.m4s",
    "audio/1.m4s",
    "poster.jpg",
    "sprites.vtt",
    "sprites/0.jpg",
    "subtitles/en.vtt",
    "subtitles/en.m3u8",
]

ABSENT = [
    "1080p/index.m3u8",
    "1080p/init.mp4",
    "1080p/0.m4s",
    "90p/99.m4s",
    "90p/00.m4s",
    "90p/-1.m4s",
    "90p/9999999999.m4s",
    "90p/x.m4s",
    "90p/0.m4s/",
    "90p//0.m4s",
    "sprites/7.jpg",
    "subtitles/fr.vtt",
    "subtitles/fr.m3u8",
    "subtitles/EN.vtt",
    "",
    "master.m3u8.bak",
    "%00",
]


@pytest.fixture
async def title(studio: Studio, organisation_id: UUID) -> PlacedTitle:
    placed = await studio.whole_title(organisation_id)
    await studio.add_pictures(placed)
    await studio.add_subtitles(placed)
    return placed


@pytest.fixture
def player(http: httpx.AsyncClient, title: PlacedTitle, signer: PlaySigner) -> Player:
    return Player(http, title, signer)


async def test_every_file_has_its_content_its_type_and_headers_for_caches(player: Player, studio: Studio) -> None:
    rungs = studio.film.rungs
    expected = {
        "90p/init.mp4": (rungs["90p"].init, "video/mp4", IMMUTABLE),
        "180p/2.m4s": (rungs["180p"].segments[2].content, "video/mp4", IMMUTABLE),
        "audio/1.m4s": (rungs["audio"].segments[1].content, "audio/mp4", IMMUTABLE),
        "sprites/0.jpg": (JPEG, "image/jpeg", IMMUTABLE),
        "poster.jpg": (JPEG, "image/jpeg", "public, max-age=60"),
        "subtitles/en.vtt": (WEBVTT.encode(), "text/vtt; charset=utf-8", "public, max-age=60"),
    }
    for _ in range(2):
        for name, (content, content_type, cache_control) in expected.items():
            response = await player.load(name)

            assert (response.status_code, response.content) == (200, content), name
            headers = response.headers
            assert (headers["content-type"], headers["cache-control"]) == (content_type, cache_control)
            assert headers["content-length"] == str(len(content))
            assert headers["access-control-allow-origin"] == "*"


async def test_a_file_that_the_client_has_is_not_sent_again(player: Player) -> None:
    for name in NAMES:
        first = await player.load(name)
        again = await player.load(name, if_none_match=f'"other", W/{first.headers["etag"]}')
        other = await player.load(name, if_none_match='"other"')

        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"]), name
        assert (other.status_code, other.content) == (200, first.content)


async def test_head_has_the_headers_of_get(player: Player) -> None:
    def compared(response: httpx.Response) -> dict[str, str]:
        return {key: value for key, value in response.headers.items() if key != "x-request-id"}

    for name in NAMES:
        head = await player.load(name, method="HEAD")
        got = await player.load(name)

        assert (head.status_code, head.content, compared(head)) == (200, b"", compared(got)), name


async def test_ranges(player: Player) -> None:
    whole = (await player.load("90p/0.m4s")).content
    asked: list[tuple[str, int, slice]] = [
        ("bytes=0-", 206, slice(None)),
        ("bytes=10-19", 206, slice(10, 20)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=5-999999999", 206, slice(5, None)),
        ("bytes=0-1,5-6", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=999999999-", 416, slice(0, 0)),
    ]
    for header, status, part in asked:
        response = await player.load("90p/0.m4s", range=header)

        assert (response.status_code, response.content) == (status, whole[part]), header
        start, end, _ = part.indices(len(whole))
        shown = {206: f"bytes {start}-{end - 1}/{len(whole)}", 416: f"bytes */{len(whole)}"}
        assert response.headers.get("content-range") == shown.get(status)


async def test_a_segment_of_another_rung_in_the_place_of_one(player: Player, studio: Studio) -> None:
    lower = studio.film.rungs["90p"]

    instead = await player.load("270p/3.m4s?of=90p")

    assert instead.content == lower.init + lower.segments[3].content
    assert instead.headers["cache-control"] == IMMUTABLE
    assert (await player.load("270p/3.m4s?other=90p")).content == studio.film.rungs["270p"].segments[3].content
    assert (await player.load("270p/3.m4s?of=1080p")).status_code == httpx.codes.NOT_FOUND


async def test_the_best_segment_that_is_there(
    http: httpx.AsyncClient, studio: Studio, organisation_id: UUID, signer: PlaySigner
) -> None:
    title = await studio.title(organisation_id)
    player = Player(http, title, signer)
    for rung in ("90p", "audio"):
        await studio.add(title, rung, range(6))
    await studio.add(title, "270p", [1])
    low, high = studio.film.rungs["90p"], studio.film.rungs["270p"]

    lower, own = await player.load("270p/0.m4s?best"), await player.load("270p/1.m4s?best")

    assert (lower.content, lower.headers["cache-control"]) == (low.init + low.segments[0].content, "public, max-age=1")
    assert (own.content, own.headers["cache-control"]) == (high.init + high.segments[1].content, IMMUTABLE)
    assert (await player.load("270p/6.m4s?best")).status_code == httpx.codes.NOT_FOUND
    assert (await player.load("1080p/0.m4s?best")).status_code == httpx.codes.NOT_FOUND


async def test_a_file_in_memory_is_sent_as_one_that_was_just_read_but_for_the_id(
    player: Player, studio: Studio
) -> None:
    cold = await player.load("180p/2.m4s")
    hot = await player.load("180p/2.m4s")
    named = await player.load("180p/2.m4s", x_request_id="mine-12345")

    assert hot.content == cold.content == named.content == studio.film.rungs["180p"].segments[2].content
    assert cold.headers["x-request-id"].startswith("req_")
    assert named.headers["x-request-id"] == "mine-12345"
    expected = {name: value for name, value in cold.headers.items() if name != "x-request-id"}
    assert dict(hot.headers) == expected


async def test_a_file_in_memory_is_only_sent_for_a_token_of_its_title(
    http: httpx.AsyncClient, studio: Studio, title: PlacedTitle, signer: PlaySigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    player, other = Player(http, title, signer), Player(http, await studio.title(title.organisation_id), signer)
    for _ in range(2):
        assert (await player.load("90p/0.m4s")).status_code == httpx.codes.OK
    await other.refused(404, "90p/0.m4s")
    folder = player.folder.replace(player.token, other.token)

    swapped = problem_of(await http.get(f"{folder}/90p/0.m4s"), status=403)
    monkeypatch.setattr(time, "time", lambda: datetime.now(UTC).timestamp() + 3_601)
    late = await player.refused(403, "90p/0.m4s")

    assert (swapped["code"], late["code"]) == ("video_play_token_invalid", "video_play_token_expired")


async def test_a_range_of_another_version_is_the_whole_file(player: Player) -> None:
    whole = await player.load("90p/0.m4s")

    assert (await player.load("90p/0.m4s", range="bytes=0-1", if_range='"other"')).status_code == httpx.codes.OK
    same = await player.load("90p/0.m4s", range="bytes=0-1", if_range=whole.headers["etag"])
    assert (same.status_code, same.content) == (206, whole.content[:2])


async def test_a_page_of_any_site_may_ask(player: Player) -> None:
    asked = await player.load("90p/0.m4s", method="OPTIONS", origin="https://films.test")

    assert asked.status_code == httpx.codes.NO_CONTENT
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "range" in asked.headers["access-control-allow-headers"]
    assert "HEAD" in asked.headers["access-control-allow-methods"]


async def test_a_file_that_is_not_there(player: Player) -> None:
    for name in ABSENT:
        for method in ("GET", "HEAD"):
            response = await player.http.request(method, f"{player.folder}/{name}")

            assert response.status_code == (400 if name == "%00" else 404), name
            assert response.headers["access-control-allow-origin"] == "*"
            if method == "GET":
                problem = problem_of(response, status=response.status_code)
                assert problem["code"] in {"video_file_not_found", "bad_request"}
                assert problem["remedy"]


async def test_files_are_only_read(player: Player) -> None:
    refused = await player.refused(405, "90p/0.m4s", method="PUT")

    assert refused["remedy"] == "Use GET, HEAD, OPTIONS."


async def test_a_token_is_for_one_title_of_its_organisation_until_it_expires(
    http: httpx.AsyncClient, studio: Studio, title: PlacedTitle, signer: PlaySigner
) -> None:
    async with studio.database.transaction() as connection:
        foreign_id = (await create_organisation(connection, name="globex")).organisation_id
    other = await studio.title(title.organisation_id)

    def token(of: PlacedTitle = title, *, by: PlaySigner = signer, minutes: int = 1) -> str:
        expires_at = datetime.now(UTC) + timedelta(minutes=minutes)
        return new_play_token(by, title_id=of.title_id, organisation_id=of.organisation_id, expires_at=expires_at)

    good = token()
    refused = {
        token(minutes=-1): (403, "video_play_token_expired"),
        token(by=PlaySigner(Sealer(bytes(32)))): (403, "video_play_token_invalid"),
        token(other): (403, "video_play_token_invalid"),
        good[:-1] + ("A" if good[-1] != "A" else "Q"): (403, "video_play_token_invalid"),
        good[:-1] + chr(ord(good[-1]) + 1): (403, "video_play_token_invalid"),
        "B" + good[1:]: (403, "video_play_token_invalid"),
        good + "A": (403, "video_play_token_invalid"),
        good[:-1]: (403, "video_play_token_invalid"),
        "é" * len(good): (403, "video_play_token_invalid"),
        "-": (403, "video_play_token_invalid"),
    }
    text = format_id(TITLE_PREFIX, title.title_id)

    # We never make one for a title of another organisation; if we did, nothing would be there for it.
    foreign = token(PlacedTitle(title.title_id, foreign_id))
    for name in NAMES:
        for each, (status, code) in refused.items():
            problem = problem_of(await http.get(f"/stream/{each}/{text}/{name}"), status=status)
            assert (problem["code"], bool(problem["remedy"])) == (code, True), each
        assert (await http.get(f"/stream/{foreign}/{text}/{name}")).status_code == httpx.codes.NOT_FOUND
    for name in NAMES:
        assert (await http.get(f"/stream/{good}/{text}/{name}")).status_code == httpx.codes.OK


async def test_a_title_that_is_not_playable_yet_says_so(
    http: httpx.AsyncClient, studio: Studio, organisation_id: UUID, signer: PlaySigner
) -> None:
    title = await studio.title(organisation_id)
    player = Player(http, title, signer)
    await studio.add(title, "90p", [0])

    problem = await player.refused(503, "master.m3u8")
    assert (problem["code"], problem["is_retryable"]) == ("video_not_playable_yet", True)

    await studio.end(title, status="failed")
    failed = PlacedTitle(title.title_id, organisation_id)
    async with asyncio.timeout(5):
        while (found := await Player(http, failed, signer).load("master.m3u8")).status_code == 503:
            await asyncio.sleep(0.05)
    # What there is can be played, without the sound that never came.
    assert found.status_code == httpx.codes.OK
    assert "AUDIO" not in found.text


async def test_a_title_that_failed_before_anything_was_made(
    http: httpx.AsyncClient, studio: Studio, organisation_id: UUID, signer: PlaySigner
) -> None:
    title = await studio.title(organisation_id)
    await studio.end(title, status="failed")

    problem = await Player(http, title, signer).refused(404, "master.m3u8")

    assert "The encoder has failed." in problem["detail"]


async def test_nothing_is_left_of_a_deleted_title(player: Player, studio: Studio, title: PlacedTitle) -> None:
    async with studio.database.transaction() as connection:
        await connection.execute("UPDATE video.title SET deleted_at = now() WHERE title_id = $1", title.title_id)

    for name in NAMES:
        assert (await player.refused(404, name))["code"] in {"video_title_not_found", "video_file_not_found"}


async def test_requests_for_a_cold_file_read_it_once(
    player: Player, studio: Studio, counted_reads: Callable[[], int]
) -> None:
    content = studio.film.rungs["180p"].segments[3].content

    responses = await asyncio.gather(*[player.load("180p/3.m4s") for _ in range(20)])
    warm = await player.load("180p/3.m4s")

    assert {response.content for response in responses} == {content}
    assert warm.content == content
    assert counted_reads() == 1


@pytest.fixture
def counted_reads(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count how often contents are read."""
    reads: list[str] = []
    read = ObjectStore.read

    def counting(self: ObjectStore, key: str, *, start: int, end: int) -> object:
        reads.append(key)
        return read(self, key, start=start, end=end)

    monkeypatch.setattr(ObjectStore, "read", counting)
    return lambda: len(reads)


async def test_a_token_of_nowhere(http: httpx.AsyncClient) -> None:
    for path in ("/stream", "/stream/", "/stream/x", f"/stream/x/{format_id(TITLE_PREFIX, new_id())}"):
        assert (await http.get(path)).status_code == httpx.codes.FORBIDDEN
