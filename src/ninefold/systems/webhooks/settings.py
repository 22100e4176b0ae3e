"""The settings of webhook delivery."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import UUID

import msgspec

from ninefold.core.config import read_settings
from ninefold.core.egress import InvalidTargetError, parse_target
from ninefold.core.errors import SettingError
from ninefold.core.ids import InvalidIdError, parse_id
from ninefold.core.tenancy.model import ORGANISATION_PREFIX
from ninefold.systems.webhooks.model import Retention
from ninefold.systems.webhooks.model.alerts import MailServer
from ninefold.systems.webhooks.model.queues import QueueLimits

PREFIX = "NINEFOLD_WEBHOOKS_"
RETRY_DELAYS_COUNT_MAX = 20

_MAIL_PORTS: Final = {"smtp": 587, "smtps": 465}
_ADDRESS_LENGTH_MAX: Final = 254
"""Of a mail address (RFC 5321 §4.5.3.1.3)."""


class QueueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings for queues: what they can hold."""

    organisation_queue_depth_max: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=1_000_000_000,
            description="Deliveries of one organisation that wait for first attempts, at which its events are refused.",
        ),
    ] = 1_000_000
    installation_queue_depth_max: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=1_000_000_000,
            description="Deliveries of all organisations that wait for first attempts, at which events are refused.",
        ),
    ] = 10_000_000

    @property
    def queue_limits(self) -> QueueLimits:
        """What the queues can hold."""
        return QueueLimits(
            organisation=self.organisation_queue_depth_max, installation=self.installation_queue_depth_max
        )


class AlertSettings(QueueSettings, frozen=True, kw_only=True):
    """The settings for alerts: their thresholds, and where they are sent."""

    alert_interval_s: Annotated[
        float, msgspec.Meta(ge=0.05, le=3_600, description="Seconds between two evaluations of alerts.")
    ] = 10.0
    alert_window_s: Annotated[
        int, msgspec.Meta(ge=60, le=86_400, description="Seconds up to now whose attempts alerts are about.")
    ] = 900
    alert_attempts_min: Annotated[
        int, msgspec.Meta(ge=1, le=1_000_000, description="Attempts in that time without which a share says little.")
    ] = 20
    alert_clear_s: Annotated[
        float,
        msgspec.Meta(ge=0, le=86_400, description="Seconds for which all must be well until an alert is resolved."),
    ] = 60.0
    alert_delivery_time_s_max: Annotated[
        float,
        msgspec.Meta(gt=0, le=86_400, description="Seconds from acceptance to delivery, p99, above which one fires."),
    ] = 5.0
    alert_failure_share_max: Annotated[
        float, msgspec.Meta(gt=0, le=1, description="Share of attempts that fail, above which an alert fires.")
    ] = 0.05
    alert_retry_share_max: Annotated[
        float, msgspec.Meta(gt=0, le=1, description="Share of attempts that are retries, above which an alert fires.")
    ] = 0.2
    alert_queue_share_max: Annotated[
        float, msgspec.Meta(gt=0, le=1, description="Share of a queue's capacity, above which an alert fires.")
    ] = 0.8
    alert_kept_s: Annotated[
        int, msgspec.Meta(ge=3_600, le=315_360_000, description="Seconds for which a resolved alert is kept.")
    ] = 2_592_000
    alert_organisation: Annotated[
        str | None,
        msgspec.Meta(description="Organisation that gets alerts about the installation; by default, the oldest one."),
    ] = None
    alert_slack_url: Annotated[
        str | None,
        msgspec.Meta(
            description="URL of an incoming webhook of Slack, or of what understands the same, for all alerts.",
            extra={"is_secret": True},
        ),
    ] = None
    alert_mail_to: Annotated[
        tuple[str, ...], msgspec.Meta(max_length=50, description="Mail addresses for all alerts, comma-separated.")
    ] = ()
    alert_mail_from: Annotated[str | None, msgspec.Meta(description="Mail address that alerts are sent from.")] = None
    alert_smtp_url: Annotated[
        str | None,
        msgspec.Meta(
            description="Mail server: smtp://user:password@host:587, or smtps:// with TLS from the start.",
            extra={"is_secret": True},
        ),
    ] = None

    @property
    def alert_organisation_id(self) -> UUID | None:
        """The organisation that gets alerts about the installation; None: the oldest one."""
        return None if self.alert_organisation is None else parse_id(ORGANISATION_PREFIX, self.alert_organisation)

    @property
    def mail_server(self) -> MailServer | None:
        """The mail server; None if alerts aren't sent by mail."""
        if self.alert_smtp_url is None or not self.alert_mail_to:
            return None
        url = urlsplit(self.alert_smtp_url)
        return MailServer(
            host=url.hostname or "",
            port=url.port or _MAIL_PORTS[url.scheme],
            user=None if url.username is None else unquote(url.username),
            password=unquote(url.password or ""),
            is_tls_first=url.scheme == "smtps",
        )


class WebhooksSettings(AlertSettings, frozen=True, kw_only=True):
    """The settings for attempts, retries, what is kept of them, queues and alerts; prefix `NINEFOLD_WEBHOOKS_`."""

    attempt_timeout_s: Annotated[
        float,
        msgspec.Meta(gt=0, le=300, description="Time limit of one attempt in seconds, including the connection."),
    ] = 30.0
    retry_delays_s: Annotated[
        tuple[float, ...],
        msgspec.Meta(
            max_length=RETRY_DELAYS_COUNT_MAX,
            description="Seconds to wait before each retry, comma-separated; one retry per entry.",
        ),
    ] = (1.0, 2.0, 4.0, 8.0, 16.0)
    retry_jitter_ratio: Annotated[
        float,
        msgspec.Meta(ge=0, le=0.5, description="Fraction by which each delay is randomly lengthened or shortened."),
    ] = 0.2
    retry_horizon_s: Annotated[
        float,
        msgspec.Meta(
            gt=0, le=2_592_000, description="Seconds after the start of a round during which retries are made."
        ),
    ] = 86_400.0
    rate_limit_per_s: Annotated[
        float,
        msgspec.Meta(
            gt=0, le=1_000_000, description="Attempts per second to one subscription, of all workers together."
        ),
    ] = 100.0
    subscription_in_flight_max: Annotated[
        int,
        msgspec.Meta(ge=1, le=100_000, description="Attempts in flight to one subscription, of all workers together."),
    ] = 100
    subscriptions_max: Annotated[
        int, msgspec.Meta(ge=1, le=100_000, description="Subscriptions that an organisation may have.")
    ] = 1_000
    circuit_failures_max: Annotated[
        int,
        msgspec.Meta(ge=1, le=10_000, description="Consecutive failed attempts that open a subscription's circuit."),
    ] = 10
    circuit_retry_s: Annotated[
        float,
        msgspec.Meta(gt=0, le=86_400, description="Seconds after which an open circuit is probed with one attempt."),
    ] = 300.0
    pause_after_s: Annotated[
        float,
        msgspec.Meta(
            gt=0, le=31_536_000, description="Seconds of failed attempts only, after which a subscription is paused."
        ),
    ] = 432_000.0
    in_flight_max: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=100_000,
            description="Attempts in flight per worker; one organisation can use at most two thirds of them.",
        ),
    ] = 3_000
    tier_shares: Annotated[
        tuple[float, ...],
        msgspec.Meta(
            min_length=3,
            max_length=3,
            description="Shares of a worker for the tiers critical, standard and bulk, comma-separated.",
        ),
    ] = (50.0, 40.0, 10.0)
    response_body_kept_bytes: Annotated[
        int, msgspec.Meta(ge=0, le=16_384, description="Bytes of each response body to keep with its attempt.")
    ] = 16_384
    short_retention_days: Annotated[
        int, msgspec.Meta(ge=1, le=3_650, description="Days to keep what was published with short retention.")
    ] = 7
    standard_retention_days: Annotated[
        int, msgspec.Meta(ge=1, le=3_650, description="Days to keep what was published with standard retention.")
    ] = 30
    long_retention_days: Annotated[
        int, msgspec.Meta(ge=1, le=3_650, description="Days to keep what was published with long retention.")
    ] = 90
    dead_letter_retention_days: Annotated[
        int,
        msgspec.Meta(ge=0, le=3_650, description="Days to keep a dead letter at least, after the delivery failed."),
    ] = 7
    idempotency_key_retention_days: Annotated[
        int, msgspec.Meta(ge=1, le=3_650, description="Days after which an idempotency key can be used again.")
    ] = 7

    def retention_of(self, retention: Retention) -> timedelta:
        """Return how long events with a retention are kept, with their deliveries and attempts."""
        days = {
            Retention.SHORT: self.short_retention_days,
            Retention.STANDARD: self.standard_retention_days,
            Retention.LONG: self.long_retention_days,
        }
        return timedelta(days=days[retention])

    @property
    def dead_letter_retention(self) -> timedelta:
        """How long a dead letter is kept at least."""
        return timedelta(days=self.dead_letter_retention_days)

    @property
    def idempotency_key_retention(self) -> timedelta:
        """How long an idempotency key is kept."""
        return timedelta(days=self.idempotency_key_retention_days)

    @property
    def attempts_per_round(self) -> int:
        """The first attempt, and one for each retry delay."""
        return 1 + len(self.retry_delays_s)


def read_webhooks_settings(environment: Mapping[str, str]) -> WebhooksSettings:
    """Build the settings from `NINEFOLD_WEBHOOKS_*`.

    Raises:
        SettingError: a value is invalid; the error names the variable.
    """
    settings = read_settings(WebhooksSettings, prefix=PREFIX, environment=environment)
    # Written this way, the condition also rejects NaN.
    if not all(delay > 0 for delay in settings.retry_delays_s):
        raise SettingError(
            f"{PREFIX}RETRY_DELAYS_S has a delay that isn't greater than zero.",
            field=f"{PREFIX}RETRY_DELAYS_S",
            remedy="Give a positive number of seconds for each retry, such as 1,2,4,8,16.",
        )
    if not all(0 < share < float("inf") for share in settings.tier_shares):
        raise SettingError(
            f"{PREFIX}TIER_SHARES has a share that isn't greater than zero.",
            field=f"{PREFIX}TIER_SHARES",
            remedy="Give a positive number for each of the tiers critical, standard and bulk, such as 50,40,10.",
        )
    _check_alert_organisation(settings)
    _check_slack_url(settings)
    _check_mail(settings)
    for retention in Retention:
        if settings.retention_of(retention) < settings.idempotency_key_retention:
            raise SettingError(
                f"{PREFIX}{retention.name}_RETENTION_DAYS is less than {PREFIX}IDEMPOTENCY_KEY_RETENTION_DAYS.",
                field=f"{PREFIX}IDEMPOTENCY_KEY_RETENTION_DAYS",
                remedy="Keep keys no longer than events: the answer to a repeated request is read from its event.",
            )
    return settings


def _check_alert_organisation(settings: AlertSettings) -> None:
    try:
        _ = settings.alert_organisation_id
    except InvalidIdError as error:
        raise SettingError(
            f"{PREFIX}ALERT_ORGANISATION isn't the id of an organisation.",
            field=f"{PREFIX}ALERT_ORGANISATION",
            remedy="Give an id as `ninefold organisations list` shows it, or unset it.",
        ) from error


def _check_slack_url(settings: AlertSettings) -> None:
    if settings.alert_slack_url is None:
        return
    try:
        parse_target(settings.alert_slack_url)
    except InvalidTargetError as error:
        # The URL is a secret: with it, anybody can write to the channel.
        raise SettingError(
            f"{PREFIX}ALERT_SLACK_URL isn't a URL that requests can be sent to.",
            field=f"{PREFIX}ALERT_SLACK_URL",
            remedy="Copy the URL of the incoming webhook, which begins with https://.",
        ) from error


def _check_mail(settings: AlertSettings) -> None:
    """Check that mail can be sent, if any is wanted."""
    if settings.alert_smtp_url is not None and not _is_mail_server(urlsplit(settings.alert_smtp_url)):
        raise SettingError(
            f"{PREFIX}ALERT_SMTP_URL isn't the URL of a mail server.",
            field=f"{PREFIX}ALERT_SMTP_URL",
            remedy="Write smtp://user:password@host:587 or smtps://…; a special character of the password as %XX.",
        )
    if not settings.alert_mail_to:
        return
    for field, is_missing in (
        ("ALERT_SMTP_URL", settings.alert_smtp_url is None),
        ("ALERT_MAIL_FROM", settings.alert_mail_from is None),
    ):
        if is_missing:
            raise SettingError(
                f"{PREFIX}ALERT_MAIL_TO is set, but {PREFIX}{field} isn't.",
                field=f"{PREFIX}{field}",
                remedy=f"Set it, or unset {PREFIX}ALERT_MAIL_TO.",
            )
    for field, addresses in (
        ("ALERT_MAIL_TO", settings.alert_mail_to),
        ("ALERT_MAIL_FROM", (settings.alert_mail_from or "",)),
    ):
        if not all(_is_address(address) for address in addresses):
            raise SettingError(
                f"{PREFIX}{field} has something that isn't a mail address.",
                field=f"{PREFIX}{field}",
                remedy="Give plain addresses, such as ops@example.com, without names.",
            )


def _is_mail_server(url: SplitResult) -> bool:
    try:
        return url.scheme in _MAIL_PORTS and bool(url.hostname) and url.port != 0 and url.path in {"", "/"}
    except ValueError:
        # The port isn't a number.
        return False


def _is_address(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return (
        bool(local and domain)
        and len(text) <= _ADDRESS_LENGTH_MAX
        and text.isascii()
        and not any(character.isspace() or character in '<>,;:"' for character in text)
    )
