"""Callbacks: what `tests/conftest.py` gives to every system's tests, for this one."""

import pytest

from callbacks.callbacks_api import CallbacksApi
from http_api import Api


@pytest.fixture
def api(api: Api) -> CallbacksApi:
    """A client with a key of an organisation."""
    return CallbacksApi(api.http, api.api_key)


@pytest.fixture
def other_api(other_api: Api) -> CallbacksApi:
    """A client with a key of another organisation."""
    return CallbacksApi(other_api.http, other_api.api_key)
