"""The HTTP proxy of a job: it reaches what is on the list, at addresses that outgoing requests may reach, and no more.

Each connection is logged, and said in the job's log. `CONNECT` serves HTTPS; other methods serve plain HTTP, one
request for each connection. Names are resolved here: inside, there is no name service.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import msgspec
import structlog

from ninefold.core.egress import AddressPolicy, EgressError, Resolver
from ninefold.core.errors import SettingError
from ninefold.systems.workflows.isolation.piping import Streams, pipe_both_ways

CONNECTIONS_MAX: Final = 64
"""Of one job at once."""

HEAD_BYTES_MAX: Final = 32 * 1024
HEAD_TIMEOUT_S: Final = 30.0
CONNECT_TIMEOUT_S: Final = 10.0
LINES_MAX: Final = 1000
"""Connections that are said in the log of a job; the log of Ninefold has all."""

_SETTING: Final = "NINEFOLD_WORKFLOWS_JOB_EGRESS"
_PATTERN: Final = re.compile(
    r"((?P<organisation>org_[a-z0-9]+)=)?(?P<target>(\*\.)?[a-z0-9_]([a-z0-9._-]*[a-z0-9])?:(?P<port>[0-9]{1,5}))"
)
_HTTP_PORT: Final = 80
_PORT_MAX: Final = 65535
_HOP_HEADERS: Final = ("connection", "host", "keep-alive", "proxy-authorization", "proxy-connection")

log = structlog.get_logger(__name__)


class EgressRules:
    """Which hosts and ports can be reached.

    Args:
        patterns: `host:port`; `*.example.com:443` stands for all names below it, and `org_…=host:443` is only for jobs
            of this organisation.
        organisation_id: whose jobs these are.

    Raises:
        SettingError: a text isn't a pattern.
    """

    def __init__(self, patterns: Sequence[str], *, organisation_id: str = "") -> None:
        self._patterns: frozenset[str] = frozenset(_own_patterns(patterns, organisation_id=organisation_id))

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def allows(self, host: str, port: int) -> bool:
        """Return whether a host, in lower case, can be reached at a port."""
        if f"{host}:{port}" in self._patterns:
            return True
        names = host.split(".")
        return any(f"*.{'.'.join(names[index:])}:{port}" in self._patterns for index in range(1, len(names)))


def _own_patterns(patterns: Sequence[str], *, organisation_id: str) -> Iterator[str]:
    for text in patterns:
        match = _PATTERN.fullmatch(text.lower())
        if match is None or not 0 < int(match["port"]) <= _PORT_MAX:
            raise SettingError(
                f"{_SETTING} contains {text!r}, which isn't a host and a port.",
                field=_SETTING,
                remedy="Write hosts with ports, separated by commas, such as pypi.org:443,*.example.com:443. "
                "What only one organisation may reach begins with its id, such as org_…=example.com:443.",
            )
        if match["organisation"] in (None, organisation_id):
            yield match["target"]


class _Request(msgspec.Struct, frozen=True):
    host: str
    port: int
    forwarded: bytes
    """What goes to the host first; empty for `CONNECT`."""


class _RefusedError(Exception):
    """The request isn't carried out."""

    def __init__(self, status: str, why: str) -> None:
        super().__init__(why)
        self.status = status


class EgressProxy:
    """Serves one job.

    Args:
        rules: what it can reach.
        addresses: which addresses may be reached at all.
        resolver: of names.
        say: takes lines for the job's log.
        context: what is logged with each connection.
    """

    def __init__(
        self,
        rules: EgressRules,
        *,
        addresses: AddressPolicy,
        resolver: Resolver,
        say: Callable[[str], None],
        context: dict[str, object],
    ) -> None:
        self._rules = rules
        self._addresses = addresses
        self._resolver = resolver
        self._say = say
        self._context = context
        self._count = 0
        self._lines = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        if self._count >= CONNECTIONS_MAX:
            writer.close()
            return
        self._count += 1
        try:
            await self._serve(reader, writer)
        except _RefusedError as refused:
            writer.write(f"HTTP/1.1 {refused.status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            with suppress(OSError):
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # The job has closed the connection, or says no whole request.
        finally:
            self._count -= 1
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_TIMEOUT_S)
        request = _parse(head)
        name = f"{request.host}:{request.port}"
        try:
            host, address = await self._connect(request)
        except _RefusedError as refused:
            log.warning(
                "workflows.egress.refused", host=request.host, port=request.port, why=str(refused), **self._context
            )
            self._tell(f"##[warning]Network: {name} was refused: {refused}")
            raise
        log.info("workflows.egress.connected", host=request.host, port=request.port, address=address, **self._context)
        self._tell(f"Network: connected to {name}")
        if request.forwarded:
            host[1].write(request.forwarded)
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        sent, received = await pipe_both_ways((reader, writer), host)
        log.info(
            "workflows.egress.closed",
            host=request.host,
            port=request.port,
            sent=sent,
            received=received,
            **self._context,
        )

    async def _connect(self, request: _Request) -> tuple[Streams, str]:
        if not self._rules.allows(request.host, request.port):
            raise _RefusedError("403 Forbidden", f"it isn't in {_SETTING}.")
        try:
            found = await self._resolver.resolve(request.host, timeout_s=CONNECT_TIMEOUT_S)
            addresses = self._addresses.select(request.host, found)
        except EgressError as error:
            raise _RefusedError("403 Forbidden", str(error)) from error
        for address in addresses:
            with suppress(OSError, TimeoutError):
                opening = asyncio.open_connection(address, request.port)
                return await asyncio.wait_for(opening, CONNECT_TIMEOUT_S), address
        raise _RefusedError("502 Bad Gateway", "no connection could be made.")

    def _tell(self, text: str) -> None:
        self._lines += 1
        if self._lines <= LINES_MAX:
            self._say(text)


def _parse(head: bytes) -> _Request:
    """Return what a request asks for."""
    if len(head) > HEAD_BYTES_MAX:
        raise _RefusedError("431 Request Header Fields Too Large", "the head is too large.")
    lines = head.decode("latin-1").split("\r\n")
    method, target, version = [*lines[0].split(" "), "", ""][:3]
    if not version.startswith("HTTP/1."):
        raise _RefusedError("400 Bad Request", "it isn't HTTP/1.1.")
    if method == "CONNECT":
        host, _, port = target.rpartition(":")
        return _Request(_host(host), _port(port), b"")
    try:
        url = urlsplit(target)
        port_number = url.port or _HTTP_PORT
    except ValueError:
        raise _RefusedError("400 Bad Request", "its URL isn't valid.") from None
    if url.scheme != "http" or not url.hostname:
        raise _RefusedError("400 Bad Request", "its URL isn't one of HTTP.")
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    kept = [line for line in lines[1:-2] if line.partition(":")[0].strip().lower() not in _HOP_HEADERS]
    # The host closes the connection after the answer, so that there is no second request, to another host.
    own = [f"{method} {path} HTTP/1.1", f"Host: {url.netloc.rpartition('@')[2]}", "Connection: close"]
    return _Request(_host(url.hostname), port_number, "\r\n".join([*own, *kept, "", ""]).encode("latin-1"))


def _host(text: str) -> str:
    host = text.strip("[]").rstrip(".").lower()
    if not host or not host.isascii() or any(character in host for character in "/@\\ \t%"):
        raise _RefusedError("400 Bad Request", "its host isn't valid.")
    return host


def _port(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or not 0 < int(text[:6]) <= _PORT_MAX:
        raise _RefusedError("400 Bad Request", "its port isn't valid.")
    return int(text)
