import pytest

from ninefold.core.errors import SettingError
from ninefold.systems.callbacks.settings import read_callbacks_settings

PUBLIC_URL = "NINEFOLD_CALLBACKS_PUBLIC_URL"


def test_the_public_url_has_no_slash_at_its_end() -> None:
    settings = read_callbacks_settings({PUBLIC_URL: "https://hooks.example.com/"})

    assert settings.public_url == "https://hooks.example.com"


@pytest.mark.parametrize("url", ["hooks.example.com", "ftp://example.com", "https://", "https://example.com?a=1"])
def test_a_public_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingError) as error:
        read_callbacks_settings({PUBLIC_URL: url})

    assert error.value.field == PUBLIC_URL


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RATE_PER_S", "0"),
        ("BURST_MAX", "0"),
        ("BODY_TIMEOUT_S", "0"),
        ("BODY_TIMEOUT_S", "601"),
        ("DEDUPE_WINDOW_S", "-1"),
        ("KEPT_S", "3599"),
    ],
)
def test_values_out_of_bounds_are_refused(name: str, value: str) -> None:
    with pytest.raises(SettingError) as error:
        read_callbacks_settings({f"NINEFOLD_CALLBACKS_{name}": value})

    assert error.value.field == f"NINEFOLD_CALLBACKS_{name}"
