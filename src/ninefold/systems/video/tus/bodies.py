"""Takes the bodies of requests that append, so many at once as a server can."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ninefold.core.web.bodies import RawRequest
from ninefold.systems.video.errors import UploadInterruptedError
from ninefold.systems.video.model.uploads import Upload
from ninefold.systems.video.rules.checksums import Checksum
from ninefold.systems.video.service.appending import Appender
from ninefold.systems.video.service.metrics import UPLOADS_RUNNING
from ninefold.systems.video.tus.headers import body_size_of


class BodyReceiver:
    """Takes the bodies of a server's requests.

    Args:
        appender: appends them.
        at_once_max: how many at once; each needs up to 8 MiB of memory, and as much again while it is written.
    """

    def __init__(self, appender: Appender, *, at_once_max: int) -> None:
        self._appender = appender
        self._free = at_once_max

    async def receive(self, request: RawRequest, upload: Upload, *, offset: int, checksum: Checksum | None) -> Upload:
        """Append the body of a request to an upload, and return it after that; `Appender.append` says what is raised.

        Raises:
            UploadInterruptedError: there are as many at once as the server can take.
        """
        async with self._slot():
            return await self._appender.append(
                request.stream(),
                upload_id=upload.upload_id,
                organisation_id=upload.organisation_id,
                offset=offset,
                size=body_size_of(request),
                checksum=checksum,
            )

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        if self._free == 0:
            raise UploadInterruptedError(
                "The server takes as many uploads at once as it can.", remedy="Try again soon."
            )
        self._free -= 1
        UPLOADS_RUNNING.inc()
        try:
            yield
        finally:
            self._free += 1
            UPLOADS_RUNNING.dec()
