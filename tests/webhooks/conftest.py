"""Webhook delivery with short waits: what `tests/conftest.py` gives to every system's tests, for this one."""

from collections.abc import Mapping

import pytest

from http_api import Api
from webhooks.webhooks_api import WebhooksApi


@pytest.fixture
def environment() -> Mapping[str, str]:
    """Settings with which a delivery has failed after a fraction of a second."""
    return {
        "NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "0.05,0.05,0.05",
        "NINEFOLD_WEBHOOKS_RETRY_JITTER_RATIO": "0",
        "NINEFOLD_WEBHOOKS_ATTEMPT_TIMEOUT_S": "5",
    }


@pytest.fixture
def api(api: Api) -> WebhooksApi:
    """A client with a key of an organisation."""
    return WebhooksApi(api.http, api.api_key)


@pytest.fixture
def other_api(other_api: Api) -> WebhooksApi:
    """A client with a key of another organisation."""
    return WebhooksApi(other_api.http, other_api.api_key)
