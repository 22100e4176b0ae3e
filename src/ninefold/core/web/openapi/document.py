"""Builds the OpenAPI 3.1 document from the routes' types.

The schemas come from msgspec, which also validates the input, so the document states what is enforced. The text comes
from a route's docstring; its first sentence is the summary. A route also sets its `tags`, and the `responses` that
don't follow from its types.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import takewhile
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from ninefold.core.web.access import Caller, access_of, is_safe
from ninefold.core.web.api_authentication import ORGANISATION_HEADER, SESSION_COOKIE
from ninefold.core.web.forgery import CSRF_HEADER
from ninefold.core.web.ids import is_path_id, path_id_schema
from ninefold.core.web.openapi.requests import has_binary_body
from ninefold.core.web.problems import PROBLEM_MEDIA_TYPE, Problem, status_words
from ninefold.core.web.query_parameters import RESERVED_PARAMETERS, is_header, name_in_request
from ninefold.core.web.surfaces import Surface, SurfaceMap

_JSON: Final = "application/json"
_BYTES: Final = "application/octet-stream"
_SECTIONS: Final = ("Args:", "Returns:", "Raises:")
_NO_CONTENT: Final = 204
_BOUNDS: Final = ("ge", "gt", "le", "lt", "min_length", "max_length", "multiple_of", "pattern")
_RETRYABLE: Final = frozenset({"409", "429", "503"})
_RETRY_AFTER: Final = {
    "description": "Seconds to wait before sending the same request again; present if `is_retryable` is true.",
    "schema": {"type": "integer"},
}
_SECURITY_SCHEMES: Final = {
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key (`nfk_…`) or a personal token (`nfp_…`): `Authorization: Bearer nfk_…`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": (
            "The cookie of a person who is signed in. Methods other than GET also need the header "
            f"`{CSRF_HEADER}`, with the `csrf_token` of `GET /api/v1/session`. The header `{ORGANISATION_HEADER}` "
            "chooses another organisation than the session's current one."
        ),
    },
}
_USAGE: Final = """
### API keys

Send an API key with every request: `Authorization: Bearer nfk_…`. `ninefold keys create` creates one and shows it once.
A key belongs to one organisation. A request for something of another organisation gets 404, as if it didn't exist. A
key can be limited to a role, and then gets 403 for what the role doesn't allow. Personal tokens (`nfp_…`) work in the
same way. Operations about a person's own account need a session: sign in to the console first.

### Errors

Each error is `application/problem+json` (RFC 9457). It says what happened, which field caused it, and what to do.
`is_retryable` says whether the same request can succeed later.
"""
_REFERENCE: Final = "#/components/schemas/{name}"


def build_openapi(app: Litestar, surfaces: SurfaceMap, *, title: str, version: str, description: str) -> dict[str, Any]:
    """Return the document for the routes of all documented surfaces, as data that can be encoded as JSON.

    Raises:
        ValueError: two routes have the same operation id.
    """
    operations = list(_operations(app, surfaces))
    kinds = [kind for operation in operations for kind in operation.kinds()]
    schemas, components = msgspec.json.schema_components(
        [Problem, *kinds], ref_template=_REFERENCE, schema_hook=_schema_of_own_type
    )
    known = _SchemaIndex(kinds=[Problem, *kinds], schemas=schemas)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = operation.describe(known)
    _check_operation_ids(operations)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": f"{description}\n{_USAGE}"},
        "security": [{"api_key": []}, {"session": []}],
        "paths": {path: dict(sorted(methods.items())) for path, methods in sorted(paths.items())},
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


class _SchemaIndex:
    """Finds the schema of each type that was collected."""

    def __init__(self, *, kinds: Sequence[Any], schemas: Sequence[dict[str, Any]]) -> None:
        self._entries = list(zip(kinds, schemas, strict=True))

    def __getitem__(self, kind: Any) -> dict[str, Any]:
        return next(dict(schema) for known, schema in self._entries if known == kind)


class _Operation:
    """One method of one path."""

    def __init__(
        self, *, surface: Surface, path: str, method: str, handler: HTTPRouteHandler, path_parameters: Sequence[str]
    ) -> None:
        self.path = path
        self.method = method
        self.operation_id = handler.fn.__name__
        self._handler = handler
        self._path_parameters = path_parameters
        self._fields = handler.parsed_fn_signature.parameters
        self._access = access_of(handler)
        self._is_authenticated = surface.authenticate is not None and self._access.caller is not Caller.ANYONE

    def kinds(self) -> Iterator[Any]:
        """Yield every type whose schema the operation refers to."""
        yield from (_kind_of_parameter(field) for field in self._parameters())
        if "data" in self._fields:
            yield self._fields["data"].raw
        if (response := self._response_kind()) is not None:
            yield response
        yield from (spec.data_container for spec in self._special_responses().values() if not _is_bytes(spec))

    def describe(self, schemas: _SchemaIndex) -> dict[str, Any]:
        """Return the operation object."""
        summary, description = _summary_and_description(self._handler.fn)
        operation: dict[str, Any] = {"operationId": self.operation_id, "summary": summary}
        if description:
            operation["description"] = description
        operation["tags"] = sorted(self._handler.tags or [])
        operation["security"] = self._security()
        if self._access.not_audited is not None:
            operation["x-not-audited"] = self._access.not_audited
        if parameters := [self._describe_parameter(field, schemas) for field in self._parameters()]:
            operation["parameters"] = parameters
        if "data" in self._fields:
            schema = schemas[self._fields["data"].raw]
            is_required = not self._fields["data"].has_default
            operation["requestBody"] = {"required": is_required, "content": {_JSON: {"schema": schema}}}
        elif has_binary_body(self._handler):
            operation["requestBody"] = {"required": True, "content": {_BYTES: {}}}
        operation["responses"] = self._describe_responses(schemas)
        return operation

    def _security(self) -> list[dict[str, list[str]]]:
        """Return the schemes that are accepted, each with the permission that it needs."""
        if not self._is_authenticated:
            return []
        scope = self._access.scope_for(self.method)
        permissions = [] if scope is None else [scope]
        names = ["session"] if self._access.caller is Caller.PERSON else ["api_key", "session"]
        return [{name: permissions} for name in names]

    def _parameters(self) -> list[FieldDefinition]:
        injected = self._handler.resolve_dependencies()
        return [
            field for name, field in self._fields.items() if name not in RESERVED_PARAMETERS and name not in injected
        ]

    def _describe_parameter(self, field: FieldDefinition, schemas: _SchemaIndex) -> dict[str, Any]:
        schema = _without_null(schemas[_kind_of_parameter(field)])
        name, place = name_in_request(field.name, field), "query"
        kwarg = field.kwarg_definition
        if name in self._path_parameters:
            place = "path"
        elif is_header(field):
            place = "header"
        if field.has_default and field.default is not None:
            schema["default"] = field.default
        if text_format := getattr(kwarg, "format", None):
            schema["format"] = text_format
        described = {
            "name": name,
            "in": place,
            "required": place == "path" or field.is_required,
            "schema": schema,
        }
        text = schema.pop("description", None) or getattr(kwarg, "description", None)
        if text:
            described["description"] = text
        return described

    def _describe_responses(self, schemas: _SchemaIndex) -> dict[str, Any]:
        success = HTTPStatus(self._handler.status_code)
        response: dict[str, Any] = {"description": self._handler.response_description or status_words(success)}
        if (kind := self._response_kind()) is not None and success != _NO_CONTENT:
            response["content"] = {_JSON: {"schema": schemas[kind]}}
        headers = {
            header.name: {"description": header.description or "", "schema": {"type": "string"}}
            for header in self._handler.resolve_response_headers()
        }
        if headers:
            response["headers"] = headers
        responses = {str(int(success)): response}
        problem = {PROBLEM_MEDIA_TYPE: {"schema": schemas[Problem]}}
        for status in self._implied_problems():
            responses[str(status)] = {"description": status_words(status), "content": problem}
        for status, spec in self._special_responses().items():
            media_type = str(getattr(spec.media_type, "value", spec.media_type))
            # A schema describes JSON; bytes are described by their media type alone.
            content = {} if _is_bytes(spec) else {"schema": schemas[spec.data_container]}
            responses[str(status)] = {"description": spec.description, "content": {media_type: content}}
        for retryable in _RETRYABLE & responses.keys():
            responses[retryable]["headers"] = {"Retry-After": _RETRY_AFTER}
        return dict(sorted(responses.items()))

    def _implied_problems(self) -> set[int]:
        statuses = {400, 503}
        if self._is_authenticated:
            statuses |= {401, 403}
        elif not is_safe(self.method):
            statuses.add(403)
        if self._path_parameters:
            statuses.add(404)
        if len(self._parameters()) > len(self._path_parameters):
            statuses.add(422)
        if "data" in self._fields:
            statuses |= {413, 415, 422}
        if has_binary_body(self._handler):
            statuses.add(413)
        return statuses

    def _response_kind(self) -> Any:
        kind = self._handler.parsed_fn_signature.return_type.raw
        if get_origin(kind) is not None and issubclass(get_origin(kind), Response):
            kind = get_args(kind)[0]
        has_special_response = self._handler.status_code in self._special_responses()
        return None if has_special_response or kind in (None, type(None)) else kind

    def _special_responses(self) -> Mapping[int, ResponseSpec]:
        return self._handler.responses or {}


def _operations(app: Litestar, surfaces: SurfaceMap) -> Iterator[_Operation]:
    for route in app.routes:
        surface = surfaces.find(route.path)
        if not isinstance(route, HTTPRoute) or not surface.is_documented:
            continue
        for method, (handler, _) in route.route_handler_map.items():
            if handler.resolve_include_in_schema():
                yield _Operation(
                    surface=surface,
                    path=route.path_format,
                    method=method,
                    handler=handler,
                    path_parameters=list(route.path_parameters),
                )


def _is_bytes(spec: ResponseSpec) -> bool:
    return spec.data_container is bytes


def _check_operation_ids(operations: Sequence[_Operation]) -> None:
    seen: dict[str, str] = {}
    for operation in operations:
        address = f"{operation.method} {operation.path}"
        if operation.operation_id in seen:
            raise ValueError(
                f"{address} and {seen[operation.operation_id]} are both handled by a function "
                f"{operation.operation_id}. Function names are operation ids, so rename one."
            )
        seen[operation.operation_id] = address


def _kind_of_parameter(field: FieldDefinition) -> Any:
    """Return a parameter's type with its bounds as `msgspec.Meta`.

    Raises:
        ValueError: it has bounds as `msgspec.Meta` already, which Litestar wouldn't enforce.
    """
    if any(isinstance(extra, msgspec.Meta) for extra in getattr(field.raw, "__metadata__", ())):
        raise ValueError(f"Parameter {field.name}: Litestar enforces bounds in QueryParameter, not in msgspec.Meta.")
    kwarg = field.kwarg_definition
    bounds = {key: getattr(kwarg, key) for key in _BOUNDS if getattr(kwarg, key, None) is not None}
    return Annotated[field.annotation, msgspec.Meta(**bounds)] if bounds else field.raw


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema without null: an optional parameter is left out of a URL or a header instead."""
    others = [alternative for alternative in schema.get("anyOf", []) if alternative != {"type": "null"}]
    return dict(others[0]) if len(others) == 1 else schema


def _summary_and_description(function: Any) -> tuple[str, str]:
    """Return a docstring's first sentence, and the rest up to its `Args:`, `Returns:` or `Raises:`."""
    text = (inspect.getdoc(function) or "").partition("\n\n")
    summary, _, rest_of_line = text[0].replace("\n", " ").partition(". ")
    paragraphs = [rest_of_line, *text[2].split("\n\n")]
    description = takewhile(lambda paragraph: not paragraph.startswith(_SECTIONS), paragraphs)
    return summary.rstrip("."), "\n\n".join(paragraph for paragraph in description if paragraph)


def _schema_of_own_type(kind: type) -> dict[str, Any]:
    if is_path_id(kind):
        return path_id_schema(kind)
    raise TypeError(f"The OpenAPI document can't describe {kind}.")
