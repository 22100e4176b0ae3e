"""The assistant: what `tests/conftest.py` gives to every system's tests, for this one."""

from collections.abc import Mapping

import pytest

from assistant.assistant_api import AssistantApi
from http_api import Api
from ninefold.systems.assistant.engines.scripted import MODEL


@pytest.fixture
def environment() -> Mapping[str, str]:
    """Settings with which answers come from a script."""
    return {"NINEFOLD_ASSISTANT_ENGINE": "scripted", "NINEFOLD_ASSISTANT_MODEL": MODEL}


@pytest.fixture
def api(api: Api) -> AssistantApi:
    """A client with a key of an organisation."""
    return AssistantApi(api.http, api.api_key)


@pytest.fixture
def other_api(other_api: Api) -> AssistantApi:
    """A client with a key of another organisation."""
    return AssistantApi(other_api.http, other_api.api_key)
