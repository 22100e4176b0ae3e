"""Opens connections: resolves the host, checks every address, and connects to an address that was checked."""

import asyncio
import ipaddress
import os
import socket
import ssl
from collections.abc import Sequence
from typing import Final

import structlog

from ninefold.core.egress.addresses import AddressPolicy
from ninefold.core.egress.connection import Connection, ConnectionOwner
from ninefold.core.egress.errors import (
    AddressDeniedError,
    ConnectFailedError,
    ConnectTimeoutError,
    EgressError,
    LocalLimitError,
    TlsFailedError,
)
from ninefold.core.egress.limits import NO_DESCRIPTOR, EgressLimits
from ninefold.core.egress.resolver import Resolver
from ninefold.core.egress.target import Target
from ninefold.core.egress.timings import OpeningMeter
from ninefold.core.egress.tls import explain_tls_error

DESCRIPTOR_RETRY_S: Final = 0.05
"""The pause before connecting is tried again where no file descriptor was left."""

log = structlog.get_logger(__name__)


class Connector:
    """Opens connections; it knows nothing of requests."""

    def __init__(
        self,
        *,
        policy: AddressPolicy,
        resolver: Resolver,
        tls: ssl.SSLContext,
        limits: EgressLimits,
        owner: ConnectionOwner,
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._tls = tls
        self._limits = limits
        self._owner = owner

    async def connect(self, target: Target, *, deadline: float, meter: OpeningMeter) -> Connection:
        """Open a connection to the first address that accepts one.

        Args:
            target: what to connect to.
            deadline: when to give up, in the loop's time; the addresses share what is left.
            meter: measures the phases, of all addresses together.

        Raises:
            EgressError: no address accepted a connection; the error is that of the last one tried.
        """
        loop = asyncio.get_running_loop()
        addresses = await self._find_addresses(target, time_left_s=deadline - loop.time(), meter=meter)
        failure: EgressError | None = None
        try:
            for count_left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
                share_s = (deadline - loop.time()) / count_left
                try:
                    async with asyncio.timeout(share_s):
                        return await self._connect_to(address, target, deadline=loop.time() + share_s, meter=meter)
                except TimeoutError:
                    failure = ConnectTimeoutError(f"{_name(target)} didn't accept a connection within {share_s:.3g} s.")
                except ConnectFailedError as error:
                    failure = error
                _log_failure(target, address, failure)
            assert failure is not None
            raise failure
        finally:
            # The traceback of the failure refers to this frame: the two, and the request, would wait for the cycle
            # collector.
            del failure

    async def _find_addresses(self, target: Target, *, time_left_s: float, meter: OpeningMeter) -> Sequence[str]:
        if target.is_address:
            found: Sequence[str] = [target.host]
        else:
            meter.begin("lookup_s")
            timeout_s = min(self._limits.lookup_timeout_s, time_left_s)
            found = await self._resolver.resolve(target.host, timeout_s=timeout_s)
        return self._policy.select(target.host, found)[: self._limits.addresses_tried_max]

    async def _connect_to(self, address: str, target: Target, *, deadline: float, meter: OpeningMeter) -> Connection:
        """Open a connection to an address; where no descriptor is left, close an idle connection and try again."""
        loop = asyncio.get_running_loop()
        while True:
            meter.begin("connect_s")
            try:
                return await self._connect_once(address, target, loop, meter)
            except LocalLimitError:
                # After the pause, there has to be time left for connecting: else the timeout would hide this error.
                if deadline - loop.time() < 2 * DESCRIPTOR_RETRY_S:
                    raise
            self._owner.close_oldest_idle()
            await asyncio.sleep(DESCRIPTOR_RETRY_S)

    async def _connect_once(
        self, address: str, target: Target, loop: asyncio.AbstractEventLoop, meter: OpeningMeter
    ) -> Connection:
        connection = Connection(owner=self._owner, origin=target.origin, limits=self._limits, loop=loop)
        try:
            if target.scheme == "https":
                await self._connect_with_tls(connection, address, target, meter)
            else:
                await loop.create_connection(lambda: connection, address, target.port, flags=socket.AI_NUMERICHOST)
            _check_peer(connection, target, address)
        except OSError as error:
            raise _explain(error, target) from error
        except BaseException:
            connection.abort()
            raise
        return connection

    async def _connect_with_tls(
        self, connection: Connection, address: str, target: Target, meter: OpeningMeter
    ) -> None:
        """Connect in two steps, to measure both; for a plain connection, that would cost twice the CPU time."""
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        tcp = socket.socket(family, socket.SOCK_STREAM)
        try:
            tcp.settimeout(0)
            await loop.sock_connect(tcp, (address, target.port))
            meter.begin("tls_s")
            # SNI and the certificate are about the name in the URL, not about its address.
            await loop.create_connection(lambda: connection, sock=tcp, ssl=self._tls, server_hostname=target.host)
        except BaseException:
            tcp.close()
            raise


def _explain(error: OSError, target: Target) -> EgressError:
    name = _name(target)
    if isinstance(error, ssl.SSLError):
        return explain_tls_error(error, origin=target.origin)
    if target.scheme == "https" and isinstance(error, ConnectionError) and not error.errno:
        # An error without a number comes from the TLS layer, and not from the kernel.
        return TlsFailedError(f"{name} closed the connection in the TLS handshake.")
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in NO_DESCRIPTOR:
        return LocalLimitError(f"Ninefold couldn't open a connection to {name} in time: {reason}.")
    return ConnectFailedError(f"{name} can't be reached: {reason}.")


def _check_peer(connection: Connection, target: Target, address: str) -> None:
    """Make sure that the connection leads to the address that was checked."""
    peer = connection.peer_address
    if ipaddress.ip_address(peer) != ipaddress.ip_address(address):
        log.warning("egress.peer.unexpected", host=target.host, address=address, peer=peer)
        raise AddressDeniedError(f"The connection to {_name(target)} led to an address that wasn't checked.")


def _log_failure(target: Target, address: str, failure: EgressError) -> None:
    # The addresses of a name can belong to the operator's network: they go into the log, and aren't shown to those who
    # chose the URL.
    if not target.is_address:
        log.info("egress.connection.failed", host=target.host, address=address, error=str(failure))


def _name(target: Target) -> str:
    """Return host and port as they are in the URL."""
    return target.origin.partition("://")[2]
