"""Reads the playlists of HLS (RFC 8216) as far as a small player needs them."""

import re
from typing import Final
from urllib.parse import parse_qs, urljoin, urlsplit

import msgspec

_ATTRIBUTE: Final = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """A quality that a player can choose."""

    name: str
    bandwidth: int
    url: str


class Master(msgspec.Struct, frozen=True, kw_only=True):
    """The qualities, lowest first, and where the sound is."""

    variants: list[Variant]
    audio_url: str | None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A segment in a playlist."""

    url: str
    init_url: str
    duration_s: float

    @property
    def rung(self) -> str:
        """The quality that it has: what its address says, or else its folder."""
        address = urlsplit(self.url)
        named = parse_qs(address.query).get("of")
        return named[0] if named else address.path.rsplit("/", 2)[1]


class MediaPlaylist(msgspec.Struct, frozen=True, kw_only=True):
    """The segments of a quality, as far as there are some."""

    entries: list[Entry]
    is_final: bool


def read_master(text: str, url: str) -> Master:
    """Return what a master playlist says."""
    lines = text.splitlines()
    variants: list[Variant] = []
    audio_url: str | None = None
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        attributes = _attributes(line)
        if line.startswith("#EXT-X-STREAM-INF:"):
            variants.append(
                Variant(
                    name=following.split("/", 1)[0],
                    bandwidth=int(attributes["BANDWIDTH"]),
                    url=urljoin(url, following),
                )
            )
        elif line.startswith("#EXT-X-MEDIA:") and attributes.get("TYPE") == "AUDIO":
            audio_url = urljoin(url, attributes["URI"])
    return Master(variants=sorted(variants, key=lambda variant: variant.bandwidth), audio_url=audio_url)


def read_media(text: str, url: str) -> MediaPlaylist:
    """Return what a media playlist says."""
    entries: list[Entry] = []
    init_url, duration_s = "", 0.0
    for line in text.splitlines():
        if line.startswith("#EXT-X-MAP:"):
            init_url = urljoin(url, _attributes(line)["URI"])
        elif line.startswith("#EXTINF:"):
            duration_s = float(line.removeprefix("#EXTINF:").rstrip(","))
        elif line and not line.startswith("#"):
            entries.append(Entry(url=urljoin(url, line), init_url=init_url, duration_s=duration_s))
    return MediaPlaylist(entries=entries, is_final="#EXT-X-ENDLIST" in text)


def _attributes(line: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(line.partition(":")[2])}
