"""A subscription's URL that could only fail is refused at once, unless the operator allows its address."""

from collections.abc import Mapping

import pytest

from http_api import Json
from webhooks.webhooks_api import WebhooksApi

ALLOWED = "10.1.0.0/16"


@pytest.fixture
def environment() -> Mapping[str, str]:
    """Settings that allow one private network, and not this machine."""
    return {"NINEFOLD_EGRESS_ALLOW": ALLOWED}


def with_url(url: str) -> Json:
    return {"url": url, "event_types": ["*"]}


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1", "address_denied"),
        ("169.254.169.254", "address_denied"),
        ("10.2.0.1", "address_denied"),
        ("[::1]", "address_denied"),
        ("[::ffff:127.0.0.1]", "address_denied"),
        ("localhost", "address_denied"),
        ("receiver.localhost", "address_denied"),
        ("2130706433", "invalid_url"),
        ("0x7f000001", "invalid_url"),
        ("0177.0.0.1", "invalid_url"),
        ("127.1", "invalid_url"),
    ],
)
async def test_a_url_that_can_only_fail_is_refused(api: WebhooksApi, host: str, code: str) -> None:
    created = await api.done("POST", "/subscriptions", json=with_url("https://example.com/hooks"))
    path = f"/subscriptions/{created['subscription_id']}"
    url = f"http://{host}:8080/hooks"

    for method, target, body in (("POST", "/subscriptions", with_url(url)), ("PATCH", path, {"url": url})):
        problem = await api.refused(422, method, target, json=body)
        assert (problem["code"], problem["field"]) == (code, "url")
        assert problem["remedy"]
    assert [item["url"] for item in (await api.get("/subscriptions"))["items"]] == ["https://example.com/hooks"]


@pytest.mark.parametrize("url", ["http://10.1.2.3/hooks", "http://internal.example:/x"])
async def test_a_url_that_can_succeed_is_accepted(api: WebhooksApi, url: str) -> None:
    created = await api.done("POST", "/subscriptions", json=with_url(url))
    changed = await api.done("PATCH", f"/subscriptions/{created['subscription_id']}", json={"url": url})

    assert created["url"] == changed["url"] == url
