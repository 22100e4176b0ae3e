"""Settings: read from the environment by type; the error for an invalid value names its variable."""

import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from ninefold.core.config import CoreSettings, default_data_dir, read_settings, server_url, setting_names
from ninefold.core.errors import SettingError

PREFIX = "SHOP_"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One field of each type that settings use."""

    name: str = "shop"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 80
    ratio: Annotated[float, msgspec.Meta(gt=0)] = 0.5
    is_open: bool = False
    folder: Path = Path("/srv")
    token: str | None = None
    networks: tuple[str, ...] = ()
    delays_s: Annotated[tuple[float, ...], msgspec.Meta(max_length=3)] = (1.0,)
    level: Literal["low", "high"] = "low"
    pin: Annotated[int, msgspec.Meta(extra={"is_secret": True})] = 0
    address: Annotated[str | None, msgspec.Meta(extra={"option": "--server"})] = None


def read(environment: dict[str, str], **overrides: object) -> Settings:
    return read_settings(Settings, prefix=PREFIX, environment=environment, **overrides)


def test_without_variables_the_defaults_are_used() -> None:
    assert read({"PORT": "1", "OTHER_PORT": "2"}) == Settings()


@pytest.mark.parametrize(
    ("variable", "text", "field", "expected"),
    [
        ("SHOP_NAME", "corner", "name", "corner"),
        ("SHOP_NAME", "42", "name", "42"),
        ("SHOP_PORT", "8080", "port", 8080),
        ("SHOP_RATIO", "2", "ratio", 2.0),
        ("SHOP_IS_OPEN", "true", "is_open", True),
        ("SHOP_IS_OPEN", "0", "is_open", False),
        ("SHOP_FOLDER", "/a folder/with space", "folder", Path("/a folder/with space")),
        ("SHOP_TOKEN", "secret", "token", "secret"),
        ("SHOP_NETWORKS", "10.0.0.0/8, ::1/128 ,", "networks", ("10.0.0.0/8", "::1/128")),
        ("SHOP_DELAYS_S", "1,2.5", "delays_s", (1.0, 2.5)),
        ("SHOP_DELAYS_S", ",", "delays_s", ()),
        ("SHOP_LEVEL", "high", "level", "high"),
    ],
)
def test_a_value_is_converted_to_the_type_of_its_field(variable: str, text: str, field: str, expected: object) -> None:
    assert getattr(read({variable: text}), field) == expected


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")

    assert read({"SHOP_FOLDER": "~/shop"}).folder == Path("/home/ada/shop")


def test_the_home_folder_of_an_unknown_user_is_refused() -> None:
    with pytest.raises(SettingError, match=r"SHOP_FOLDER .* '~nobody.*': the home folder of this user isn't known"):
        read({"SHOP_FOLDER": "~nobody-of-this-name/shop"})


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read({"SHOP_PORT": "", "SHOP_TOKEN": "", "SHOP_TOKEN_FILE": "", "SHOP_FOLDER_FILE": ""}) == Settings()


def test_the_file_is_used_if_the_variable_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("secret", encoding="utf-8")

    assert read({"SHOP_TOKEN": "", "SHOP_TOKEN_FILE": str(file)}).token == "secret"


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("SHOP_PORT", "http"),
        ("SHOP_PORT", "0"),
        ("SHOP_PORT", "65536"),
        ("SHOP_PORT", "80.5"),
        ("SHOP_RATIO", "0"),
        ("SHOP_RATIO", "nan"),
        ("SHOP_IS_OPEN", "perhaps"),
        ("SHOP_DELAYS_S", "1,soon"),
        ("SHOP_DELAYS_S", "1,2,3,4"),
        ("SHOP_LEVEL", "middle"),
    ],
)
def test_the_error_for_an_invalid_value_names_its_variable(variable: str, text: str) -> None:
    with pytest.raises(SettingError, match=f"{variable} has an invalid value") as caught:
        read({variable: text})

    assert caught.value.field == variable
    assert caught.value.remedy is not None


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("SHOP_PORT", "http", "SHOP_PORT has an invalid value 'http': expected an integer."),
        ("SHOP_PORT", "0", "SHOP_PORT has an invalid value '0': expected an integer >= 1."),
        ("SHOP_RATIO", "half", "SHOP_RATIO has an invalid value 'half': expected a number."),
        ("SHOP_IS_OPEN", "perhaps", "SHOP_IS_OPEN has an invalid value 'perhaps': expected true or false."),
        ("SHOP_DELAYS_S", "1,soon", "SHOP_DELAYS_S has an invalid value '1,soon': item 2: expected a number."),
        (
            "SHOP_DELAYS_S",
            "1,2,3,4",
            "SHOP_DELAYS_S has an invalid value '1,2,3,4': expected a list of at most 3 items.",
        ),
        ("SHOP_LEVEL", "middle", "SHOP_LEVEL has an invalid value 'middle': expected high or low."),
        ("SHOP_PIN", "hunter2", "SHOP_PIN has an invalid value: expected an integer."),
    ],
)
def test_the_error_says_in_plain_words_what_was_expected(variable: str, text: str, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        read({variable: text})

    assert caught.value.detail == message


def test_the_error_for_a_long_value_shows_its_start() -> None:
    with pytest.raises(SettingError) as caught:
        read({"SHOP_PORT": "x" * 10_000})

    assert len(caught.value.detail) < 200


def test_a_file_can_hold_a_value(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("secret\n", encoding="utf-8")

    assert read({"SHOP_TOKEN_FILE": str(file)}).token == "secret"


def test_a_variable_overrides_its_file(tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    assert read({"SHOP_TOKEN": "secret", "SHOP_TOKEN_FILE": str(missing)}).token == "secret"


def test_the_error_for_an_unreadable_file_names_it(tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    with pytest.raises(SettingError, match=str(missing)) as caught:
        read({"SHOP_TOKEN_FILE": str(missing)})

    assert caught.value.field == "SHOP_TOKEN_FILE"


def test_the_error_for_a_file_that_is_not_text_names_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"\xff\xfe")

    with pytest.raises(SettingError, match="SHOP_TOKEN_FILE"):
        read({"SHOP_TOKEN_FILE": str(file)})


@pytest.mark.parametrize("content", ["", " \n"])
def test_the_error_for_an_empty_file_names_it(tmp_path: Path, content: str) -> None:
    file = tmp_path / "folder"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(SettingError, match=f"SHOP_FOLDER_FILE names a file that is empty: {file}") as caught:
        read({"SHOP_FOLDER_FILE": str(file)})

    assert caught.value.field == "SHOP_FOLDER_FILE"


def test_the_error_for_an_invalid_value_in_a_file_names_the_variable(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_text("http", encoding="utf-8")

    with pytest.raises(SettingError, match="SHOP_PORT"):
        read({"SHOP_PORT_FILE": str(file)})


def test_an_option_overrides_the_environment() -> None:
    environment = {"SHOP_PORT": "8080", "SHOP_NAME": "corner"}

    assert read(environment, port=9090, name=None) == Settings(port=9090, name="corner")
    assert read({"SHOP_PORT": "http"}, port=9090).port == 9090
    assert read({}, folder="~root/shop").folder == Path("~root/shop").expanduser()


@pytest.mark.parametrize(("option", "given"), [("--port", {"port": 0}), ("--delays-s", {"delays_s": "1,2,3,4"})])
def test_the_error_for_an_invalid_option_names_the_option(option: str, given: dict[str, object]) -> None:
    with pytest.raises(SettingError, match=f"^{option} has an invalid value") as caught:
        read({"SHOP_PORT": "8080"}, **given)

    assert caught.value.field == option


@pytest.mark.parametrize(("option", "field"), [("--name", "name"), ("--folder", "folder"), ("--server", "address")])
def test_an_option_without_a_value_is_an_error(option: str, field: str) -> None:
    with pytest.raises(SettingError, match=f"^{option} was given without a value") as caught:
        read({}, **{field: ""})

    assert caught.value.field == option


def test_the_names_of_the_variables_are_listed_in_order() -> None:
    names = setting_names(Settings, prefix=PREFIX)

    assert names[:2] == ["SHOP_NAME", "SHOP_PORT"]
    assert len(names) == len(msgspec.structs.fields(Settings))


def test_the_server_listens_on_the_loopback_address_by_default() -> None:
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment={})

    assert (settings.host, settings.port) == ("127.0.0.1", 8900)
    assert settings.egress_allow == ()
    assert settings.workers >= 1


def test_the_data_of_root_is_in_var_lib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    assert default_data_dir() == Path("/var/lib/ninefold")


def test_the_data_of_an_ordinary_user_is_in_their_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)

    folder = default_data_dir()

    assert folder.name == "ninefold"
    assert folder.is_relative_to("/home/ada")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:8900"),
        ("0.0.0.0", "http://127.0.0.1:8900"),
        ("::", "http://[::1]:8900"),
        ("fd00::1", "http://[fd00::1]:8900"),
        ("localhost", "http://localhost:8900"),
    ],
)
def test_the_server_url_is_for_clients_on_this_machine(host: str, expected: str) -> None:
    assert expected == server_url(CoreSettings(host=host, port=8900))
