"""The limit: a bare loop that signs and posts, and does nothing else.

    python bench/webhooks/limit.py --port 8080 [--deliveries 100000] [--connections 50] [--rate N]

Ninefold's delivery path is compared with it. It has the same event loop (uvloop), parser (llhttp through httptools),
signature and receiver, and uses keep-alive connections in one process. It has no queue, no database, no timeout, no
checks and no error handling. Prints its figures as JSON on standard output.

With `--rate`, it limits the deliveries per second and uses all connections in turn. A delivery then costs more than at
full speed, because the receiver sleeps between bursts and must be woken. So compare two senders only at the same rate.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, cast

import httptools
import uvloop
from measure import Meter, read_payloads, sign


class Sender(asyncio.Protocol):
    """One connection. It posts the next payload when the previous one is answered, or when `send_next` is called."""

    __slots__ = ("_done", "_head", "_is_paced", "_parser", "_payloads", "_transport", "is_idle", "refused")

    def __init__(
        self, payloads: Iterator[tuple[int, bytes]], *, head: bytes, done: "asyncio.Future[None]", is_paced: bool
    ) -> None:
        self._payloads = payloads
        self._head = head
        self._done = done
        self._is_paced = is_paced
        self._parser = httptools.HttpResponseParser(self)
        self.is_idle = True
        self.refused = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start."""
        self._transport = cast("asyncio.Transport", transport)
        if not self._is_paced:
            self.send_next()

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Check the status, as every sender must, and continue."""
        if self._parser.get_status_code() != 200:  # noqa: PLR2004, the one status that the receiver has
            self.refused += 1
        if self._is_paced:
            self.is_idle = True
        else:
            self.send_next()

    def send_next(self) -> None:
        """Sign and post the next payload; close the connection when none is left."""
        number, body = next(self._payloads, (0, b""))
        if not body:
            if not self._done.done():
                self._transport.close()
                self._done.set_result(None)
            return
        self.is_idle = False
        event_id = b"evt_%026d" % number
        timestamp = b"%d" % time.time()
        self._transport.write(
            self._head % (event_id, timestamp, sign(event_id, timestamp, body), event_id, len(body), body)
        )


async def _pace(senders: Sequence[Sender], *, deliveries: int, rate: int) -> None:
    """Let idle connections post repeatedly, no faster than the rate."""
    began_at, sent = time.perf_counter(), 0
    while sent < deliveries:
        for sender in senders:
            if sender.is_idle:
                sender.send_next()
                sent += 1
        await asyncio.sleep(max(0.0, began_at + sent / rate - time.perf_counter()))
    while not all(sender.is_idle for sender in senders):
        await asyncio.sleep(0)
    for sender in senders:
        sender.send_next()


async def _send_all(
    *, port: int, deliveries: int, connections: int, payloads: list[bytes], rate: int | None
) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    head = (
        b"POST /hook HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n"
        % port
        + b"content-type: application/json\r\nuser-agent: limit\r\nwebhook-id: %b\r\nwebhook-timestamp: %b\r\n"
        b"webhook-signature: %b\r\nx-webhook-id: %b\r\ncontent-length: %d\r\n\r\n%b"
    )
    numbered = islice(enumerate(cycle(payloads)), deliveries)
    meter = Meter()
    ends = [loop.create_future() for _ in range(connections)]
    senders = [Sender(numbered, head=head, done=done, is_paced=rate is not None) for done in ends]
    for sender in senders:
        await loop.create_connection(partial(_itself, sender), "127.0.0.1", port)
    if rate is not None:
        await _pace(senders, deliveries=deliveries, rate=rate)
    await asyncio.gather(*ends)
    return meter.report(
        deliveries=deliveries, connections=connections, refused=sum(sender.refused for sender in senders)
    )


def _itself(sender: Sender) -> Sender:
    return sender


def main() -> None:
    """Send the deliveries and print the figures."""
    parser = argparse.ArgumentParser(description="A bare loop that signs and posts.")
    parser.add_argument("--port", type=int, required=True, help="port of the receiver on 127.0.0.1")
    parser.add_argument("--deliveries", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--payload-bytes", type=int, default=1000)
    parser.add_argument("--corpus", type=Path, help="file with one JSON document per line, instead of --payload-bytes")
    parser.add_argument("--rate", type=int, help="deliveries per second; unlimited by default")
    options = parser.parse_args()
    figures = uvloop.run(
        _send_all(
            port=options.port,
            deliveries=options.deliveries,
            connections=options.connections,
            payloads=read_payloads(options.corpus, payload_bytes=options.payload_bytes),
            rate=options.rate,
        )
    )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
