"""Where apps and others post without a token: response URLs and incoming webhooks."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from ninefold.core.errors import NinefoldError, NotFoundError, TooManyRequestsError
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.errors import BadJsonError, RouteNotFoundError
from ninefold.core.web.problems import problem_headers
from ninefold.systems.messaging.errors import (
    ChannelArchivedError,
    InvalidAttachmentsError,
    InvalidBlocksError,
    MemberDeactivatedError,
    MessageEmptyError,
    MessageNotFoundError,
    MessageTooLongError,
    TicketExpiredError,
    TicketNotFoundError,
    TicketUsedError,
    WebhookNotFoundError,
)
from ninefold.systems.messaging.model import NewMessage
from ninefold.systems.messaging.service.apps.answers import check_answer, get_app_of_ticket, respond
from ninefold.systems.messaging.service.apps.incoming_webhooks import find_webhook
from ninefold.systems.messaging.service.apps.outside_messages import find_thread, read_outside_message
from ninefold.systems.messaging.service.apps.registry import get_app
from ninefold.systems.messaging.service.apps.tickets import use_ticket
from ninefold.systems.messaging.service.channels import get_channel
from ninefold.systems.messaging.service.members import check_active, get_bot
from ninefold.systems.messaging.service.sending import post_message
from ninefold.systems.messaging.slack.arguments import read_fields

BODY_SIZE_MAX: Final = 1024 * 1024
OK_TEXT: Final = "ok"

_SERVER_ERROR: Final = 500
_BAD_REQUEST: Final = 400

# Slack's words, with its statuses.
_WORDS: Final[tuple[tuple[type[NinefoldError], str, int], ...]] = (
    (MemberDeactivatedError, "no_active_hooks", 404),
    (WebhookNotFoundError, "no_service", 404),
    (RouteNotFoundError, "no_service", 404),
    (TicketExpiredError, "expired_url", 404),
    (TicketUsedError, "used_url", 404),
    (TicketNotFoundError, "invalid_url", 404),
    (ChannelArchivedError, "channel_is_archived", 410),
    (MessageNotFoundError, "invalid_thread_ts", 400),
    (MessageEmptyError, "no_text", 400),
    (MessageTooLongError, "msg_too_long", 400),
    (InvalidBlocksError, "invalid_blocks", 400),
    (InvalidAttachmentsError, "invalid_attachments", 400),
    (BadJsonError, "invalid_payload", 400),
    (TooManyRequestsError, "rate_limited", 429),
    (NotFoundError, "channel_not_found", 404),
)


def answering_routes(database: Database, notifier: Notifier) -> list[ControllerRouterHandler]:
    """Return the routes of response URLs."""

    @post(
        "/slack/responses/{ticket:str}",
        status_code=200,
        media_type=MediaType.TEXT,
        request_max_body_size=BODY_SIZE_MAX,
    )
    async def answer(request: RawRequest, ticket: FromPath[str]) -> str:
        """Answer a command or a click, up to five times within 30 minutes."""
        fields = await _read(request)
        check_answer(fields)
        async with database.transaction() as connection:
            found = await use_ticket(connection, "response", ticket)
            app = await get_app_of_ticket(connection, found)
            check_active(await get_bot(connection, app))
        await respond(database, notifier, ticket=found, app=app, answer=fields)
        return OK_TEXT

    return [answer]


def webhook_routes(database: Database, notifier: Notifier) -> list[ControllerRouterHandler]:
    """Return the routes of incoming webhooks."""

    @post(
        "/slack/services/{team_id:str}/{webhook:str}/{secret:str}",
        status_code=200,
        media_type=MediaType.TEXT,
        request_max_body_size=BODY_SIZE_MAX,
    )
    async def post_as_app(
        request: RawRequest, team_id: FromPath[str], webhook: FromPath[str], secret: FromPath[str]
    ) -> str:
        """Post a message in the channel of an incoming webhook."""
        async with database.transaction() as connection:
            found = await find_webhook(connection, team_id=team_id, slack_id=webhook, secret=secret)
            if found is None or found.revoked_at is not None:
                raise WebhookNotFoundError("There is no such webhook.")
            app = await get_app(connection, organisation_id=found.organisation_id, app_id=found.app_id)
            channel = await get_channel(connection, organisation_id=found.organisation_id, channel_id=found.channel_id)
            bot = await get_bot(connection, app)
            check_active(bot)
            said = read_outside_message(await _read(request))
            thread_sequence = await find_thread(connection, channel, said)
        message = NewMessage(text=said.text, blocks=said.blocks, thread_sequence=thread_sequence, is_from_outside=True)
        await post_message(database, notifier, channel=channel, member=bot, message=message)
        return OK_TEXT

    return [post_as_app]


def show_text_error(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return the response for an error of an incoming webhook: Slack's word, as text."""
    del request
    word, status = _word_of(error)
    return Response(content=word, status_code=status, media_type=MediaType.TEXT, headers=problem_headers(error))


def show_answer_error(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return the response for an error of a response URL or of a handshake."""
    del request
    word, status = _word_of(error)
    return Response(
        content={"ok": False, "error": word, "detail": error.detail},
        status_code=status,
        headers=problem_headers(error),
    )


async def _read(request: RawRequest) -> Mapping[str, Any]:
    """Return a body of JSON, of whatever content type, or of a form with JSON in `payload`."""
    content = await request.body()
    if content.lstrip().startswith(b"{"):
        return _decode(content)
    fields = await read_fields(request)
    payload = fields.get("payload")
    return _decode(payload.encode()) if isinstance(payload, str) else fields


def _decode(content: bytes) -> Mapping[str, Any]:
    try:
        found: dict[str, Any] = msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise BadJsonError("The body isn't a JSON object.") from error
    return found


def _word_of(error: NinefoldError) -> tuple[str, int]:
    for kind, word, status in _WORDS:
        if isinstance(error, kind):
            return word, status
    if error.http_status >= _SERVER_ERROR:
        return "server_error", error.http_status
    return "invalid_payload", _BAD_REQUEST
