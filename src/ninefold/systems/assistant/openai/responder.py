"""What the routes use of the assistant: they create, follow, read, cancel and delete responses."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.systems.assistant.errors import LogDeletedError, ResponseNotFoundError
from ninefold.systems.assistant.model import Asker, LogEvent, Response
from ninefold.systems.assistant.openai.catalogue import ModelCatalogue
from ninefold.systems.assistant.openai.errors import PreviousResponseNotFoundError
from ninefold.systems.assistant.openai.objects.response import response_id_of
from ninefold.systems.assistant.openai.requests.generating import CommonRequest
from ninefold.systems.assistant.openai.requests.translating import new_response, parse_response_id
from ninefold.systems.assistant.rules.events import ENDS
from ninefold.systems.assistant.service import responses as service
from ninefold.systems.assistant.service.channels import notify_queued, notify_stopped
from ninefold.systems.assistant.service.following import LogFollower
from ninefold.systems.assistant.settings import AssistantSettings


class Responder:
    """The assistant's responses, for the clients of this surface.

    Args:
        database: where they are.
        notifier: wakes the workers, and this process when a log has grown.
        settings: the limits.
        catalogue: the models.
    """

    def __init__(
        self, database: Database, notifier: Notifier, settings: AssistantSettings, catalogue: ModelCatalogue
    ) -> None:
        self._database: Final = database
        self._notifier: Final = notifier
        self._settings: Final = settings
        self._catalogue: Final = catalogue
        self._follower: Final = LogFollower(database, notifier)

    async def create(self, principal: Principal, request: CommonRequest) -> Response:
        """Create a response, which a worker then generates.

        Raises:
            ModelNotFoundError: there is no such model.
            InvalidInputError: the request can't be answered; the error says why.
            PreviousResponseNotFoundError: there is no response to continue.
            TooManyRequestsError: a limit is reached.
        """
        new = new_response(request)
        await self._catalogue.require_chat_model(request.model)
        try:
            async with self._database.transaction() as connection:
                response = await service.create_response(
                    connection, asker=service.asker_of(principal), new=new, settings=self._settings
                )
        except ResponseNotFoundError as error:
            raise PreviousResponseNotFoundError(error.detail, field="previous_response_id") from error
        notify_queued(self._notifier, response.response_id)
        return response

    async def find(self, principal: Principal, text: str) -> Response:
        """Return a response that was stored.

        Raises:
            ResponseNotFoundError: the caller has none with this id, or it wasn't stored.
        """
        response = await self._read(service.asker_of(principal), parse_response_id(text))
        if not response.is_stored:
            raise ResponseNotFoundError(f"Response with id {text!r} not found.")
        return response

    async def follow_new(self, response: Response) -> AsyncGenerator[Sequence[LogEvent], None]:
        """Yield the events of a response that `create` has returned, as they are committed, until its last one."""
        yield service.log_of_new(response)
        async with aclosing(self.follow(response, after=response.last_sequence)) as batches:
            async for events in batches:
                yield events

    async def follow(self, response: Response, *, after: int = -1) -> AsyncGenerator[Sequence[LogEvent], None]:
        """Yield the events of a response after a number, as they are committed, until its last one.

        Raises:
            LogDeletedError: they were deleted.
        """
        if after >= response.last_sequence and response.status.is_final:
            return
        if response.is_log_deleted:
            raise LogDeletedError(
                f"The events of {response_id_of(response)} were deleted.",
                remedy="Retrieve the response without stream.",
            )
        async with aclosing(self._follower.follow(response.response_id, after=after)) as batches:
            async for events in batches:
                yield events

    async def read_again(self, response: Response) -> Response:
        """Return a response as it is now.

        Raises:
            ResponseNotFoundError: it was deleted.
        """
        return await self._read(response.asker, response.response_id)

    async def wait_for_end(self, response: Response) -> Response:
        """Return a response when it has ended.

        Raises:
            ResponseNotFoundError: it was deleted.
        """
        async with aclosing(self.follow(response)) as batches:
            async for events in batches:
                if events[-1].type in ENDS:
                    break
        return await self.read_again(response)

    async def cancel(self, response: Response) -> Response:
        """Stop a response; one that has ended stays as it is.

        Raises:
            ResponseNotFoundError: it was deleted.
        """
        async with self._database.transaction() as connection:
            cancelled = await service.cancel_response(
                connection, asker=response.asker, response_id=response.response_id
            )
        notify_stopped(self._notifier, [response.response_id])
        return cancelled

    async def delete(self, response: Response) -> None:
        """Delete a response; one that hasn't ended is cancelled first.

        Raises:
            ResponseNotFoundError: it was deleted.
        """
        async with self._database.transaction() as connection:
            await service.delete_response(connection, asker=response.asker, response_id=response.response_id)
        notify_stopped(self._notifier, [response.response_id])

    async def _read(self, asker: Asker, response_id: UUID) -> Response:
        async with self._database.connection() as connection:
            return await service.get_response(connection, asker=asker, response_id=response_id)
