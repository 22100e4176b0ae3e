"""What a source can be like: its name, its secrets, its options and its answer."""

import re
import secrets as randomness
from collections.abc import Mapping, Sequence
from typing import Final

from ninefold.systems.callbacks.errors import InvalidSourceError, ProviderUnknownError
from ninefold.systems.callbacks.model import Answer
from ninefold.systems.callbacks.verification import (
    SECRETS_FIELD,
    Field,
    Provider,
    UnknownProviderError,
    find_provider,
)

NAME_LENGTH_MAX: Final = 200
SECRETS_MAX: Final = 10
"""Per source. Each is tried for each callback."""

SECRET_LENGTH_MAX: Final = 16_384
"""In characters: a set of public keys is a long secret."""

OPTION_LENGTH_MAX: Final = 2_000
ANSWER_BODY_LENGTH_MAX: Final = 16_384
CONTENT_TYPE_LENGTH_MAX: Final = 200
HINT_LENGTH: Final = 4
HINTED_LENGTH_MIN: Final = 16
"""A secret that is shorter would be too easy to guess with its end known."""

TOKEN_PREFIX: Final = "in_"  # noqa: S105 - the prefix of every token, not a token.
TOKEN: Final = re.compile(r"in_[A-Za-z0-9_-]{32}")

_CONTENT_TYPE: Final = re.compile(r"[!-~]+(?: *; *[!-~ ]+)?")


def new_token() -> str:
    """Return a new token for an ingest URL, with 192 random bits."""
    return TOKEN_PREFIX + randomness.token_urlsafe(24)


def require_provider(name: str) -> Provider:
    """Return a provider.

    Raises:
        ProviderUnknownError: there is none with this name.
    """
    try:
        return find_provider(name)
    except UnknownProviderError as error:
        raise ProviderUnknownError(
            f"There is no provider {name[:NAME_LENGTH_MAX]!r}.",
            field="provider",
            remedy="GET /api/v1/providers lists the providers; generic ones, such as hmac, fit most others.",
        ) from error


def check_source(
    provider: Provider,
    *,
    name: str | None = None,
    secrets: Sequence[str] | None = None,
    options: Mapping[str, str] | None = None,
    answer: Answer | None = None,
) -> None:
    """Check those fields of a source that aren't None.

    Raises:
        InvalidSourceError: a field has a wrong value; the error names it.
    """
    if name is not None and (not 0 < len(name) <= NAME_LENGTH_MAX or "\0" in name):
        raise InvalidSourceError(
            f"A name has 1 to {NAME_LENGTH_MAX} characters, none of them NUL.",
            field="name",
            remedy="Choose a name that says what the source is for, such as Stripe live.",
        )
    if secrets is not None:
        _check_secrets(provider, secrets)
    if options is not None:
        _check_options(provider, options)
    if answer is not None:
        _check_answer(answer)


def secret_hint(secret: str) -> str:
    """Return what is shown of a secret: its last characters, or nothing of a short one."""
    return f"…{secret[-HINT_LENGTH:]}" if len(secret) >= HINTED_LENGTH_MIN else "…"


def _check_secrets(provider: Provider, secrets: Sequence[str]) -> None:
    if len(secrets) > SECRETS_MAX:
        raise InvalidSourceError(
            f"A source has at most {SECRETS_MAX} secrets, not {len(secrets)}.",
            field="secrets",
            remedy="Remove secrets that the provider no longer uses.",
        )
    for position, secret in enumerate(secrets):
        if not 0 < len(secret) <= SECRET_LENGTH_MAX or "\0" in secret:
            raise InvalidSourceError(
                f"A secret has 1 to {SECRET_LENGTH_MAX:,} characters, none of them NUL.",
                field=f"secrets[{position}]",
                remedy=f"Copy it from {provider.title}.",
            )
    field = _field(provider, SECRETS_FIELD)
    if field is not None and field.is_required and not secrets:
        raise InvalidSourceError(
            f"A source of {provider.title} needs at least one secret: {_without_period(field.description)}.",
            field="secrets",
            remedy=f"Copy it from {provider.title}; {provider.docs_url} says where it is.",
        )


def _check_options(provider: Provider, options: Mapping[str, str]) -> None:
    fields = {field.name: field for field in provider.fields if field.name != SECRETS_FIELD}
    for name, value in options.items():
        field = fields.get(name)
        if field is None:
            known = ", ".join(fields) or "none"
            raise InvalidSourceError(
                f"{provider.title} has no option {name[:NAME_LENGTH_MAX]!r}.",
                field=f"options.{name[:NAME_LENGTH_MAX]}",
                remedy=f"Remove it. Options of this provider: {known}.",
            )
        if len(value) > OPTION_LENGTH_MAX or "\0" in value or (field.choices and value not in field.choices):
            choices = f"one of {', '.join(field.choices)}" if field.choices else f"up to {OPTION_LENGTH_MAX} characters"
            raise InvalidSourceError(
                f"The option {name} must be {choices}.",
                field=f"options.{name}",
                remedy=field.description,
            )
    missing = [name for name, field in fields.items() if field.is_required and not options.get(name)]
    if missing:
        raise InvalidSourceError(
            f"{provider.title} needs the option {missing[0]}: {_without_period(fields[missing[0]].description)}.",
            field=f"options.{missing[0]}",
            remedy="Add it.",
        )


def _check_answer(answer: Answer) -> None:
    if _CONTENT_TYPE.fullmatch(answer.content_type) is None or len(answer.content_type) > CONTENT_TYPE_LENGTH_MAX:
        raise InvalidSourceError(
            "The answer's content type isn't a media type.",
            field="answer.content_type",
            remedy="Use a type such as application/json.",
        )
    if len(answer.body) > ANSWER_BODY_LENGTH_MAX or "\0" in answer.body:
        raise InvalidSourceError(
            f"The answer's body has at most {ANSWER_BODY_LENGTH_MAX:,} characters, none of them NUL.",
            field="answer.body",
            remedy="Shorten it; most providers read only the status.",
        )


def _field(provider: Provider, name: str) -> Field | None:
    return next((field for field in provider.fields if field.name == name), None)


def _without_period(text: str) -> str:
    return text.rstrip(".")
