"""The site: how people reach this server, and what follows for links, cookies, origins and the addresses of clients."""

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from ninefold.core.config import CoreSettings
from ninefold.core.errors import SettingError
from ninefold.core.web.surfaces import Connection

_PUBLIC_URL: Final = re.compile(r"https?://[^/?#@\s]+/?")
_FORWARDED_FOR: Final = b"x-forwarded-for"
_UNKNOWN: Final = "unknown"

Network: TypeAlias = IPv4Network | IPv6Network


class Site:
    """How people reach this server.

    Args:
        public_url: the address without a path, such as `https://ninefold.example.com`; None if it is that of each
            request.
        trusted_proxies: reverse proxies whose `X-Forwarded-For` counts.
        session_lifetime: after which time a person has to sign in again.
        session_idle_max: how long a session can be unused.
    """

    def __init__(
        self,
        *,
        public_url: str | None = None,
        trusted_proxies: Sequence[Network] = (),
        session_lifetime: timedelta = timedelta(days=30),
        session_idle_max: timedelta = timedelta(days=7),
    ) -> None:
        self.public_url: Final = public_url.rstrip("/") if public_url else None
        self.trusted_proxies: Final = trusted_proxies
        self.session_lifetime: Final = session_lifetime
        self.session_idle_max: Final = session_idle_max

    @classmethod
    def from_settings(cls, settings: CoreSettings) -> "Site":
        """Return the site of the settings.

        Raises:
            SettingError: the public address or the CIDR of a proxy is invalid.
        """
        return cls(
            public_url=_checked_url(settings.public_url),
            trusted_proxies=tuple(_networks(settings.trusted_proxies)),
            session_lifetime=timedelta(seconds=settings.sessions_lifetime_s),
            session_idle_max=timedelta(seconds=settings.sessions_idle_max_s),
        )

    def base_url(self, connection: Connection) -> str:
        """Return the address that links begin with, such as `https://ninefold.example.com`."""
        return self.public_url or f"{connection.scope['scheme']}://{_host(connection)}"

    def is_secure(self, connection: Connection) -> bool:
        """Return whether people use https, so that cookies must be sent over nothing else."""
        return self.base_url(connection).startswith("https:")

    def is_own_origin(self, connection: Connection, origin: str) -> bool:
        """Return whether a page of this origin (RFC 6454) is one of this server.

        The scheme isn't compared, because a proxy that ends TLS hides it.
        """
        host = urlsplit(origin).netloc.lower()
        own = {_host(connection).lower()}
        if self.public_url is not None:
            own.add(urlsplit(self.public_url).netloc.lower())
        return bool(host) and host in own

    def client_address(self, connection: Connection) -> str:
        """Return the client's IP address; behind a trusted proxy, the one that it forwarded.

        Anybody can send `X-Forwarded-For`, so only the part that trusted proxies have added counts: from the right, the
        first address that isn't one of theirs.
        """
        peer = connection.scope.get("client")
        address = _parse(peer[0]) if peer else None
        if address is None:
            return _UNKNOWN
        forwarded = b",".join(value for name, value in connection.scope["headers"] if name == _FORWARDED_FOR)
        for text in reversed(forwarded.decode("latin-1").split(",")):
            previous = _parse(text.strip())
            if previous is None or not self._is_trusted(address):
                break
            address = previous
        return str(address)

    def _is_trusted(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self.trusted_proxies)


def _checked_url(url: str | None) -> str | None:
    if url is not None and not _PUBLIC_URL.fullmatch(url):
        raise SettingError(
            f"NINEFOLD_PUBLIC_URL has an invalid value: {url!r} isn't an http or https address without a path.",
            field="NINEFOLD_PUBLIC_URL",
            remedy="Write it as https://ninefold.example.com.",
        )
    return url


def _networks(texts: Iterable[str]) -> Iterable[Network]:
    for text in texts:
        try:
            yield ip_network(text)
        except ValueError as error:
            raise SettingError(
                f"NINEFOLD_TRUSTED_PROXIES has an invalid value: {text!r} isn't a CIDR.",
                field="NINEFOLD_TRUSTED_PROXIES",
                remedy="Write CIDRs separated by commas, such as 10.0.0.0/8,fd00::/8.",
            ) from error


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket that listens on all addresses shows IPv4 clients as `::ffff:10.0.0.5`.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _host(connection: Connection) -> str:
    host = next((value for name, value in connection.scope["headers"] if name == b"host"), b"")
    return host.decode("latin-1")
