"""Request bodies: JSON, forms, or any bytes, always within the size limit of the route.

A route names the type of its body, and its size limit if the default doesn't fit:

    import msgspec
    from litestar import post
    from ninefold.core.web.bodies import FromBody, RequestBody

    class PublishEvent(RequestBody, frozen=True, kw_only=True):
        event_type: str
        payload: msgspec.Raw

    @post("/api/v1/events", request_max_body_size=2 * 1024 * 1024)
    async def publish(data: FromBody[PublishEvent]) -> None: ...

A surface sets the request class that reads and decodes its bodies: `JsonRequest`, `FormRequest` or `RawRequest`.
"""

from ninefold.core.web.bodies.forms import UploadedFile
from ninefold.core.web.bodies.json_decoder import JsonDecoder, RequestBody
from ninefold.core.web.bodies.request_classes import (
    BODY_SIZE_MAX_DEFAULT,
    BodyDTO,
    FormRequest,
    FromBody,
    JsonRequest,
    RawRequest,
    keep_body,
)

__all__ = [
    "BODY_SIZE_MAX_DEFAULT",
    "BodyDTO",
    "FormRequest",
    "FromBody",
    "JsonDecoder",
    "JsonRequest",
    "RawRequest",
    "RequestBody",
    "UploadedFile",
    "keep_body",
]
