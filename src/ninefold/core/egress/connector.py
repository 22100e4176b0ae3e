"""From a target to an open connection: resolve, judge every address, connect to exactly what was judged."""

import asyncio
import ipaddress
import os
import socket
import ssl
from collections.abc import Sequence

from ninefold.core.egress.addresses import AddressPolicy
from ninefold.core.egress.connection import Connection, ConnectionOwner
from ninefold.core.egress.errors import (
    AddressDeniedError,
    ConnectFailedError,
    ConnectTimeoutError,
    EgressError,
    TlsFailedError,
)
from ninefold.core.egress.limits import EgressLimits
from ninefold.core.egress.resolver import Resolver
from ninefold.core.egress.target import Target


def default_tls_context() -> ssl.SSLContext:
    """Return a context that trusts the system's authorities and speaks TLS 1.2 or newer, for HTTP/1.1."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


class Connector:
    """Opens connections, and knows nothing of requests."""

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

    async def connect(self, target: Target, *, deadline: float) -> Connection:
        """Open a connection to the first address that accepts one.

        Args:
            target: where to.
            deadline: when to give up, in the loop's time; the addresses share what is left.

        Raises:
            EgressError: the reason why there is no connection; that of the last address that was tried.
        """
        loop = asyncio.get_running_loop()
        addresses = await self._find_addresses(target, time_left_s=deadline - loop.time())
        failure: EgressError | None = None
        for count_left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            share_s = (deadline - loop.time()) / count_left
            try:
                async with asyncio.timeout(share_s):
                    return await self._connect_to(address, target, loop)
            except TimeoutError:
                failure = ConnectTimeoutError(
                    f"{_name_address(target, address)} didn't accept a connection within {share_s:.3g} s."
                )
            except ConnectFailedError as error:
                failure = error
        assert failure is not None
        raise failure

    async def _find_addresses(self, target: Target, *, time_left_s: float) -> Sequence[str]:
        if target.is_address:
            found: Sequence[str] = [target.host]
        else:
            timeout_s = min(self._limits.lookup_timeout_s, time_left_s)
            found = await self._resolver.resolve(target.host, timeout_s=timeout_s)
        return self._policy.select(target.host, found)[: self._limits.addresses_tried_max]

    async def _connect_to(self, address: str, target: Target, loop: asyncio.AbstractEventLoop) -> Connection:
        connection = Connection(owner=self._owner, origin=target.origin, limits=self._limits, loop=loop)
        is_tls = target.scheme == "https"
        try:
            await loop.create_connection(
                lambda: connection,
                address,
                target.port,
                ssl=self._tls if is_tls else None,
                # The name that was asked for, for SNI and for the certificate; the address is only the way
                # there.
                server_hostname=target.host if is_tls else None,
                flags=socket.AI_NUMERICHOST,
            )
            _check_peer(connection, address)
        except ssl.SSLCertVerificationError as error:
            raise TlsFailedError(
                f"The certificate of {_name_address(target, address)} isn't valid: {error.verify_message}."
            ) from error
        except ssl.SSLError as error:
            reason = (error.reason or "no reason given").replace("_", " ").lower()
            raise TlsFailedError(
                f"The TLS handshake with {_name_address(target, address)} failed: {reason}."
            ) from error
        except OSError as error:
            if is_tls and isinstance(error, ConnectionError) and not error.errno:
                # Without an error number it isn't the kernel's word, but that of the TLS layer.
                raise TlsFailedError(
                    f"{_name_address(target, address)} closed the connection in the TLS handshake."
                ) from error
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise ConnectFailedError(f"{_name_address(target, address)} can't be reached: {reason}.") from error
        except BaseException:
            connection.abort()
            raise
        return connection


def _check_peer(connection: Connection, address: str) -> None:
    """Make sure that the address that was judged is the one at the other end."""
    peer = connection.peer_address
    if ipaddress.ip_address(peer) != ipaddress.ip_address(address):
        raise AddressDeniedError(f"The connection to {address} led to {peer}, which nobody checked.")


def _name_address(target: Target, address: str) -> str:
    bracketed = f"[{address}]" if ":" in address else address
    name = f"{bracketed}:{target.port}"
    return name if target.is_address else f"{target.host} ({name})"
