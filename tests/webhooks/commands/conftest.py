"""What tests of commands share."""

from functools import partial

import httpx
import pytest

from ninefold.core.commands import ApiClient
from webhooks.fake_server import Server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server that all commands of the test reach."""
    server = Server()
    monkeypatch.setenv("NINEFOLD_URL", "http://ninefold.test")
    monkeypatch.setenv("NINEFOLD_API_KEY", "nfk_test")
    make_client = partial(ApiClient, transport=httpx.MockTransport(server.handle))
    monkeypatch.setattr("ninefold.core.commands.options.ApiClient", make_client)
    return server
