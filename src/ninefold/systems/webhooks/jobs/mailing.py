"""Sends a mail over SMTP (RFC 5321), with TLS if the server offers it. It blocks, so it runs in a thread."""

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from typing import Final

import msgspec

from ninefold.core.errors import NinefoldError
from ninefold.systems.webhooks.model.alerts import MailServer

TIMEOUT_S: Final = 20.0
"""For the connection, and for each answer of the server."""

_FINAL: Final = 500
"""Replies from here on say that a repetition won't help (RFC 5321 §4.2.1)."""


class MailError(NinefoldError):
    """A mail wasn't taken by the server."""

    code = "mail_not_sent"
    title = "A mail wasn't sent"
    is_retryable = True


class MailRefusedError(MailError):
    """The server doesn't take a mail, and a repetition wouldn't help."""

    code = "mail_refused"
    title = "A mail was refused"
    is_retryable = False


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail of plain text."""

    sender: str
    recipients: Sequence[str]
    subject: str
    text: str
    message_id: str
    """What makes it unique, without the domain."""


def send_mail(server: MailServer, mail: Mail) -> None:
    """Send a mail to all its recipients.

    A password is only sent over TLS.

    Raises:
        MailError: the server can't be reached, or asks to repeat it later.
        MailRefusedError: the server refuses it, or doesn't offer what is needed.
    """
    try:
        with _connect(server) as connection:
            if not server.is_tls_first:
                connection.ehlo()
                if connection.has_extn("starttls"):
                    connection.starttls(context=ssl.create_default_context())
                elif server.user is not None:
                    raise MailRefusedError("The mail server doesn't offer TLS, so the password wasn't sent.")
            if server.user is not None:
                connection.login(server.user, server.password)
            refused = connection.send_message(_message(mail), from_addr=mail.sender, to_addrs=list(mail.recipients))
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise _error_of(f"The mail server refused every recipient ({_numbers(codes)}).", max(codes)) from error
    except smtplib.SMTPResponseException as error:
        # What the server says can repeat what it was sent.
        raise _error_of(f"The mail server answered {error.smtp_code}.", error.smtp_code) from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailError(f"The mail server can't be used: {type(error).__name__}.") from error
    if refused:
        codes = [code for code, _ in refused.values()]
        raise MailRefusedError(f"The mail server refused {len(refused)} of the recipients ({_numbers(codes)}).")


def _connect(server: MailServer) -> smtplib.SMTP:
    if server.is_tls_first:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=ssl.create_default_context())
    return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)


def _message(mail: Mail) -> EmailMessage:
    message = EmailMessage()
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.recipients)
    # A title can have the description of a subscription in it.
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{mail.message_id}@{mail.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message


def _error_of(detail: str, code: int) -> MailError:
    return (MailRefusedError if code >= _FINAL else MailError)(detail)


def _numbers(codes: Sequence[int]) -> str:
    return ", ".join(str(code) for code in sorted(set(codes)))
