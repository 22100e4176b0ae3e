"""`POST /openai/v1/chat/completions`.

A completion can't be retrieved later. So it is cancelled if its client closes the connection before the end, or if the
server stops.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.types import ASGIApp, ControllerRouterHandler

from ninefold.core.errors import NinefoldError
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.systems.assistant.errors import ResponseNotFoundError
from ninefold.systems.assistant.model import Response
from ninefold.systems.assistant.openai.answers import EventStream, JsonAnswer
from ninefold.systems.assistant.openai.errors import ErrorResponse, ServerStoppingError, describe_error
from ninefold.systems.assistant.openai.failures import require_success
from ninefold.systems.assistant.openai.interruptions import Interruption, OnClosed, OpenAnswers
from ninefold.systems.assistant.openai.objects.chat import chat_completion
from ninefold.systems.assistant.openai.objects.chunks import ChunkWriter
from ninefold.systems.assistant.openai.requests.chat import CreateChatCompletion
from ninefold.systems.assistant.openai.requests.fields import REQUEST_BYTES_MAX
from ninefold.systems.assistant.openai.responder import Responder


def chat_routes(responder: Responder, answers: OpenAnswers) -> list[ControllerRouterHandler]:
    """Return the routes of chat completions."""

    @post("/openai/v1/chat/completions", status_code=200, request_max_body_size=REQUEST_BYTES_MAX)
    async def create_chat_completion(
        principal: NamedDependency[Principal], data: FromBody[CreateChatCompletion]
    ) -> ASGIApp:
        """Create a completion; stream it, or send it when it has ended."""
        answers.require_room(principal.organisation_id)
        response = await responder.create(principal, data.common())
        interruption = Interruption(
            answers=answers,
            organisation_id=principal.organisation_id,
            stopped=_stopped(),
            on_closed=_cancelling(responder, response),
        )
        if data.stream:
            chunks = _chunks(responder, response, includes_usage=data.includes_usage)
            return EventStream(chunks, interruption, show_error=_show_error)
        return JsonAnswer(_completion(responder, response), interruption)

    return [create_chat_completion]


async def _completion(responder: Responder, response: Response) -> bytes:
    ended = await responder.wait_for_end(response)
    require_success(ended)
    return msgspec.json.encode(chat_completion(ended))


async def _chunks(responder: Responder, response: Response, *, includes_usage: bool) -> AsyncGenerator[bytes, None]:
    """Yield the chunks of a completion.

    Raises:
        NinefoldError: the response has failed, or was cancelled.
    """
    writer = ChunkWriter(response, includes_usage=includes_usage)
    async with aclosing(responder.follow(response)) as batches:
        async for events in batches:
            if chunks := b"".join([writer.write(event) for event in events]):
                yield chunks
    ended = await responder.read_again(response)
    require_success(ended)
    yield writer.finish(ended)


def _cancelling(responder: Responder, response: Response) -> OnClosed:
    async def cancel() -> None:
        with suppress(ResponseNotFoundError):
            await responder.cancel(response)

    return cancel


def _stopped() -> ServerStoppingError:
    return ServerStoppingError(
        "The server stops, and the completion was cancelled.", can_repeat=True, remedy="Send the request again."
    )


def _show_error(error: NinefoldError) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(ErrorResponse(error=describe_error(error)))
