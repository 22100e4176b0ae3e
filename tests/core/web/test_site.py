"""How people reach the server: addresses of clients, own origins, and secure cookies."""

from typing import Any

import pytest
from litestar.connection import ASGIConnection

from ninefold.core.config import CoreSettings
from ninefold.core.errors import SettingError
from ninefold.core.web.site import Site
from ninefold.core.web.surfaces import Connection

PROXIES = ("10.0.0.0/8", "fd00::/8")


def connection(
    *forwarded: str, peer: str | None = "10.0.0.1", host: str = "ninefold.test", scheme: str = "http"
) -> Connection:
    headers = [(b"host", host.encode()), *[(b"x-forwarded-for", value.encode()) for value in forwarded]]
    scope: Any = {"type": "http", "headers": headers, "scheme": scheme, "client": peer and (peer, 1)}
    return ASGIConnection(scope)


def site(**settings: Any) -> Site:
    return Site.from_settings(CoreSettings(**settings))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1, 10.2.2.2"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["10.2.2.2"], "10.2.2.2"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("::ffff:203.0.113.7", [], "203.0.113.7"),
        (None, [], "unknown"),
    ],
)
def test_the_address_of_a_client_is_the_first_that_no_trusted_proxy_has(
    peer: str | None, forwarded: list[str], expected: str
) -> None:
    assert site(trusted_proxies=PROXIES).client_address(connection(*forwarded, peer=peer)) == expected


@pytest.mark.parametrize(
    ("origin", "is_own"),
    [
        ("http://ninefold.test", True),
        ("https://ninefold.test", True),
        ("https://ninefold.example.com", True),
        ("https://NINEFOLD.example.com", True),
        ("https://ninefold.example.com:8443", False),
        ("https://evil.example", False),
        ("https://ninefold.example.com.evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_an_origin_is_own_by_its_host_and_port(origin: str, *, is_own: bool) -> None:
    public = site(public_url="https://ninefold.example.com/")

    assert public.is_own_origin(connection(), origin) is is_own


def test_an_empty_origin_is_not_that_of_a_request_without_a_host() -> None:
    assert not site().is_own_origin(connection(host=""), "null")


@pytest.mark.parametrize(
    ("public_url", "scheme", "base_url"),
    [
        (None, "http", "http://ninefold.test"),
        (None, "https", "https://ninefold.test"),
        ("https://ninefold.example.com/", "http", "https://ninefold.example.com"),
        ("http://intranet", "https", "http://intranet"),
    ],
)
def test_links_begin_with_the_public_address(public_url: str | None, scheme: str, base_url: str) -> None:
    public = site(public_url=public_url)

    assert public.base_url(connection(scheme=scheme)) == base_url
    assert public.is_secure(connection(scheme=scheme)) is base_url.startswith("https")


def test_a_wrong_cidr_stops_the_start() -> None:
    with pytest.raises(SettingError) as raised:
        site(trusted_proxies=["10.0.0.1/8"])

    assert raised.value.field == "NINEFOLD_TRUSTED_PROXIES"


@pytest.mark.parametrize(
    "url", ["ninefold.example.com", "ftp://ninefold.example.com", "https://ninefold.example.com/path", "https://a b"]
)
def test_a_wrong_public_address_stops_the_start(url: str) -> None:
    with pytest.raises(SettingError) as raised:
        site(public_url=url)

    assert raised.value.field == "NINEFOLD_PUBLIC_URL"
