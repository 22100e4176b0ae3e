from pathlib import Path

import pytest

from ninefold.core.commands import FROM_ENVIRONMENT, ApiOptions
from ninefold.core.errors import SettingError, UnauthorizedError


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "API_KEY", "API_KEY_FILE", "HOST", "PORT"):
        monkeypatch.delenv(f"NINEFOLD_{name}", raising=False)


def test_key_is_required_and_the_message_says_how_to_get_one() -> None:
    with pytest.raises(UnauthorizedError, match="ninefold keys create"):
        FROM_ENVIRONMENT.client()


@pytest.mark.parametrize("key", ["nfk_ä", "nfk_a\nb"])
def test_key_that_can_not_be_sent_is_refused(key: str) -> None:
    with pytest.raises(UnauthorizedError, match="Copy it again"):
        ApiOptions(api_key=key).client()


def test_key_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("nfk_from_file\n")
    monkeypatch.setenv("NINEFOLD_API_KEY_FILE", str(tmp_path / "key"))

    with FROM_ENVIRONMENT.client() as client:
        assert client._http.headers["authorization"] == "Bearer nfk_from_file"


def test_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINEFOLD_URL", "http://environment.test")
    monkeypatch.setenv("NINEFOLD_API_KEY", "nfk_environment")

    with ApiOptions(server="http://option.test", api_key="nfk_option").client() as client:
        assert client._base_url == "http://option.test"
        assert client._http.headers["authorization"] == "Bearer nfk_option"


def test_empty_variable_leaves_it_to_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("nfk_from_file\n")
    monkeypatch.setenv("NINEFOLD_API_KEY", "")
    monkeypatch.setenv("NINEFOLD_API_KEY_FILE", str(tmp_path / "key"))

    with FROM_ENVIRONMENT.client() as client:
        assert client._http.headers["authorization"] == "Bearer nfk_from_file"


def test_empty_name_of_a_file_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINEFOLD_API_KEY_FILE", "")

    with pytest.raises(UnauthorizedError, match="No API key was given"):
        FROM_ENVIRONMENT.client()


@pytest.mark.parametrize(
    ("option", "options"),
    [("--server", ApiOptions(server="", api_key="nfk_test")), ("--api-key", ApiOptions(api_key=""))],
)
def test_option_without_a_value_is_a_mistake(monkeypatch: pytest.MonkeyPatch, option: str, options: ApiOptions) -> None:
    monkeypatch.setenv("NINEFOLD_API_KEY", "nfk_environment")

    with pytest.raises(SettingError, match=f"^{option} was given without a value"):
        options.client()


def test_address_defaults_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINEFOLD_HOST", "::")
    monkeypatch.setenv("NINEFOLD_PORT", "9001")

    with ApiOptions(api_key="nfk_test").client() as client:
        assert client._base_url == "http://[::1]:9001"
