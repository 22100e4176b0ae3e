import socket
from collections.abc import Iterator

import pytest

from installations import free_port
from ninefold.core.config import CoreSettings
from ninefold.core.errors import SettingError
from ninefold.edge.ports import is_ready, looks_like_ninefold, require_free_port


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        # Connections are accepted and never answered.
        listener.settimeout(0)
        yield listener.getsockname()[1]


def test_a_free_port_is_accepted() -> None:
    require_free_port(CoreSettings(port=free_port()))


def test_a_port_that_is_taken_is_reported_with_its_setting(monkeypatch: pytest.MonkeyPatch, taken_port: int) -> None:
    monkeypatch.setattr("ninefold.edge.ports.PROBE_TIMEOUT_S", 0.05)

    with pytest.raises(SettingError) as caught:
        require_free_port(CoreSettings(port=taken_port))

    assert f"Port {taken_port}" in caught.value.detail
    assert "another program" in caught.value.detail
    assert caught.value.field == "NINEFOLD_PORT"
    assert "--port or NINEFOLD_PORT" in str(caught.value.remedy)


def test_a_port_that_ninefold_has_is_reported_as_such(monkeypatch: pytest.MonkeyPatch, taken_port: int) -> None:
    monkeypatch.setattr("ninefold.edge.ports.looks_like_ninefold", lambda _: True)

    with pytest.raises(SettingError, match="Ninefold already runs there"):
        require_free_port(CoreSettings(port=taken_port))


def test_an_address_of_another_machine_names_the_host_setting() -> None:
    with pytest.raises(SettingError) as caught:
        require_free_port(CoreSettings(host="192.0.2.1", port=free_port()))

    assert caught.value.field == "NINEFOLD_HOST"


def test_an_unknown_host_names_the_host_setting() -> None:
    with pytest.raises(SettingError) as caught:
        require_free_port(CoreSettings(host="no such host", port=free_port()))

    assert caught.value.field == "NINEFOLD_HOST"


async def test_a_port_without_a_server_is_not_ready() -> None:
    assert not await is_ready(f"http://127.0.0.1:{free_port()}")


def test_a_port_without_a_server_does_not_look_like_ninefold() -> None:
    assert not looks_like_ninefold(f"http://127.0.0.1:{free_port()}")
