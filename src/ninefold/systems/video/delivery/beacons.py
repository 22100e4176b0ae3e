"""Takes the beacons of players: what browsers send with `navigator.sendBeacon`, and nobody reads an answer to."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar.types import Receive, Scope, Send

from ninefold.core.postgres.database import Database
from ninefold.systems.video.delivery.responses import CORS
from ninefold.systems.video.model.plays import Beacon
from ninefold.systems.video.service.plays import record_beacons
from ninefold.systems.video.service.tokens import PlayToken
from ninefold.systems.video.watching_errors import BeaconTooLargeError, InvalidBeaconError

BODY_BYTES_MAX: Final = 64 * 1024
BEACONS_MAX: Final = 50
"""In one request, of a player that was offline."""

_ARRAY: Final = b"["
_one: Final = msgspec.json.Decoder(Beacon)
_several: Final = msgspec.json.Decoder(list[Beacon])


class BeaconTaker:
    """Answers POST to the beacons of a title.

    Args:
        database: where plays are.
        now: returns the time.
    """

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database: Final = database
        self._now: Final = now

    async def __call__(self, token: PlayToken, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the beacons of a request, in one transaction.

        Raises:
            BeaconTooLargeError: they are too many or too long.
            InvalidBeaconError: they aren't beacons, or of another play.
        """
        del scope
        beacons = read_beacons(await _read_body(receive))
        async with self._database.transaction() as connection:
            await record_beacons(connection, token, beacons, now=self._now())
        headers = [*CORS, (b"content-length", b"0")]
        # Litestar types the messages of ASGI more narrowly than ASGI does.
        start: Any = {"type": "http.response.start", "status": 204, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def read_beacons(body: bytes) -> list[Beacon]:
    """Return the beacons in a body: one of them, or an array.

    Raises:
        BeaconTooLargeError: there are too many.
        InvalidBeaconError: it isn't that.
    """
    try:
        beacons = _several.decode(body) if body.lstrip().startswith(_ARRAY) else [_one.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidBeaconError(
            f"The body isn't a beacon: {error}.", remedy="Send what the documentation of beacons shows."
        ) from error
    if len(beacons) > BEACONS_MAX:
        raise BeaconTooLargeError(f"A request has up to {BEACONS_MAX} beacons.", remedy="Send several requests.")
    return beacons


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message: Any = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise BeaconTooLargeError(
                f"The body has more than {BODY_BYTES_MAX:,} bytes.", remedy="Send fewer events at a time."
            )
        if not message.get("more_body", False):
            return bytes(body)
