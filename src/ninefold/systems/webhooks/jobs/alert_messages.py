"""The jobs that send alerts to a Slack-compatible URL and by mail.

A message can be sent twice if the worker is killed between the answer and the commit that records it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Final, TypeAlias

import msgspec

from ninefold.core.egress import EgressError, parse_target
from ninefold.core.errors import NinefoldError
from ninefold.core.ids import format_id
from ninefold.core.jobs import JOB_PREFIX, JobFailedError, JobHandler, JobRun
from ninefold.core.postgres.database import Database
from ninefold.core.system import WorkerContext
from ninefold.systems.webhooks.jobs import metrics
from ninefold.systems.webhooks.jobs.mailing import Mail, MailError, send_mail
from ninefold.systems.webhooks.model.alerts import (
    SEND_BY_MAIL,
    SEND_TO_SLACK,
    AlertChannel,
    AlertMessage,
    KeptAlert,
)
from ninefold.systems.webhooks.rules.alert_texts import headline, mail_text, slack_text
from ninefold.systems.webhooks.settings import WebhooksSettings
from ninefold.systems.webhooks.store.alerts import (
    alert_find_many,
    alert_notification_count_unsent,
    alert_notification_record,
)

ANSWER_TIMEOUT_S: Final = 10.0

_TEMPORARY: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})

_Send: TypeAlias = Callable[[Sequence[KeptAlert]], Awaitable[None]]


class SlackError(NinefoldError):
    """The Slack-compatible URL didn't take a message."""

    code = "slack_refused"
    title = "Slack refused a message"


async def send_to_slack(job: JobRun[AlertMessage], context: WorkerContext[WebhooksSettings]) -> None:
    """Send a message to the Slack-compatible URL.

    Raises:
        SlackError: it could be sent later.
        JobFailedError: the URL refuses it, or isn't set anymore.
    """
    url = context.settings.alert_slack_url

    async def send(alerts: Sequence[KeptAlert]) -> None:
        if url is None:
            raise JobFailedError("NINEFOLD_WEBHOOKS_ALERT_SLACK_URL isn't set anymore.")
        body = msgspec.json.encode({"text": slack_text(job.payload.change, alerts)})
        try:
            response = await context.egress.request(
                "POST",
                parse_target(url),
                headers=[("content-type", "application/json")],
                body=body,
                timeout_s=ANSWER_TIMEOUT_S,
            )
        except EgressError as error:
            raise SlackError(f"The Slack URL didn't answer: {error.error_class}.") from error
        status = response.status
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TEMPORARY:
            raise SlackError(f"The Slack URL answered {status}.")
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise JobFailedError(f"The Slack URL answered {status}, so that a retry wouldn't help.")

    await _send_once(job, context.database, AlertChannel.SLACK, send)


async def send_by_mail(job: JobRun[AlertMessage], context: WorkerContext[WebhooksSettings]) -> None:
    """Send a message by mail.

    Raises:
        MailError: it could be sent later.
        JobFailedError: the server refuses it, or none is set anymore.
    """
    settings = context.settings
    server, sender = settings.mail_server, settings.alert_mail_from

    async def send(alerts: Sequence[KeptAlert]) -> None:
        if server is None or sender is None:
            raise JobFailedError("No mail server for alerts is set anymore.")
        mail = Mail(
            sender=sender,
            recipients=settings.alert_mail_to,
            subject=f"[Ninefold] {headline(job.payload.change, alerts)}",
            text=mail_text(job.payload.change, alerts),
            # The same for each attempt, so that a mail program can show a repeated one once.
            message_id=format_id(JOB_PREFIX, job.job_id),
        )
        try:
            await asyncio.to_thread(send_mail, server, mail)
        except MailError as error:
            if error.is_retryable:
                raise
            raise JobFailedError(error.detail) from error

    await _send_once(job, context.database, AlertChannel.MAIL, send)


async def _send_once(job: JobRun[AlertMessage], database: Database, channel: AlertChannel, send: _Send) -> None:
    """Send a message unless it was sent, and record what became of it."""
    message = job.payload
    async with database.connection() as connection:
        unsent = await alert_notification_count_unsent(
            connection, alert_ids=message.alert_ids, change=message.change, channel=channel
        )
        alerts = await alert_find_many(connection, alert_ids=message.alert_ids)
    if not unsent or not alerts:
        # It was sent before the worker was killed, or the alerts are deleted by now.
        return
    failure: NinefoldError | None = None
    try:
        await send(alerts)
    except NinefoldError as error:
        failure = error
    metrics.ALERT_MESSAGES.labels(channel, "sent" if failure is None else "failed").inc()
    async with database.connection() as connection:
        await alert_notification_record(
            connection,
            alert_ids=message.alert_ids,
            change=message.change,
            channel=channel,
            error=None if failure is None else failure.detail,
            is_final=isinstance(failure, JobFailedError),
        )
    if failure is not None:
        raise failure


ALERT_MESSAGE_HANDLERS: Final = (JobHandler(SEND_TO_SLACK, send_to_slack), JobHandler(SEND_BY_MAIL, send_by_mail))
