"""The settings of webhook delivery, as an operator sets them."""

import pytest

from ninefold.core.errors import SettingError
from ninefold.systems.webhooks.settings import RETRY_DELAYS_COUNT_MAX, WebhooksSettings, read_webhooks_settings


def test_the_defaults_are_those_in_the_documentation() -> None:
    settings = read_webhooks_settings({})

    assert WebhooksSettings() == settings
    assert settings.retry_delays_s == (1.0, 2.0, 4.0, 8.0, 16.0)
    assert settings.attempts_per_round == 6


def test_retry_delays_are_separated_by_commas() -> None:
    settings = read_webhooks_settings({"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "0.5, 60,3600"})

    assert settings.retry_delays_s == (0.5, 60.0, 3600.0)
    assert settings.attempts_per_round == 4


def test_a_comma_alone_means_no_retries() -> None:
    settings = read_webhooks_settings({"NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": ","})

    assert settings.attempts_per_round == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ATTEMPT_TIMEOUT_S", "0"),
        ("ATTEMPT_TIMEOUT_S", "301"),
        ("ATTEMPT_TIMEOUT_S", "nan"),
        ("RETRY_DELAYS_S", "1,0"),
        ("RETRY_DELAYS_S", "1,-2"),
        ("RETRY_DELAYS_S", "nan"),
        ("RETRY_DELAYS_S", "one"),
        ("RETRY_DELAYS_S", ",".join(["1"] * (RETRY_DELAYS_COUNT_MAX + 1))),
        ("RETRY_JITTER_RATIO", "0.6"),
        ("RETRY_HORIZON_S", "0"),
        ("IN_FLIGHT_MAX", "0"),
        ("IN_FLIGHT_MAX", "1.5"),
        ("RESPONSE_BODY_KEPT_BYTES", "16385"),
    ],
)
def test_the_error_names_the_variable_of_an_invalid_value(name: str, value: str) -> None:
    variable = f"NINEFOLD_WEBHOOKS_{name}"

    with pytest.raises(SettingError, match=variable) as caught:
        read_webhooks_settings({variable: value})

    assert caught.value.field == variable


MAIL = {
    "NINEFOLD_WEBHOOKS_ALERT_SMTP_URL": "smtp://ops%40example.com:p%3Ass@mail.example.com",
    "NINEFOLD_WEBHOOKS_ALERT_MAIL_FROM": "ninefold@example.com",
    "NINEFOLD_WEBHOOKS_ALERT_MAIL_TO": "ops@example.com, second@example.com",
}


def test_a_mail_server_is_read_from_its_url() -> None:
    settings = read_webhooks_settings(MAIL)
    assert settings.alert_mail_to == ("ops@example.com", "second@example.com")
    server = settings.mail_server
    assert server is not None
    assert (server.host, server.port, server.user, server.password, server.is_tls_first) == (
        "mail.example.com",
        587,
        "ops@example.com",
        "p:ss",
        False,
    )
    secure = read_webhooks_settings(
        {**MAIL, "NINEFOLD_WEBHOOKS_ALERT_SMTP_URL": "smtps://mail.example.com"}
    ).mail_server
    assert secure is not None
    assert (secure.port, secure.user, secure.is_tls_first) == (465, None, True)
    assert read_webhooks_settings({}).mail_server is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALERT_SMTP_URL", "http://user:hunter2@mail.example.com"),
        ("ALERT_SMTP_URL", "smtp://user:hunter2@"),
        ("ALERT_SMTP_URL", "smtp://user:hunter2@mail.example.com:port"),
        ("ALERT_SMTP_URL", ""),
        ("ALERT_MAIL_FROM", ""),
        ("ALERT_MAIL_FROM", "Ninefold <ninefold@example.com>"),
        ("ALERT_MAIL_TO", "ops"),
        ("ALERT_SLACK_URL", "ftp://slack.example.com/hunter2"),
        ("ALERT_ORGANISATION", "acme"),
    ],
)
def test_where_alerts_are_sent_is_checked_and_no_secret_is_repeated(name: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        read_webhooks_settings({**MAIL, f"NINEFOLD_WEBHOOKS_{name}": value})
    assert caught.value.field == f"NINEFOLD_WEBHOOKS_{name}"
    assert "hunter2" not in f"{caught.value.detail} {caught.value.remedy}"
