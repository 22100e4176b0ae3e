"""Decides which addresses outgoing requests may reach: the public internet, and what the operator allows.

The lists follow IANA's registries "IPv4 Special-Purpose Address Space", "IPv6 Special-Purpose Address Space" and "IPv6
Global Unicast Address Assignments". An address that isn't globally reachable, or is translated to another one, is
denied. The metadata services that clouds run on public addresses are denied too.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import structlog

from ninefold.core.egress.errors import AddressDeniedError
from ninefold.core.egress.target import InvalidTargetError, Target
from ninefold.core.errors import SettingError

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

DENIED_IPV4: Final = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # "this network" (RFC 791); on Linux, 0.0.0.0 is this machine
            "10.0.0.0/8",  # private (RFC 1918)
            "100.64.0.0/10",  # carrier-grade NAT (RFC 6598); Alibaba Cloud's metadata at 100.100.100.200
            "127.0.0.0/8",  # loopback (RFC 1122)
            "168.63.129.16/32",  # Azure's platform services, on an otherwise public address
            "169.254.0.0/16",  # link-local (RFC 3927); most clouds' metadata at 169.254.169.254
            "172.16.0.0/12",  # private (RFC 1918)
            "192.0.0.0/24",  # protocol assignments (RFC 6890); Oracle Cloud's metadata at 192.0.0.192
            "192.0.2.0/24",  # documentation (RFC 5737)
            "192.31.196.0/24",  # AS112 (RFC 7535)
            "192.52.193.0/24",  # automatic multicast tunneling (RFC 7450)
            "192.88.99.0/24",  # 6to4 relays (RFC 7526)
            "192.168.0.0/16",  # private (RFC 1918)
            "192.175.48.0/24",  # AS112 (RFC 7534)
            "198.18.0.0/15",  # benchmarking (RFC 2544)
            "198.51.100.0/24",  # documentation (RFC 5737)
            "203.0.113.0/24",  # documentation (RFC 5737)
            "224.0.0.0/4",  # multicast (RFC 1112)
            "240.0.0.0/4",  # reserved (RFC 1112), and the limited broadcast address
        ),
    )
)

PUBLIC_IPV6: Final = ipaddress.IPv6Network("2000::/3")
"""Everything that is assigned as global unicast (RFC 4291); all other addresses are denied."""

DENIED_IPV6: Final = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocol assignments (RFC 2928): Teredo, benchmarking, ORCHID and others
            "2001:db8::/32",  # documentation (RFC 3849)
            "2002::/16",  # 6to4 (RFC 3056), which has an IPv4 address inside
            "2620:4f:8000::/48",  # AS112 (RFC 7534)
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
"""Denied although inside `PUBLIC_IPV6`."""

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")

_DENIAL: Final = (
    "an address that outgoing requests may not reach; the operator can allow it with NINEFOLD_EGRESS_ALLOW."
)


_LOCALHOST: Final = "localhost"
_LOOPBACK_ADDRESSES: Final = ("127.0.0.1", "::1")

log = structlog.get_logger(__name__)


class DeniedTargetError(InvalidTargetError):
    """Every request to this URL would be denied, whatever its host's name resolves to."""

    code = "address_denied"
    title = "Address denied"


class AddressPolicy:
    """Decides whether an outgoing request may reach an address.

    Args:
        allowed: networks that may be reached although they are on the deny list.
    """

    def __init__(self, allowed: Iterable[_Network] = ()) -> None:
        self._allowed = tuple(allowed)

    @classmethod
    def from_cidrs(cls, allow: Iterable[str]) -> "AddressPolicy":
        """Build a policy from CIDRs such as `10.1.0.0/16`; a single address is a network of one.

        Raises:
            SettingError: a text isn't a CIDR.
        """
        return cls([_parse_cidr(text) for text in allow])

    def is_allowed(self, address: str) -> bool:
        """Return whether a request may reach an address; False for a text that isn't an address."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return self._permits(parsed)

    def check_target(self, target: Target) -> None:
        """Refuse a target that is denied by its URL alone, without a lookup.

        It is denied if its host is a denied address, or `localhost` or a name below it, which are always this machine
        (RFC 6761 §6.3), and no loopback address is allowed. Other names are only checked when a connection is made,
        because what they resolve to can change.

        Raises:
            DeniedTargetError: requests to the target would be denied.
        """
        addresses = [target.host] if target.is_address else _localhost_addresses(target.host)
        if addresses and not any(map(self.is_allowed, addresses)):
            raise DeniedTargetError(
                f"{target.host} is an address that outgoing requests may not reach.",
                field="url",
                remedy="Use a public address, or ask the operator to allow this one with NINEFOLD_EGRESS_ALLOW.",
            )

    def select(self, host: str, addresses: Sequence[str]) -> list[str]:
        """Return the addresses of a host that a connection may be made to, in the same order.

        If one address is denied, all are: an answer that mixes public and private addresses is a sign of DNS rebinding,
        or of a mistake that should be reported. The exception is an answer of loopback addresses only. Of these, the
        allowed ones are returned, so that `localhost` (127.0.0.1 and ::1) works where only 127.0.0.0/8 is allowed.

        The denied address is logged, and not shown to those who chose the URL: it can belong to the operator's network.

        Raises:
            AddressDeniedError: an address is denied; the message has it only if it is the host itself.
        """
        allowed = [address for address in addresses if self.is_allowed(address)]
        if len(allowed) == len(addresses) or (allowed and all(map(_is_loopback, addresses))):
            return allowed
        denied = next(address for address in addresses if address not in allowed)
        if host == denied:
            raise AddressDeniedError(f"{host} is {_DENIAL}")
        log.warning("egress.address.denied", host=host, address=denied)
        raise AddressDeniedError(f"{host} leads to {_DENIAL}")

    def _permits(self, address: _Address) -> bool:
        if isinstance(address, ipaddress.IPv4Address):
            return self._is_listed(address) or not any(address in network for network in DENIED_IPV4)
        if address.scope_id is not None:
            return False
        if address in _MAPPED:
            # The kernel sends this as plain IPv4. No public name has such an address, so only explicitly allowed ones
            # may be reached.
            return self._is_listed(_embedded_ipv4(address)) or self._is_listed(address)
        if address in _NAT64:
            # The translator can reach any IPv4 address, so that address has to be allowed too.
            return self._is_listed(address) and self._permits(_embedded_ipv4(address))
        return self._is_listed(address) or (
            address in PUBLIC_IPV6 and not any(address in network for network in DENIED_IPV6)
        )

    def _is_listed(self, address: _Address) -> bool:
        return any(address in network for network in self._allowed)


def _parse_cidr(text: str) -> _Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise SettingError(
            f"NINEFOLD_EGRESS_ALLOW contains {text!r}, which isn't a network in CIDR form: {error}.",
            field="NINEFOLD_EGRESS_ALLOW",
            remedy="Write networks separated by commas, such as 127.0.0.0/8,10.1.0.0/16.",
        ) from error


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(address.packed[-4:])


def _localhost_addresses(host: str) -> Sequence[str]:
    return _LOOPBACK_ADDRESSES if host == _LOCALHOST or host.endswith(f".{_LOCALHOST}") else ()


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback
