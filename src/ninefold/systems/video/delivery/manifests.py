"""Makes the manifests of a title, by their names."""

import hashlib
from typing import Final

from ninefold.systems.video.delivery.hot_set import HotFile
from ninefold.systems.video.delivery.names import FileName
from ninefold.systems.video.delivery.responses import hot_file
from ninefold.systems.video.delivery.titles import KnownTitle
from ninefold.systems.video.packaging import dash, hls, sprites
from ninefold.systems.video.packaging.timeline import Presentation
from ninefold.systems.video.service.delivery import Streamed, not_found, playable

GROWING_CACHE: Final = "public, max-age=1"
"""For a cache in between: many players of a title that grows load its manifest only once a second together."""

FINAL_CACHE: Final = "public, max-age=60"

_VTT: Final = "text/vtt; charset=utf-8"
_CONTENT_TYPES: Final = {"m3u8": hls.CONTENT_TYPE, "mpd": dash.CONTENT_TYPE, "vtt": _VTT}


def manifest_file(known: KnownTitle, name: str, meant: FileName) -> HotFile:
    """Return a manifest of a title, which is made once for what is known of it.

    Raises:
        NotPlayableYetError: there is nothing to play yet.
        StreamFileNotFoundError: the title has no such rung or language.
    """
    file = known.files.get(name)
    if file is None:
        body = _make(known.streamed, name, meant)
        file = known.files[name] = hot_file(
            body,
            tag=hashlib.sha256(body).hexdigest()[:32],
            content_type=_CONTENT_TYPES[name.rpartition(".")[2]],
            cache_control=FINAL_CACHE if known.streamed.title.is_final else GROWING_CACHE,
        )
    return file


def _make(streamed: Streamed, name: str, meant: FileName) -> bytes:
    presentation = playable(streamed)
    if name == "master.m3u8":
        return hls.master_playlist(presentation).encode()
    if name in {"manifest.mpd", dash.GROWING_FILE}:
        is_growing = name == dash.GROWING_FILE or not presentation.is_final
        begun_at = streamed.title.playable_at or streamed.title.created_at
        return dash.manifest(presentation, begun_at=begun_at, is_growing=is_growing)
    if name == "sprites.vtt":
        return sprites.sprites_track(presentation.sheets).encode()
    if name.startswith("subtitles/"):
        return _subtitles(presentation, name, language=meant.rung).encode()
    return _rung(presentation, name, rung=meant.rung).encode()


def _rung(presentation: Presentation, name: str, *, rung: str) -> str:
    for track in [*presentation.video, presentation.audio]:
        if track is not None and track.rung == rung:
            if presentation.is_final and name.endswith(hls.FINAL_FILE):
                return hls.media_playlist(presentation, track)
            return hls.growing_playlist(presentation, track)
    raise not_found(name)


def _subtitles(presentation: Presentation, name: str, *, language: str) -> str:
    for subtitles in presentation.subtitles:
        if subtitles.language == language:
            return hls.subtitles_playlist(presentation, subtitles)
    raise not_found(name)
