import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.egress import InvalidTargetError, Target, parse_target


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "path_and_query"),
    [
        ("https://example.com", "https", "example.com", 443, "/"),
        ("https://example.com/", "https", "example.com", 443, "/"),
        ("HTTP://Example.COM/Hook?A=b", "http", "example.com", 80, "/Hook?A=b"),
        ("https://example.com?x=1", "https", "example.com", 443, "/?x=1"),
        ("https://example.com:8443/a/b", "https", "example.com", 8443, "/a/b"),
        ("https://example.com./a", "https", "example.com", 443, "/a"),
        ("https://my_service.internal/a", "https", "my_service.internal", 443, "/a"),
        ("http://192.0.2.1:81/a", "http", "192.0.2.1", 81, "/a"),
        ("http://[2001:DB8::1]:81/a", "http", "2001:db8::1", 81, "/a"),
        ("http://[::ffff:10.0.0.1]/", "http", "::ffff:a00:1", 80, "/"),
        ("https://bücher.example/straße?q=ü", "https", "xn--bcher-kva.example", 443, "/stra%C3%9Fe?q=%C3%BC"),
        ("https://xn--bcher-kva.example/%2F", "https", "xn--bcher-kva.example", 443, "/%2F"),
        ("https://1.example.com/", "https", "1.example.com", 443, "/"),
        ("http://\uff11\uff19\uff12.0.2.1/", "http", "192.0.2.1", 80, "/"),
        ("http://192\u30020\u30022\u30021/", "http", "192.0.2.1", 80, "/"),
        ("http://example.com:/x", "http", "example.com", 80, "/x"),
        ("https://example.com:", "https", "example.com", 443, "/"),
        ("https://example.com:?x=1", "https", "example.com", 443, "/?x=1"),
        ("http://[2001:db8::1]:/x", "http", "2001:db8::1", 80, "/x"),
        ("https://example.com:00443/", "https", "example.com", 443, "/"),
        ('https://example.com/"<>', "https", "example.com", 443, "/%22%3C%3E"),
    ],
)
def test_a_url_is_parsed(url: str, scheme: str, host: str, port: int, path_and_query: str) -> None:
    target = parse_target(url)
    assert (scheme, host, port, path_and_query) == (target.scheme, target.host, target.port, target.path_and_query)


@pytest.mark.parametrize(
    ("url", "request_head"),
    [
        ("https://example.com/a?b=c", b"POST /a?b=c HTTP/1.1\r\nhost: example.com\r\n"),
        ("https://example.com:443/", b"POST / HTTP/1.1\r\nhost: example.com\r\n"),
        ("https://example.com:/", b"POST / HTTP/1.1\r\nhost: example.com\r\n"),
        ("https://example.com:80/", b"POST / HTTP/1.1\r\nhost: example.com:80\r\n"),
        ("http://[2001:db8::1]:8080/", b"POST / HTTP/1.1\r\nhost: [2001:db8::1]:8080\r\n"),
    ],
)
def test_the_head_of_a_request_is_ready_to_send(url: str, request_head: bytes) -> None:
    assert request_head == parse_target(url).request_head


def test_a_host_is_recognized_as_an_address() -> None:
    assert parse_target("http://192.0.2.1/").is_address
    assert parse_target("http://[2001:db8::1]/").is_address
    assert not parse_target("http://192.0.2.1.example/").is_address


def test_the_origin_separates_scheme_host_and_port() -> None:
    origins = {
        parse_target(url).origin
        for url in ("http://a.example/1", "http://a.example:80/2", "https://a.example", "http://a.example:81")
    }
    assert origins == {"http://a.example:80", "https://a.example:443", "http://a.example:81"}


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f.0.0.1",
        "0x7f000001",
        "0X7F000001",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.1.2",
        "127.0.0.256",
        "1.2.3.4.0x",
        "127.0.0.1..",
        "\uff11\uff12\uff17.1",
        "\u246b7.1",
    ],
)
def test_unusual_notations_of_addresses_are_refused(host: str) -> None:
    with pytest.raises(InvalidTargetError):
        parse_target(f"http://{host}/")


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("", "isn't absolute"),
        ("example.com/hook", "isn't absolute"),
        ("//example.com/hook", "isn't absolute"),
        ("https:/example.com", "isn't absolute"),
        ("ftp://example.com/", "scheme is ftp"),
        ("file:///etc/passwd", "scheme is file"),
        ("https://", "isn't a host name"),
        ("https:///path", "isn't a host name"),
        ("https://user@example.com/", "user name or a password"),
        ("https://user:pass@example.com/", "user name or a password"),
        ("https://example.com#x", "fragment"),
        ("https://example.com/a#", "fragment"),
        ("https://example.com:0/", "port is 0"),
        ("https://example.com:65536/", "port is 65536"),
        ("https://example.com::/", "host or port"),
        ("https://example.com:x/", "host or port"),
        ("https://example.com:80:80/", "host or port"),
        ("https://example.com:+80/", "host or port"),
        ("https://[::1/", "host or port"),
        ("https://[::1]x/", "host or port"),
        ("https://[127.0.0.1]/", "isn't an IPv6 address"),
        ("https://[fe80::1%25eth0]/", "zone"),
        ("https://[fe80::1%eth0]/", "zone"),
        ("https://exa mple.com/", "contains a space"),
        ("https://example.com/a b", "contains a space"),
        ("https://example.com\\@evil.example/", "backslash"),
        ("https://-example.com/", "isn't a host name"),
        ("https://exa%6dple.com/", "isn't a host name"),
        ("https://a..example/", "isn't a host name"),
        ("https://.example/", "isn't a host name"),
        ("https://" + "a" * 64 + ".example/", "isn't a host name"),
        ("https://" + "a." * 130 + "example/", "isn't a host name"),
        ("https://ex\u200dample.com/", "international"),
        ("https://" + "\u0300" + ".example/", "international"),
        ("https://example.com/" + "a" * 2048, "characters"),
    ],
)
def test_a_bad_url_says_what_is_wrong_with_it(url: str, detail: str) -> None:
    with pytest.raises(InvalidTargetError, match=detail) as caught:
        parse_target(url)
    assert caught.value.field == "url"
    assert caught.value.http_status == 422
    assert caught.value.remedy is not None


@pytest.mark.parametrize(
    ("url", "detail", "remedy"),
    [
        (" https://example.com/", "begins with a space", "Remove it."),
        ("https://example.com/ ", "ends with a space", "Remove it."),
        ("https://example.com/\n", "ends with a line break", "Remove it."),
        ("https://example.com/\r\n", "ends with a line break", "Remove it."),
        ("\thttps://example.com/", "begins with a tab", "Remove it."),
        ("\ufeffhttps://example.com/", r"begins with an invisible character \(U\+FEFF\)", "Remove it."),
        ("https://example.com/\u200b", r"ends with an invisible character \(U\+200B\)", "Remove it."),
        ("https://example.com/\xa0", r"ends with a space \(U\+00A0\)", "Remove it."),
        ("https://example.com/\x00", r"ends with a control character \(U\+0000\)", "Remove it."),
        ("https://example.com/\u2028", "ends with a line break", "Remove it."),
        (" ", "begins with a space", "Remove it."),
        ("https://example.com/a b ", "contains a space", "write it as %20 in the path or in the query"),
        ("https://example.com/\r\nx: y", "contains a line break", "Remove it."),
        ("https://example.com/a\x7fb", r"contains a control character \(U\+007F\)", "Remove it."),
        ("https://example.com\\@evil.example/", "contains a backslash", "Write / instead"),
    ],
)
def test_an_unwanted_character_is_named_with_what_to_do_about_it(url: str, detail: str, remedy: str) -> None:
    with pytest.raises(InvalidTargetError, match=f"^The URL {detail}") as caught:
        parse_target(url)
    assert remedy in str(caught.value.remedy)


@given(st.text(max_size=60))
def test_any_text_is_either_a_target_or_an_invalid_url(text: str) -> None:
    for url in (text, f"http://{text}", f"http://example.com/{text}"):
        try:
            target = parse_target(url)
        except InvalidTargetError:
            continue
        check_is_sound(target)


def check_is_sound(target: Target) -> None:
    head = target.request_head
    assert head.count(b"\r\n") == 2
    assert head.count(b"\n") == 2
    assert head.count(b" ") == 3
    assert target.host.isascii()
    assert 1 <= target.port <= 65535
    assert parse_target(target.origin).host == target.host
