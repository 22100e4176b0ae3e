"""The Responses API: `/openai/v1/responses`.

A response that is stored goes on when its client closes the connection, and its stream can be read again from any
event. One that isn't stored is cancelled then, as nobody could ever read it.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Annotated, Literal

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import ASGIApp, ControllerRouterHandler

from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.systems.assistant.errors import ResponseNotFoundError
from ninefold.systems.assistant.model import LogEvent, Response
from ninefold.systems.assistant.openai.answers import EventStream, JsonAnswer, ReadyJson
from ninefold.systems.assistant.openai.errors import InvalidRequestError, ServerStoppingError
from ninefold.systems.assistant.openai.interruptions import Interruption, OnClosed, OpenAnswers, do_nothing
from ninefold.systems.assistant.openai.objects.response import (
    DeletedResponse,
    ItemList,
    ResponseObject,
    page_of_items,
    response_id_of,
    response_object,
)
from ninefold.systems.assistant.openai.objects.response_events import encode_event, encode_last_event
from ninefold.systems.assistant.openai.requests.fields import REQUEST_BYTES_MAX
from ninefold.systems.assistant.openai.requests.responses import CreateResponse
from ninefold.systems.assistant.openai.responder import Responder
from ninefold.systems.assistant.rules.events import ENDS

ITEMS_LIMIT_DEFAULT, ITEMS_LIMIT_MAX = 20, 100


def response_routes(responder: Responder, answers: OpenAnswers) -> list[ControllerRouterHandler]:
    """Return the routes of responses."""

    @post("/openai/v1/responses", status_code=200, request_max_body_size=REQUEST_BYTES_MAX)
    async def create_response(principal: NamedDependency[Principal], data: FromBody[CreateResponse]) -> ASGIApp:
        """Create a response; stream it, send it when it has ended, or only say that it is queued."""
        answers.require_room(principal.organisation_id)
        response = await responder.create(principal, data.common())
        interruption = _interruption(responder, response, answers)
        if data.stream:
            return EventStream(_events(responder, response, responder.follow_new(response)), interruption)
        if data.background:
            return _json(response_object(response))
        return JsonAnswer(_ended(responder, response), interruption)

    @get("/openai/v1/responses/{response_id:str}")
    async def retrieve_response(
        principal: NamedDependency[Principal],
        response_id: FromPath[str],
        stream: FromQuery[bool] = False,  # noqa: FBT002  # it is a parameter of the query.
        starting_after: Annotated[int, QueryParameter(ge=-1)] = -1,
    ) -> ASGIApp:
        """Return a response, or stream its events from the beginning or after one of them."""
        response = await responder.find(principal, response_id)
        if stream:
            answers.require_room(principal.organisation_id)
            interruption = _interruption(responder, response, answers)
            following = responder.follow(response, after=starting_after)
            return EventStream(_events(responder, response, following), interruption)
        return _json(response_object(response))

    @post("/openai/v1/responses/{response_id:str}/cancel", status_code=200)
    async def cancel_response(principal: NamedDependency[Principal], response_id: FromPath[str]) -> ASGIApp:
        """Stop a response; one that has ended stays as it is."""
        response = await responder.find(principal, response_id)
        return _json(response_object(await responder.cancel(response)))

    @delete("/openai/v1/responses/{response_id:str}", status_code=200)
    async def delete_response(principal: NamedDependency[Principal], response_id: FromPath[str]) -> ASGIApp:
        """Delete a response."""
        response = await responder.find(principal, response_id)
        await responder.delete(response)
        return _json(DeletedResponse(id=response_id_of(response)))

    @get("/openai/v1/responses/{response_id:str}/input_items")
    async def list_input_items(
        principal: NamedDependency[Principal],
        response_id: FromPath[str],
        after: FromQuery[str | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=ITEMS_LIMIT_MAX)] = ITEMS_LIMIT_DEFAULT,
        order: FromQuery[Literal["asc", "desc"]] = "desc",
    ) -> ASGIApp:
        """Return a page of what the response answers, the last item first if the order isn't `asc`."""
        response = await responder.find(principal, response_id)
        return _json(_page(response, after=after, limit=limit, is_ascending=order == "asc"))

    return [create_response, retrieve_response, cancel_response, delete_response, list_input_items]


async def _ended(responder: Responder, response: Response) -> bytes:
    return msgspec.json.encode(response_object(await responder.wait_for_end(response)))


async def _events(
    responder: Responder, response: Response, following: AsyncGenerator[Sequence[LogEvent], None]
) -> AsyncGenerator[bytes, None]:
    """Yield the events of a response; if it is deleted, they end without a last one."""
    async with aclosing(following) as batches:
        async for events in batches:
            *others, last = events
            is_end = last.type in ENDS
            shown = b"".join([encode_event(event, response) for event in (others if is_end else events)])
            if is_end:
                with suppress(ResponseNotFoundError):
                    shown += encode_last_event(last, await responder.read_again(response))
            if shown:
                yield shown


def _interruption(responder: Responder, response: Response, answers: OpenAnswers) -> Interruption:
    on_closed = do_nothing if response.is_stored else _cancelling(responder, response)
    return Interruption(
        answers=answers,
        organisation_id=response.organisation_id,
        stopped=_stopped(response),
        on_closed=on_closed,
    )


def _cancelling(responder: Responder, response: Response) -> OnClosed:
    async def cancel() -> None:
        with suppress(ResponseNotFoundError):
            await responder.cancel(response)

    return cancel


def _stopped(response: Response) -> ServerStoppingError:
    if not response.is_stored:
        return ServerStoppingError(
            "The server stops, and the response was cancelled.", can_repeat=True, remedy="Send the request again."
        )
    response_id = response_id_of(response)
    return ServerStoppingError(
        f"The server stops. The response {response_id} goes on.", can_repeat=False, remedy=f"Retrieve {response_id}."
    )


def _page(response: Response, *, after: str | None, limit: int, is_ascending: bool) -> ItemList:
    try:
        return page_of_items(response.input_items, after=after, limit=limit, is_ascending=is_ascending)
    except KeyError as error:
        raise InvalidRequestError(
            f"The response has no input item {error.args[0][:80]!r}.",
            field="after",
            remedy="Send the last_id of the page before.",
        ) from error


def _json(shown: ResponseObject | DeletedResponse | ItemList) -> ASGIApp:
    return ReadyJson(msgspec.json.encode(shown))
