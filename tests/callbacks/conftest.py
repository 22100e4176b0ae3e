"""Callbacks: what `tests/conftest.py` gives to every system's tests, for this one."""

from collections.abc import Mapping

import pytest

from callbacks.callbacks_api import CallbacksApi
from http_api import Api


@pytest.fixture
def environment() -> Mapping[str, str]:
    """Settings with which a delivery is retried after a fraction of a second."""
    return {"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "0.05,0.05,0.05", "NINEFOLD_WEBHOOKS_RETRY_JITTER_RATIO": "0"}


@pytest.fixture
def api(api: Api) -> CallbacksApi:
    """A client with a key of an organisation."""
    return CallbacksApi(api.http, api.api_key)


@pytest.fixture
def other_api(other_api: Api) -> CallbacksApi:
    """A client with a key of another organisation."""
    return CallbacksApi(other_api.http, other_api.api_key)
