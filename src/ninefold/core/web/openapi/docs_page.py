"""The documentation page: the OpenAPI document as one HTML page, rendered on the server.

The page loads nothing: no script, no font, no image. Its colours follow the browser's light or dark setting.
"""

import json
from collections.abc import Iterator, Mapping
from html import escape
from http import HTTPStatus
from typing import Any, Final

from ninefold.core.web.openapi.examples import Schemas, curl_example, example_of, resolve

_DEPTH_MAX: Final = 4

# The label of a required field, and that of an optional one: in requests and in responses.
_IN_REQUEST: Final = ('<span class="required">required</span>', '<span class="optional">optional</span>')
_IN_RESPONSE: Final = ("", '<span class="optional">not always</span>')

_NO_TAG: Final = "general"

_ACCENTED: Final = ' class="filled"'

# The logo: nine dots, of which the middle one has the accent colour.
_LOGO: Final = (
    '<svg class="logo" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true">'
    + "".join(
        f'<circle cx="{4 + 8 * column}" cy="{4 + 8 * row}" r="2.6"{_ACCENTED * (row == column == 1)}/>'
        for row in range(3)
        for column in range(3)
    )
    + "</svg>"
)

# The keys of limits in a schema, and their text on the page.
_LIMITS: Final[Mapping[str, str]] = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "multipleOf": "a multiple of {}",
    "pattern": "matches <code>{}</code>",
    "default": "default <code>{}</code>",
}


def render_docs_page(document: Mapping[str, Any], *, style: str) -> str:
    """Return the page.

    Args:
        document: an OpenAPI 3.1 document.
        style: the page's style sheet.
    """
    info = document["info"]
    components = document["components"]["schemas"]
    groups = _group_by_tag(document)
    navigation = "".join(_render_navigation(tag, operations) for tag, operations in groups.items())
    sections = "".join(
        f'<h2 id="{escape(tag)}">{escape(_sentence_case(tag))}</h2>'
        + "".join(_render_operation(method, path, operation, components) for method, path, operation in operations)
        for tag, operations in groups.items()
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(info["title"])} API</title>
<style>{style}</style>
</head>
<body>
<nav aria-label="Operations">
<a class="home" href="#top">{_LOGO}<span>{escape(info["title"])}</span></a>
{navigation}
</nav>
<main id="top">
<header>
<h1>{escape(info["title"])} API</h1>
<p class="version">Version {escape(info["version"])} · <a href="/openapi.json">OpenAPI 3.1 document</a></p>
{_render_text(info.get("description", ""))}
<h2 id="keys">API keys</h2>
<p>Send an API key with every request: <code>Authorization: Bearer nfk_…</code>.
<code>ninefold keys create</code> creates one and shows it once. A key belongs to one organisation. A request for
something of another organisation gets 404, as if it didn't exist. A key can be limited to a role, and then gets 403 for
what the role doesn't allow. Personal tokens (<code>nfp_…</code>) work in the same way.</p>
<p>The examples read the key from <code>NINEFOLD_API_KEY</code>, and this server's address, such as
<code>https://hooks.example.com</code>, from <code>NINEFOLD_URL</code>.</p>
<h2 id="errors">Errors</h2>
<p>Each error is <code>application/problem+json</code> (RFC 9457). It says what happened, which field caused it, and
what to do. <code>is_retryable</code> says whether the same request can succeed later.</p>
{_render_code(_pretty(_problem_example(components)))}
</header>
{sections}
</main>
</body>
</html>
"""


def _group_by_tag(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Mapping[str, Any]]]]:
    groups: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            tag = (operation.get("tags") or [_NO_TAG])[0]
            groups.setdefault(tag, []).append((method, path, operation))
    return dict(sorted(groups.items()))


def _render_navigation(tag: str, operations: list[tuple[str, str, Mapping[str, Any]]]) -> str:
    links = "".join(
        f'<li><a href="#{escape(operation["operationId"])}">'
        f"{_render_method(method)}<span>{escape(operation['summary'])}</span></a></li>"
        for method, _, operation in operations
    )
    return f'<p><a href="#{escape(tag)}">{escape(_sentence_case(tag))}</a></p><ul>{links}</ul>'


def _render_operation(method: str, path: str, operation: Mapping[str, Any], components: Schemas) -> str:
    parts = [
        f'<article id="{escape(operation["operationId"])}">',
        f"<h3>{escape(operation['summary'])}</h3>",
        f'<p class="address">{_render_method(method)}<code>{escape(path)}</code></p>',
        _render_text(operation.get("description", "")),
        _render_parameters(operation.get("parameters", []), components),
    ]
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        parts += ["<h4>Body</h4>", _render_fields(schema, components, labels=_IN_REQUEST)]
    parts += [
        "<h4>Responses</h4>",
        _render_responses(operation["responses"], components),
        "<h4>Example</h4>",
        _render_code(curl_example(method, path, operation, components)),
        "</article>",
    ]
    return "".join(parts)


def _render_parameters(parameters: list[Mapping[str, Any]], components: Schemas) -> str:
    if not parameters:
        return ""
    rows = [
        _render_row(
            parameter["name"],
            {**parameter["schema"], "description": parameter.get("description", "")},
            components,
            label=_IN_REQUEST[not parameter["required"]],
            place=f"in the {parameter['in']}",
        )
        for parameter in parameters
    ]
    return f"<h4>Parameters</h4>{_render_table(rows)}"


def _render_fields(schema: Mapping[str, Any], components: Schemas, *, labels: tuple[str, str]) -> str:
    rows = list(_field_rows(schema, components, labels=labels, prefix="", depth=0))
    return _render_table(rows) if rows else f"<p>{_type_text(schema, components)}</p>"


def _field_rows(
    schema: Mapping[str, Any], components: Schemas, *, labels: tuple[str, str], prefix: str, depth: int
) -> Iterator[str]:
    """Yield a table row for each field; the fields of an inner object follow the field that contains it."""
    schema = resolve(schema, components)
    if "items" in schema and depth < _DEPTH_MAX:
        yield from _field_rows(schema["items"], components, labels=labels, prefix=f"{prefix}[]", depth=depth + 1)
    for alternative in schema.get("anyOf", []):
        yield from _field_rows(alternative, components, labels=labels, prefix=prefix, depth=depth + 1)
    required = schema.get("required", [])
    for name, inner in schema.get("properties", {}).items():
        path = f"{prefix}.{name}".lstrip(".")
        yield _render_row(path, inner, components, label=labels[name not in required])
        if depth < _DEPTH_MAX:
            yield from _field_rows(inner, components, labels=labels, prefix=path, depth=depth + 1)


def _render_row(name: str, schema: Mapping[str, Any], components: Schemas, *, label: str, place: str = "") -> str:
    schema = resolve(schema, components)
    facts = [_type_text(schema, components), *([place] if place else []), *_limits(schema)]
    return (
        f'<tr><th scope="row"><code>{escape(name)}</code>{label}</th>'
        f'<td><span class="facts">{", ".join(facts)}</span>'
        f"{_render_text(schema.get('description', ''))}</td></tr>"
    )


def _limits(schema: Mapping[str, Any]) -> list[str]:
    """Return a value's limits as text. A pattern is left out if there is an example, which is easier to read."""
    limits = [
        words.format(escape(_json_text(schema[key])))
        for key, words in _LIMITS.items()
        if schema.get(key) is not None and not (key == "pattern" and schema.get("examples"))
    ]
    examples = [f"such as <code>{escape(_json_text(example))}</code>" for example in schema.get("examples", [])[:1]]
    return limits + examples


def _render_table(rows: list[str]) -> str:
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _render_responses(responses: Mapping[str, Mapping[str, Any]], components: Schemas) -> str:
    return "".join(_render_response(int(status), response, components) for status, response in responses.items())


def _render_response(status: int, response: Mapping[str, Any], components: Schemas) -> str:
    kind = "good" if status < HTTPStatus.BAD_REQUEST else "bad"
    words = _render_inline(response["description"].removesuffix("."))
    head = f'<span class="status {kind}">{status}</span><span>{words}</span>'
    content = response.get("content", {}).get("application/json")
    if content is None:
        return f'<p class="response">{head}</p>'
    schema = content["schema"]
    return (
        f"<details><summary>{head}</summary>{_render_fields(schema, components, labels=_IN_RESPONSE)}"
        f"{_render_code(_pretty(example_of(schema, components)))}</details>"
    )


def _type_text(schema: Mapping[str, Any], components: Schemas) -> str:
    match resolve(schema, components):
        case {"const": value}:
            text = f"always <code>{escape(_json_text(value))}</code>"
        case {"enum": values}:
            text = "one of " + ", ".join(f"<code>{escape(_json_text(value))}</code>" for value in values)
        case {"anyOf": alternatives} | {"oneOf": alternatives}:
            text = " or ".join(_type_text(alternative, components) for alternative in alternatives)
        case {"type": "array", **rest}:
            text = f"list of {_type_text(rest.get('items') or {}, components)}"
        case {"type": "string", "format": kind} | {"type": kind}:
            text = escape(kind)
        case _:
            text = "any JSON value"
    return text


def _render_method(method: str) -> str:
    return f'<span class="method {escape(method)}">{escape(method.upper())}</span>'


def _render_text(text: str) -> str:
    paragraphs = [paragraph for paragraph in text.split("\n\n") if paragraph.strip()]
    return "".join(f"<p>{_render_inline(paragraph)}</p>" for paragraph in paragraphs)


def _render_inline(text: str) -> str:
    """Escape a text, and render what is between backticks as code."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))


def _render_code(text: str) -> str:
    return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'


def _problem_example(components: Schemas) -> Any:
    return example_of({"$ref": "#/components/schemas/Problem"}, components)


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _json_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:].replace("_", " ")
