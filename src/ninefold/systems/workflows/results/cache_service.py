"""`github.actions.results.api.v1.CacheService`: caches, as version 2 of the official client uses them."""

from typing import Final

from litestar import post
from litestar.types import ControllerRouterHandler

from ninefold.core.web.bodies import FromBody, JsonRequest
from ninefold.systems.workflows.results.messages import (
    Answer,
    CreateCacheEntry,
    FinalizeCacheEntry,
    FindCacheEntry,
    number,
)
from ninefold.systems.workflows.results.server import ResultsServer, base_url_of, caller_of
from ninefold.systems.workflows.service.results import caches as service
from ninefold.systems.workflows.service.results.addresses import sign_address
from ninefold.systems.workflows.service.results.uploads import get_upload

_SERVICE: Final = "/twirp/github.actions.results.api.v1.CacheService"


def cache_routes(server: ResultsServer) -> list[ControllerRouterHandler]:
    """Return the methods."""

    @post(f"{_SERVICE}/CreateCacheEntry", status_code=200)
    async def create_cache_entry(data: FromBody[CreateCacheEntry], request: JsonRequest) -> Answer:
        """Begin a cache."""
        caller = caller_of(request)
        at = server.clock.now()
        async with server.database.transaction() as connection:
            upload = await service.create_cache(
                connection,
                caller,
                key=data.key,
                version=data.version,
                bytes_max=server.settings.cache_bytes_max,
                at=at,
            )
        if upload is None:
            return {"ok": False, "message": "There is a cache with this key, or another job is uploading it."}
        return {"ok": True, "signed_upload_url": sign_address(upload, mode="w", base_url=base_url_of(request), at=at)}

    @post(f"{_SERVICE}/FinalizeCacheEntryUpload", status_code=200)
    async def finalize_cache_entry_upload(data: FromBody[FinalizeCacheEntry], request: JsonRequest) -> Answer:
        """End a cache."""
        caller = caller_of(request)
        async with server.database.transaction() as connection:
            entry = await service.finish_cache(
                connection,
                caller,
                key=data.key,
                version=data.version,
                size=number(data.size_bytes),
                repository_bytes_max=server.settings.cache_bytes_max,
                at=server.clock.now(),
            )
        return {"ok": True, "entry_id": str(entry.numeric_id)}

    @post(f"{_SERVICE}/GetCacheEntryDownloadURL", status_code=200)
    async def get_cache_entry_download_url(data: FromBody[FindCacheEntry], request: JsonRequest) -> Answer:
        """Return an address that the cache which fits best is downloaded from."""
        caller = caller_of(request)
        at = server.clock.now()
        async with server.database.transaction() as connection:
            entry = await service.find_cache(
                connection, caller, key=data.key, restore_keys=data.restore_keys, version=data.version, at=at
            )
            upload = None if entry is None else await get_upload(connection, entry.upload_id)
        if entry is None or upload is None:
            return {"ok": False}
        address = sign_address(upload, mode="r", base_url=base_url_of(request), at=at)
        return {"ok": True, "signed_download_url": address, "matched_key": entry.key}

    return [create_cache_entry, finalize_cache_entry_upload, get_cache_entry_download_url]
