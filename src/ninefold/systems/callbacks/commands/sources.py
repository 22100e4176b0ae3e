"""`ninefold sources …`."""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    parse_argument_id,
    print_gap,
    print_json,
    print_next_page,
    print_note,
    print_table,
    print_text,
    show_answer,
    show_fields,
)
from ninefold.core.errors import InvalidInputError
from ninefold.systems.callbacks.commands.answers import ChangedSourceAnswer, SourceAnswer
from ninefold.systems.callbacks.model import SOURCE_PREFIX

_SOURCES: Final = "/api/v1/sources"
_STANDARD_INPUT: Final = "-"

sources = App(name="sources", help="Manage the sources of callbacks.")

Secrets = Annotated[list[str], Parameter(name="--secret", negative="", allow_leading_hyphen=True)]
Options = Annotated[list[str], Parameter(name="--option", negative="")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class AnswerOptions:
    """What a source answers to each callback."""

    status: Annotated[int | None, Parameter(name="--answer-status")] = None
    """The status of the answer, from 200 to 299."""
    content_type: Annotated[str | None, Parameter(name="--answer-type")] = None
    """The media type of the answer's body, such as application/json."""
    body: Annotated[str | None, Parameter(name="--answer-body", allow_leading_hyphen=True)] = None
    """The answer's body; @FILE reads it from a file."""


@sources.command(name="create")
def create_source(
    provider: str,
    name: str,
    *,
    secrets: Secrets | None = None,
    options: Options | None = None,
    answer: AnswerOptions | None = None,
    forward_url: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Create a source, and print the URL to give to the provider and what to do there.

    Args:
        provider: Who sends the callbacks, such as github; `ninefold providers list` lists all.
        name: A name for people.
        secrets: A secret of the provider; @FILE reads it from a file, - from standard input; repeatable.
        options: Another field of the provider, as NAME=VALUE; repeatable.
        answer: What to answer to each callback; an empty 200 by default.
        forward_url: Forward verified callbacks unchanged to this URL, instead of publishing them as events.
        api: The server and API key to use.
    """
    body: dict[str, Any] = {
        "provider": provider,
        "name": name,
        "secrets": [_read_secret(secret) for secret in secrets or []],
        "options": _read_options(options or []),
        "forward_url": forward_url,
    }
    if answer is not None:
        body["answer"] = _answer_body(answer)
    with api.client() as client:
        show_answer(client.post(_SOURCES, body), ChangedSourceAnswer, api=api, show=_show_changed_source)


@sources.command(name="list")
def list_sources(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List sources, newest first.

    Args:
        limit: Maximum number of sources to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        show_answer(client.get(_SOURCES, limit=limit, cursor=cursor), Page[SourceAnswer], api=api, show=_show_sources)


@sources.command(name="show")
def show_source(source_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a source, and what to do at the provider.

    Args:
        source_id: The source's id, such as src_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = source_path(source_id)
    with api.client() as client:
        show_answer(client.get(path), SourceAnswer, api=api, show=_show_source)


def _require_a_change(*_: object, **options: object) -> None:
    """Refuse an update without any change; cyclopts shows a ValueError as a usage error."""
    if not options.keys() & {"name", "secrets", "options", "answer", "forward_url"}:
        raise ValueError("Nothing to change: give --name, --secret, --option, --answer-… or --forward-url.")


@sources.command(name="update", validator=_require_a_change)
def update_source(
    source_id: str,
    *,
    name: str | None = None,
    secrets: Secrets | None = None,
    options: Options | None = None,
    answer: AnswerOptions | None = None,
    forward_url: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Change a source. What you omit stays; --secret and --option replace all earlier ones.

    Args:
        source_id: The source's id, such as src_01h455vb4pex5vsknk084sn02q.
        name: The new name.
        secrets: A secret of the provider; @FILE reads it from a file, - from standard input; repeatable.
        options: Another field of the provider, as NAME=VALUE; repeatable.
        answer: What to answer to each callback. What you omit of it becomes the default: status 200, no body.
        forward_url: Forward verified callbacks unchanged to this URL; "" ends that, and they become events.
        api: The server and API key to use.
    """
    path = source_path(source_id)
    body: dict[str, Any] = {}
    if name is not None:
        body["name"] = name
    if secrets is not None:
        body["secrets"] = [_read_secret(secret) for secret in secrets]
    if options is not None:
        body["options"] = _read_options(options)
    if answer is not None:
        body["answer"] = _answer_body(answer)
    if forward_url is not None:
        body["forward_url"] = forward_url or None
    with api.client() as client:
        show_answer(client.patch(path, body), ChangedSourceAnswer, api=api, show=_show_changed_source)


@sources.command(name="delete")
def delete_source(source_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Delete a source: its URL answers 404 from now on. What it has received is kept.

    Args:
        source_id: The source's id, such as src_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = source_path(source_id)
    with api.client() as client:
        client.delete(path)
    if api.json:
        print_json({"source_id": source_id, "status": "deleted"})
    else:
        print_note(f"Deleted {source_id}.")


def source_path(source_id: str) -> str:
    """Return the API path of a source.

    Raises:
        InvalidInputError: the argument isn't a source's id.
    """
    parse_argument_id(SOURCE_PREFIX, source_id, shown_by="ninefold sources list")
    return f"{_SOURCES}/{source_id}"


def _show_sources(page: Page[SourceAnswer]) -> None:
    print_table(
        ["Source", "Provider", "Name", "Secrets", "URL"],
        [
            [item.source_id, item.provider, item.name, ", ".join(item.secret_hints), item.ingest_url]
            for item in page.items
        ],
        empty="No sources yet. Create one: ninefold sources create github Code --secret @secret.txt",
        whole=["URL"],
    )
    print_next_page(page)


def _show_changed_source(source: ChangedSourceAnswer) -> None:
    _show_source(source)
    if source.forward_secret is not None:
        print_note("Save the forward_secret now: it won't be shown again.")


def _show_source(source: SourceAnswer) -> None:
    show_fields(source, without=["setup_steps"])
    print_gap()
    for number, step in enumerate(source.setup_steps, start=1):
        print_text(f"{number}. {step}")


def _read_secret(text: str) -> str:
    """Return a secret, or that of a file or of standard input, so that it isn't in the shell's history."""
    if text == _STANDARD_INPUT:
        return sys.stdin.read().strip()
    return _read_file(text[1:], field="secret").strip() if text.startswith("@") else text


def _read_file(path: str, *, field: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"The file of --{field} can't be read: {error}.", field=field, remedy="Check the path after @."
        ) from error


def _answer_body(answer: AnswerOptions) -> dict[str, Any]:
    given = {name: value for name, value in asdict(answer).items() if value is not None}
    if answer.body is not None and answer.body.startswith("@"):
        given["body"] = _read_file(answer.body[1:], field="answer-body")
    return given


def _read_options(texts: list[str]) -> dict[str, str]:
    options = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise InvalidInputError(f"{text!r} isn't NAME=VALUE.", field="option", remedy="Write --option NAME=VALUE.")
        options[name] = value
    return options
