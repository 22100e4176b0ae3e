import ipaddress
from contextlib import nullcontext
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ninefold.core.egress import parse_target
from ninefold.core.egress.addresses import DENIED_IPV4, DENIED_IPV6, AddressPolicy, DeniedTargetError
from ninefold.core.egress.errors import AddressDeniedError
from ninefold.core.errors import SettingError

DEFAULT = AddressPolicy()
IPV6_RANGES = (
    "::/8",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "4000::/3",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
)


@pytest.mark.parametrize("network", DENIED_IPV4, ids=str)
def test_first_and_last_address_of_each_ipv4_range_are_denied(network: IPv4Network) -> None:
    assert not DEFAULT.is_allowed(str(network[0]))
    assert not DEFAULT.is_allowed(str(network[-1]))


@pytest.mark.parametrize(
    "address",
    [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "168.63.129.17",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.31.195.255",
        "192.31.197.0",
        "192.52.192.255",
        "192.52.194.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "192.175.47.255",
        "192.175.49.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "8.8.8.8",
    ],
)
def test_the_addresses_around_the_ipv4_ranges_are_allowed(address: str) -> None:
    assert DEFAULT.is_allowed(address)


@pytest.mark.parametrize("text", IPV6_RANGES)
def test_first_and_last_address_of_each_ipv6_range_are_denied(text: str) -> None:
    network = IPv6Network(text)
    assert not DEFAULT.is_allowed(str(network[0]))
    assert not DEFAULT.is_allowed(str(network[-1]))


@pytest.mark.parametrize(
    "address",
    [
        "2000::",
        "2001:200::",
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
        "2003::",
        "2606:4700:4700::1111",
        "3ffe:ffff::",
        "3fff:1000::",
        "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ],
)
def test_the_addresses_around_the_ipv6_ranges_are_allowed(address: str) -> None:
    assert DEFAULT.is_allowed(address)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"],
)
def test_metadata_services_are_denied(address: str) -> None:
    assert not DEFAULT.is_allowed(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "127.0.0.1 "])
def test_a_text_that_is_not_an_address_is_denied_even_if_all_are_allowed(text: str) -> None:
    assert not AddressPolicy.from_cidrs(["0.0.0.0/0", "::/0"]).is_allowed(text)


@pytest.mark.parametrize("address", ["fe80::1%eth0", "2606:4700::1%1"])
def test_an_address_with_a_zone_is_denied_even_if_all_are_allowed(address: str) -> None:
    assert not AddressPolicy.from_cidrs(["::/0"]).is_allowed(address)


@st.composite
def denied_ipv4(draw: st.DrawFn) -> IPv4Address:
    network = draw(st.sampled_from(DENIED_IPV4))
    return IPv4Address(draw(st.integers(int(network[0]), int(network[-1]))))


@given(denied_ipv4())
def test_a_denied_ipv4_address_is_denied_in_every_ipv6_notation(address: IPv4Address) -> None:
    number = int(address)
    disguises = {
        "mapped": IPv6Address(0xFFFF << 32 | number),
        "compatible": IPv6Address(number),
        "translated": IPv6Address(0xFFFF << 48 | number),
        "NAT64": IPv6Address(0x64_FF9B << 96 | number),
        "local NAT64": IPv6Address(0x64_FF9B_0001 << 80 | number),
        "6to4": IPv6Address(0x2002 << 112 | number << 80 | 1),
        "Teredo": IPv6Address(0x2001 << 112 | number ^ 0xFFFF_FFFF),
    }
    assert not DEFAULT.is_allowed(str(address))
    assert [name for name, disguise in disguises.items() if DEFAULT.is_allowed(str(disguise))] == []


@given(st.ip_addresses(v=4))
def test_allowed_ipv4_addresses_are_globally_reachable(address: IPv4Address) -> None:
    assert not DEFAULT.is_allowed(str(address)) or address.is_global


@given(st.ip_addresses(v=6))
def test_allowed_ipv6_addresses_are_global_unicast(address: IPv6Address) -> None:
    is_denied = any(address in network for network in DENIED_IPV6)
    assert DEFAULT.is_allowed(str(address)) == (address in IPv6Network("2000::/3") and not is_denied)


def test_allowing_a_network_allows_nothing_else() -> None:
    policy = AddressPolicy.from_cidrs(["10.1.0.0/16", "192.168.7.7", "fd00:1::/64"])
    allowed = {
        address: policy.is_allowed(address)
        for address in ("10.1.0.0", "10.1.255.255", "10.2.0.0", "192.168.7.7", "192.168.7.8", "fd00:1::5", "fd00:2::5")
    }
    assert allowed == {
        "10.1.0.0": True,
        "10.1.255.255": True,
        "10.2.0.0": False,
        "192.168.7.7": True,
        "192.168.7.8": False,
        "fd00:1::5": True,
        "fd00:2::5": False,
    }


def test_a_mapped_address_is_allowed_if_its_ipv4_address_is_explicitly_allowed() -> None:
    policy = AddressPolicy.from_cidrs(["127.0.0.0/8"])
    assert policy.is_allowed("::ffff:127.0.0.1")
    assert not policy.is_allowed("::ffff:10.0.0.1")
    assert not policy.is_allowed("::ffff:8.8.8.8")


def test_allowing_nat64_does_not_allow_denied_ipv4_addresses() -> None:
    policy = AddressPolicy.from_cidrs(["64:ff9b::/96"])
    assert policy.is_allowed("64:ff9b::8.8.8.8")
    assert not policy.is_allowed("64:ff9b::169.254.169.254")


@pytest.mark.parametrize("text", ["10.0.0.5/8", "10.0.0.0/33", "localhost", "", "10.0.0.0-10.0.0.9"])
def test_a_text_that_is_not_a_network_names_the_setting_and_the_remedy(text: str) -> None:
    with pytest.raises(SettingError) as caught:
        AddressPolicy.from_cidrs([text])
    assert caught.value.field == "NINEFOLD_EGRESS_ALLOW"
    assert repr(text) in caught.value.detail
    assert caught.value.remedy is not None


def test_one_denied_address_denies_all() -> None:
    with pytest.raises(AddressDeniedError, match=r"rebind\.example leads to an address that"):
        DEFAULT.select("rebind.example", ["8.8.8.8", "10.0.0.1"])


def test_a_mixed_answer_is_denied_even_where_loopback_is_allowed() -> None:
    policy = AddressPolicy.from_cidrs(["127.0.0.0/8"])
    with pytest.raises(AddressDeniedError):
        policy.select("rebind.example", ["127.0.0.1", "10.0.0.1"])


def test_of_loopback_addresses_the_allowed_ones_are_used() -> None:
    policy = AddressPolicy.from_cidrs(["127.0.0.0/8"])
    assert policy.select("localhost", ["::1", "127.0.0.1"]) == ["127.0.0.1"]


def test_localhost_is_denied_by_default() -> None:
    with pytest.raises(AddressDeniedError, match="localhost leads to an address that"):
        DEFAULT.select("localhost", ["::1", "127.0.0.1"])


def test_the_denied_address_of_a_name_is_logged_and_not_in_the_error() -> None:
    with capture_logs() as logs, pytest.raises(AddressDeniedError) as caught:
        DEFAULT.select("private.example", ["10.0.0.1"])
    assert "10.0.0.1" not in str(caught.value)
    assert logs == [
        {
            "event": "egress.address.denied",
            "log_level": "warning",
            "host": "private.example",
            "address": "10.0.0.1",
        }
    ]
    with pytest.raises(AddressDeniedError, match=r"^10\.0\.0\.1 is an address that"):
        DEFAULT.select("10.0.0.1", ["10.0.0.1"])


def test_the_error_for_a_denied_address_says_how_to_allow_it() -> None:
    assert DEFAULT.select("8.8.8.8", ["8.8.8.8"]) == ["8.8.8.8"]
    with pytest.raises(AddressDeniedError, match="the operator can allow it with NINEFOLD_EGRESS_ALLOW"):
        DEFAULT.select("127.0.0.1", ["127.0.0.1"])


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.255.255.255",
        "0.0.0.0",  # nothing is bound to it.
        "10.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:8.8.8.8]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[fc00::1]",
        "[fe80::1]",
        "\uff11\uff12\uff17.0.0.1",
        "127\u30020\u30020\u30021",
        "127.0.0.1.",
        "localhost",
        "LocalHost",
        "localhost.",
        "receiver.localhost",
        "\uff4cocalhost",
    ],
)
def test_a_target_with_a_denied_host_is_refused(host: str) -> None:
    with pytest.raises(DeniedTargetError, match="is an address that outgoing requests may not reach") as caught:
        DEFAULT.check_target(parse_target(f"http://{host}:8080/hooks"))
    assert (caught.value.code, caught.value.http_status, caught.value.field) == ("address_denied", 422, "url")
    assert "NINEFOLD_EGRESS_ALLOW" in str(caught.value.remedy)


@pytest.mark.parametrize(
    "host",
    [
        "8.8.8.8",
        "[2606:4700:4700::1111]",
        "example.com",
        "localhost.example.com",
        "notlocalhost",
        "localhost6",
        "host.local",
        "10.0.0.1.example",
    ],
)
def test_a_target_that_is_public_or_needs_a_lookup_is_accepted(host: str) -> None:
    DEFAULT.check_target(parse_target(f"http://{host}/"))


@pytest.mark.parametrize(
    ("allow", "host", "is_accepted"),
    [
        ("127.0.0.0/8", "127.0.0.1", True),
        ("127.0.0.0/8", "[::1]", False),
        ("127.0.0.0/8", "[::ffff:127.0.0.1]", True),
        ("127.0.0.0/8", "localhost", True),
        ("::1/128", "localhost", True),
        ("::1/128", "127.0.0.1", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "localhost", False),
    ],
)
def test_an_allowed_network_is_accepted_as_a_target(allow: str, host: str, *, is_accepted: bool) -> None:
    policy = AddressPolicy.from_cidrs([allow])
    with nullcontext() if is_accepted else pytest.raises(DeniedTargetError):
        policy.check_target(parse_target(f"http://{host}/"))


def test_everything_that_python_lists_as_private_is_denied() -> None:
    for network in (*ipaddress._IPv4Constants._private_networks, IPv4Network("100.64.0.0/10")):  # type: ignore[attr-defined]
        assert not DEFAULT.is_allowed(str(network[0])), network
