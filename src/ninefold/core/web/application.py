"""The application factory: routes in, a finished Litestar application out."""

import warnings
from collections.abc import Sequence
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions.base_exceptions import LitestarDeprecationWarning
from litestar.types import ControllerRouterHandler

from ninefold.core.postgres.database import Database
from ninefold.core.web.authentication import ApiKeyMiddleware, provide_principal
from ninefold.core.web.bodies import BODY_SIZE_MAX_DEFAULT, ApiRequest, BodyDTO
from ninefold.core.web.documents import DocumentPages
from ninefold.core.web.ids import decode_path_id, is_path_id
from ninefold.core.web.operations import ReadinessCheck, operation_routes
from ninefold.core.web.options import OptionsMiddleware
from ninefold.core.web.problems import handle_exception
from ninefold.core.web.queries import QueryMiddleware
from ninefold.core.web.requests import RequestEnvelope


def create_app(
    *,
    database: Database,
    route_handlers: Sequence[ControllerRouterHandler],
    readiness: Sequence[ReadinessCheck],
    title: str,
    version: str,
    description: str = "",
) -> Litestar:
    """Return the application.

    Args:
        database: where keys are looked up; handlers get it as `database`.
        route_handlers: the systems' routes; those below `/api/` need a key, and get its `principal`.
        readiness: what must hold before `/readyz` answers 200.
        title: the API's name in its documents.
        version: the API's version in its documents.
        description: what the API is for, in its documents.

    Raises:
        ValueError: two routes have the same operation id.
    """

    def provide_database() -> Database:
        return database

    pages = DocumentPages()
    app = _build(
        route_handlers=[*operation_routes(readiness), *pages.routes(), *route_handlers],
        dependencies={
            "principal": Provide(provide_principal, sync_to_thread=False),
            "database": Provide(provide_database, sync_to_thread=False),
        },
        middleware=[ApiKeyMiddleware(database), OptionsMiddleware(), QueryMiddleware()],
        exception_handlers={Exception: handle_exception},
        request_class=ApiRequest,
        request_max_body_size=BODY_SIZE_MAX_DEFAULT,
        dto=BodyDTO,
        return_dto=None,
        type_decoders=[(is_path_id, decode_path_id)],
        openapi_config=None,
        logging_config=None,
    )
    pages.render(app, title=title, version=version, description=description)
    app.asgi_handler = RequestEnvelope(app.asgi_handler)
    return app


def _build(**arguments: Any) -> Litestar:
    # Handlers say `principal: Principal` and `note_id: NoteId`: Litestar 2 sees from the name where each comes
    # from. It announces that Litestar 3 will want that spelt out at each parameter, which is why we stay
    # below 3 for now.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LitestarDeprecationWarning)
        return Litestar(**arguments)
