"""Tokens in the addresses of what players load, and these addresses.

A token says which title may be played, for whom, and until when. It is signed over all of that, so one check without a
database is enough. It is a part of the path, before the name of the object, so that addresses in manifests can be
relative, and a cache can leave it out of its keys.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.secrets import Sealer
from ninefold.systems.video.errors import PlayTokenExpiredError, PlayTokenInvalidError
from ninefold.systems.video.model.titles import TITLE_PREFIX

STREAM_PATH: Final = "/stream"
"""What the addresses of players begin with."""

_PURPOSE: Final = "video.play_token"
_VERSION: Final = 1
_CONTENT: Final = struct.Struct(">B16s16s16s16sQ")
"""The version, the title, the organisation, the profile (zero for none), the session, and the second of the end."""
_SIGNATURE_BYTES: Final = 16
_NOBODY: Final = UUID(int=0)
_TEXT_LENGTH: Final = 119
"""Of the base64 of all of it."""


class PlayToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says."""

    title_id: UUID
    organisation_id: UUID
    profile_id: UUID | None
    session_id: UUID
    """Of what is watched in one go; for who has only looked at a title, one that nothing else has."""
    expires_at: int
    """In seconds since 1970."""


class Urls(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of a title, with a token."""

    hls_url: str
    dash_url: str
    poster_url: str
    sprites_url: str
    beacons_url: str


class PlaySigner:
    """Signs tokens with a key of the installation.

    Args:
        sealer: has the installation's secret, which is read with the first token.
    """

    def __init__(self, sealer: Sealer) -> None:
        self._sealer: Final = sealer
        self._key: bytes | None = None

    def sign(self, content: bytes) -> bytes:
        """Return the signature of a token: the first half of HMAC-SHA256 (RFC 2104 §5)."""
        if self._key is None:
            self._key = self._sealer.derive_key(_PURPOSE)
        return hmac.digest(self._key, content, hashlib.sha256)[:_SIGNATURE_BYTES]


def new_play_token(
    signer: PlaySigner,
    *,
    title_id: UUID,
    organisation_id: UUID,
    expires_at: datetime,
    profile_id: UUID | None = None,
    session_id: UUID | None = None,
) -> str:
    """Return a token as text, for a path."""
    content = _CONTENT.pack(
        _VERSION,
        title_id.bytes,
        organisation_id.bytes,
        (profile_id or _NOBODY).bytes,
        (session_id or new_id()).bytes,
        int(expires_at.timestamp()),
    )
    return base64.urlsafe_b64encode(content + signer.sign(content)).rstrip(b"=").decode()


def check_play_token(signer: PlaySigner, text: str, *, at: float) -> PlayToken:
    """Return what a token says.

    Args:
        signer: has the key.
        text: the token, as anybody may have sent it.
        at: the time, in seconds since 1970.

    Raises:
        PlayTokenInvalidError: it wasn't made by this installation, or was changed.
        PlayTokenExpiredError: its time is over.
    """
    content, signature = _split(text)
    if not hmac.compare_digest(signer.sign(content), signature):
        raise _invalid()
    version, title, organisation, profile, session, expires_at = _CONTENT.unpack(content)
    if version != _VERSION:
        raise _invalid()
    if expires_at <= at:
        raise PlayTokenExpiredError(
            "The token in the address has expired.",
            remedy="Get new addresses: POST /api/v1/video/plays/{play_id}/renew, or GET the title again.",
        )
    profile_id = UUID(bytes=profile)
    return PlayToken(
        title_id=UUID(bytes=title),
        organisation_id=UUID(bytes=organisation),
        profile_id=None if profile_id == _NOBODY else profile_id,
        session_id=UUID(bytes=session),
        expires_at=expires_at,
    )


def urls_of(title_id: UUID, token: str, *, base_url: str) -> Urls:
    """Return the addresses of a title.

    Args:
        title_id: the title.
        token: a token for it.
        base_url: what addresses begin with, as `Site.base_url` says.
    """
    folder = f"{base_url}{STREAM_PATH}/{token}/{format_id(TITLE_PREFIX, title_id)}"
    return Urls(
        hls_url=f"{folder}/master.m3u8",
        dash_url=f"{folder}/manifest.mpd",
        poster_url=f"{folder}/poster.jpg",
        sprites_url=f"{folder}/sprites.vtt",
        beacons_url=f"{folder}/beacons",
    )


def _split(text: str) -> tuple[bytes, bytes]:
    """Return the content and the signature of a token. Only one text has them: others with the same bytes are none."""
    if len(text) != _TEXT_LENGTH or not text.isascii():
        raise _invalid()
    try:
        raw = base64.b64decode(f"{text}=", altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise _invalid() from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != text.encode():
        raise _invalid()
    return raw[: _CONTENT.size], raw[_CONTENT.size :]


def _invalid() -> PlayTokenInvalidError:
    return PlayTokenInvalidError(
        "The token in the address isn't valid.",
        remedy="Use an address as the API gives it: hls_url or dash_url of the title, or of a play.",
    )
