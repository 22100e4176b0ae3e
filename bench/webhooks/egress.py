"""The HTTP client alone: signs and posts through `EgressClient` to a receiver, without a database.

    python bench/webhooks/egress.py --port 8080 [--deliveries 100000] [--in-flight 50] [--payload-bytes 1000]

Compared with `limit.py`, it shows the cost of the checks, limits, timeouts and the pool. Prints its figures as JSON on
standard output.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import uvloop
from measure import Meter, peak_rss_bytes, read_payloads, sign

from ninefold.core.egress import AddressPolicy, EgressClient, Target, parse_target

_STATUS_OK = 200


async def _send(client: EgressClient, target: Target, payloads: Iterator[tuple[int, bytes]]) -> int:
    refused = 0
    for number, body in payloads:
        event_id = b"evt_%026d" % number
        timestamp = b"%d" % time.time()
        head = (
            b"content-type: application/json\r\nuser-agent: egress\r\nwebhook-id: %b\r\nwebhook-timestamp: %b\r\n"
            b"webhook-signature: %b\r\nx-webhook-id: %b\r\n"
            % (event_id, timestamp, sign(event_id, timestamp, body), event_id)
        )
        response = await client.post(target, head=head, body=body, timeout_s=30.0)
        refused += response.status != _STATUS_OK
    return refused


async def _send_all(*, port: int, deliveries: int, in_flight: int, payloads: list[bytes]) -> dict[str, Any]:
    client = EgressClient(AddressPolicy.from_cidrs(["127.0.0.0/8"]))
    target = parse_target(f"http://127.0.0.1:{port}/hook")
    numbered = islice(enumerate(cycle(payloads)), deliveries)
    rss_before = peak_rss_bytes()
    meter = Meter()
    refused = await asyncio.gather(*(_send(client, target, numbered) for _ in range(in_flight)))
    figures = meter.report(
        deliveries=deliveries,
        in_flight=in_flight,
        refused=sum(refused),
        bytes_per_request_in_flight=round((peak_rss_bytes() - rss_before) / in_flight),
    )
    await client.aclose()
    return figures


def main() -> None:
    """Send the deliveries and print the figures."""
    parser = argparse.ArgumentParser(description="EgressClient alone, against a receiver.")
    parser.add_argument("--port", type=int, required=True, help="port of the receiver on 127.0.0.1")
    parser.add_argument("--deliveries", type=int, default=100_000)
    parser.add_argument("--in-flight", type=int, default=50)
    parser.add_argument("--payload-bytes", type=int, default=1000)
    parser.add_argument("--corpus", type=Path, help="file with one JSON document per line, instead of --payload-bytes")
    options = parser.parse_args()
    figures = uvloop.run(
        _send_all(
            port=options.port,
            deliveries=options.deliveries,
            in_flight=options.in_flight,
            payloads=read_payloads(options.corpus, payload_bytes=options.payload_bytes),
        )
    )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
