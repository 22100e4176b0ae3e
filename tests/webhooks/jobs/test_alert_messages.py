"""Alerts that are sent to a Slack-compatible URL and by mail, by durable jobs."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import msgspec
import pytest
import trustme

from http_api import Json
from in_process import StartWorker
from mail_server import MailServer, running_mail_server
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.jobs.mailing import Mail, MailError, MailRefusedError, send_mail
from ninefold.systems.webhooks.model import alerts as model
from receivers import Answer, Receiver
from webhooks.alert_evaluations import count_attempts, evaluate, forget_attempts, organisation_of
from webhooks.stored_states import store_circuit
from webhooks.webhooks_api import WebhooksApi

URL = "https://example.com/hooks"
FROM = "ninefold@example.com"
TO = ("ops@example.com", "second@example.com")


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    """A mail server without TLS."""
    async with running_mail_server() as server:
        yield server


def sent_to(receiver: Receiver, **more: str) -> dict[str, str]:
    """Return settings with which alerts are sent to this receiver, named without their prefix."""
    return {"ALERT_SLACK_URL": f"{receiver.url}/services/T1/secret-part", **more}


def mailed_by(server: MailServer) -> dict[str, str]:
    """Return settings with which alerts are sent over this server, named without their prefix."""
    return {
        "ALERT_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
        "ALERT_MAIL_FROM": FROM,
        "ALERT_MAIL_TO": ", ".join(TO),
    }


def for_worker(settings: dict[str, str]) -> dict[str, str]:
    """Return settings for a worker that sends what was evaluated before, and evaluates nothing itself."""
    return {f"NINEFOLD_WEBHOOKS_{name}": value for name, value in {**settings, "ALERT_INTERVAL_S": "3600"}.items()}


async def notifications_until(api: WebhooksApi, *states: str, timeout_s: float = 30.0) -> list[Json]:
    """Wait until the messages about the latest alert have these states; return them."""
    async with asyncio.timeout(timeout_s):
        while True:
            found: list[Json] = (await api.get("/alerts"))["items"][0]["notifications"]
            if [each["state"] for each in found] == list(states):
                return found
            await asyncio.sleep(0.05)


async def test_alerts_are_sent_to_slack_and_by_mail_when_they_fire_and_when_they_are_resolved(
    api: WebhooksApi, database: Database, receiver: Receiver, mail_server: MailServer, *, start_worker: StartWorker
) -> None:
    await api.subscribe(URL)
    settings = {**sent_to(receiver), **mailed_by(mail_server)}
    await count_attempts(database, await organisation_of(database), succeeded=12, failed=8)
    await evaluate(database, settings)
    queued = (await api.get("/alerts"))["items"][0]["notifications"]
    assert [(each["change"], each["channel"], each["state"]) for each in queued] == [
        ("fired", "mail", "queued"),
        ("fired", "slack", "queued"),
    ]
    await forget_attempts(database)
    await evaluate(database, settings)
    async with start_worker(for_worker(settings)):
        await notifications_until(api, "sent", "sent", "sent", "sent")

    texts = [msgspec.json.decode(request.body)["text"] for request in receiver.requests]
    assert [text.splitlines()[0] for text in texts] == [
        ":rotating_light: *Alert: 40 % of the attempts fail*",
        ":white_check_mark: *Resolved: 40 % of the attempts fail*",
    ]
    assert "Of 20 attempts in the last 15 minutes, 8 failed." in texts[0]
    fired, resolved = mail_server.mails
    assert (fired["From"], fired["To"], fired["Subject"]) == (
        FROM,
        ", ".join(TO),
        "[Ninefold] Alert: 40 % of the attempts fail",
    )
    assert resolved["Subject"] == "[Ninefold] Resolved: 40 % of the attempts fail"
    assert mail_server.envelopes[0].rcpt_tos == list(TO)
    assert "Of 20 attempts in the last 15 minutes, 8 failed." in fired.get_content()
    assert (fired["Auto-Submitted"], fired["Message-ID"].endswith("@example.com>")) == ("auto-generated", True)


async def test_alerts_that_fire_together_are_one_message(
    api: WebhooksApi, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    for i in range(25):
        await store_circuit(database, await api.subscribe(f"https://{i}.example.com/"), retry_in_s=60)
    settings = sent_to(receiver)
    await evaluate(database, settings)
    async with start_worker(for_worker(settings)):
        await receiver.received(1)
        await notifications_until(api, "sent")
    [request] = receiver.requests
    lines = msgspec.json.decode(request.body)["text"].splitlines()
    assert (lines[0], len(lines), lines[-1]) == (":rotating_light: *Alert: 25 alerts of webhooks*", 22, "… and 5 more.")


async def test_what_slack_would_interpret_is_escaped(
    api: WebhooksApi, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    subscription = await api.done(
        "POST", "/subscriptions", json={"url": URL, "event_types": ["*"], "description": "<!channel> & co"}
    )
    await store_circuit(database, subscription, retry_in_s=60)
    await evaluate(database, sent_to(receiver))
    async with start_worker(for_worker(sent_to(receiver))):
        [request] = await receiver.received(1)
    assert "*Circuit of &lt;!channel&gt; &amp; co is open*" in msgspec.json.decode(request.body)["text"]


async def test_a_failing_slack_url_is_seen_and_tried_again(
    api: WebhooksApi, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    await api.subscribe(URL)
    receiver.answers.append(Answer(503))
    await count_attempts(database, await organisation_of(database), failed=20)
    await evaluate(database, sent_to(receiver))
    async with start_worker(for_worker(sent_to(receiver))):
        [failed] = await notifications_until(api, "retrying")
        assert (failed["error"], failed["attempt_count"]) == ("The Slack URL answered 503.", 1)
        [sent] = await notifications_until(api, "sent")
    assert (sent["error"], sent["attempt_count"], len(receiver.requests)) == (None, 2, 2)


async def test_a_slack_url_that_is_wrong_is_seen_and_not_tried_again(
    api: WebhooksApi, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    await api.subscribe(URL)
    receiver.default_answer = Answer(404, body=b"no_service")
    await count_attempts(database, await organisation_of(database), failed=20)
    await evaluate(database, sent_to(receiver))
    async with start_worker(for_worker(sent_to(receiver))):
        [failed] = await notifications_until(api, "failed")
    assert failed["error"] == "The Slack URL answered 404, so that a retry wouldn't help."
    async with database.connection() as connection:
        job = await connection.fetchrow("SELECT state, error FROM jobs.job WHERE kind = 'webhooks.send_alert_to_slack'")
    assert job is not None
    assert (job["state"], "404" in job["error"], "secret-part" in job["error"]) == ("failed", True, False)


async def test_a_message_that_was_sent_before_a_kill_is_not_sent_again(
    api: WebhooksApi, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    """The worker recorded that it was sent, and was killed before the job's own outcome was recorded."""
    await api.subscribe(URL)
    await count_attempts(database, await organisation_of(database), failed=20)
    await evaluate(database, sent_to(receiver))
    async with start_worker(for_worker(sent_to(receiver))):
        await notifications_until(api, "sent")
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE jobs.job SET state = 'queued', finished_at = NULL, result = NULL, run_at = now()"
            " WHERE kind = 'webhooks.send_alert_to_slack'"
        )
    async with start_worker(for_worker(sent_to(receiver))), asyncio.timeout(20):
        while await count_jobs(database, state="succeeded") == 0:
            await asyncio.sleep(0.05)
    assert len(receiver.requests) == 1


async def count_jobs(database: Database, *, state: str) -> int:
    async with database.connection() as connection:
        count: int = await connection.fetchval(
            "SELECT count(*) FROM jobs.job WHERE kind LIKE 'webhooks.send_alert%' AND state = $1", state
        )
    return count


def mail(**changes: object) -> Mail:
    made = Mail(sender=FROM, recipients=TO, subject="Alert", text="Grüße\n", message_id="job_1")
    return msgspec.structs.replace(made, **changes)


def server_at(port: int, **changes: object) -> model.MailServer:
    made = model.MailServer(host="127.0.0.1", port=port, user=None, password="", is_tls_first=False)
    return msgspec.structs.replace(made, **changes)


@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        ("451 Try later", MailError, "The mail server answered 451."),
        ("554 No such thing", MailRefusedError, "The mail server answered 554."),
    ],
)
async def test_what_a_mail_server_answers_decides_whether_it_is_tried_again(
    mail_server: MailServer, reply: str, error: type[MailError], said: str
) -> None:
    mail_server.replies.append(reply)
    with pytest.raises(error, match=said) as caught:
        await asyncio.to_thread(send_mail, server_at(mail_server.port), mail())
    assert type(caught.value) is error
    await asyncio.to_thread(send_mail, server_at(mail_server.port), mail(subject="a\r\nBcc: x@example.com"))
    [taken] = mail_server.mails
    assert (taken["Subject"], taken["Bcc"], taken.get_content().splitlines()) == (
        "a Bcc: x@example.com",
        None,
        ["Grüße"],
    )


async def test_a_mail_server_that_is_away_is_tried_again() -> None:
    with pytest.raises(MailError, match="The mail server can't be used: ConnectionRefusedError") as caught:
        await asyncio.to_thread(send_mail, server_at(1), mail())
    assert caught.value.is_retryable


async def test_a_password_is_sent_over_tls_only(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MailRefusedError, match="doesn't offer TLS, so the password wasn't sent"):
        await asyncio.to_thread(send_mail, server_at(mail_server.port, user="ops", password="hunter2"), mail())
    authority = trustme.CA()
    server_context, client_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server_context)
    authority.configure_trust(client_context)
    async with running_mail_server(tls_context=server_context, require_starttls=True) as secure:
        with pytest.raises(MailError, match="SSLCertVerificationError"):
            await asyncio.to_thread(send_mail, server_at(secure.port, user="ops", password="hunter2"), mail())
        monkeypatch.setattr(ssl, "create_default_context", lambda: client_context)
        await asyncio.to_thread(send_mail, server_at(secure.port, user="ops", password="hunter2"), mail())
        assert (secure.logins, len(secure.mails)) == ([("ops", "hunter2")], 1)
