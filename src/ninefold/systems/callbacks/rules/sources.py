"""What a source can be like: its name, its secrets, its options and its answer."""

import re
import secrets as randomness
from collections.abc import Mapping, Sequence
from typing import Final

from ninefold.systems.callbacks.errors import InvalidSourceError, ProviderUnknownError
from ninefold.systems.callbacks.model import Answer, NewSource
from ninefold.systems.callbacks.verification import (
    SECRETS_FIELD,
    Problem,
    Provider,
    Secret,
    UnknownProviderError,
    find_problems,
    find_provider,
)

NAME_LENGTH_MAX: Final = 200
SECRET_LENGTH_MAX: Final = 16_384
"""In characters: a set of public keys is a long secret."""

OPTION_LENGTH_MAX: Final = 16_384
ANSWER_BODY_LENGTH_MAX: Final = 16_384
CONTENT_TYPE_LENGTH_MAX: Final = 200
HINT_LENGTH: Final = 4
HINTED_LENGTH_MIN: Final = 16
"""A secret that is shorter would be too easy to guess with its end known."""

TOKEN_PREFIX: Final = "in_"  # noqa: S105 - the prefix of every token, not a token.
TOKEN: Final = re.compile(r"in_[A-Za-z0-9_-]{32}")

_WITHOUT_BODY: Final = (204, 205)
_CONTENT_TYPE: Final = re.compile(r"[!-.0-~]+/[!-.0-~]+(?: *; *[!-~ ]+)?")


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


def check_source(source: NewSource, *, before: NewSource | None = None) -> None:
    """Check what a source is to be.

    Args:
        source: what it is to be.
        before: what it is now. What stays as it is isn't checked again: rules may have become stricter since then.

    Raises:
        ProviderUnknownError: there is no such provider.
        InvalidSourceError: a field has a wrong value; the error names it.
    """
    provider = require_provider(source.provider)
    if before is None or source.name != before.name:
        _check_name(source.name)
    if before is None or (source.secrets, source.options) != (before.secrets, before.options):
        _check_configuration(provider, source, before=before)
    if before is None or source.answer != before.answer:
        _check_answer(source.answer)


def check_has_no_options(source: NewSource) -> None:
    """Check that a source whose options can't be read has lost none.

    Raises:
        InvalidSourceError: sources of its provider have options.
    """
    if {field.name for field in require_provider(source.provider).fields} - {SECRETS_FIELD}:
        raise InvalidSourceError(
            "The secrets and options of this source can't be read.",
            field="options",
            remedy="Give all of them again: an option that is left out has its default from then on.",
        )


def secret_hint(secret: str) -> str:
    """Return what is shown of a secret: its last characters, or nothing of a short one."""
    return f"…{secret[-HINT_LENGTH:]}" if len(secret) >= HINTED_LENGTH_MIN else "…"


def _check_name(name: str) -> None:
    if not 0 < len(name) <= NAME_LENGTH_MAX or "\0" in name:
        raise InvalidSourceError(
            f"A name has 1 to {NAME_LENGTH_MAX} characters, none of them NUL.",
            field="name",
            remedy="Choose a name that says what the source is for, such as Stripe live.",
        )


def _check_lengths(secrets: Sequence[str], options: Mapping[str, str]) -> None:
    limits = [(f"secrets[{position}]", text, SECRET_LENGTH_MAX) for position, text in enumerate(secrets)]
    limits += [(f"options.{name}", text, OPTION_LENGTH_MAX) for name, text in options.items()]
    for field, text, length_max in limits:
        if len(text) > length_max or "\0" in text:
            raise InvalidSourceError(
                f"It has at most {length_max:,} characters, none of them NUL.", field=field, remedy="Shorten it."
            )
    for position, secret in enumerate(secrets):
        if not secret.strip():
            raise InvalidSourceError("A secret can't be empty.", field=f"secrets[{position}]", remedy="Remove it.")


def _check_configuration(provider: Provider, source: NewSource, *, before: NewSource | None) -> None:
    has_new_secrets = before is None or source.secrets != before.secrets
    has_new_options = before is None or source.options != before.options
    _check_lengths(source.secrets if has_new_secrets else (), source.options if has_new_options else {})
    problems = _find_problems(provider, source)
    if before is not None:
        known = _find_problems(provider, before)
        is_new = {True: has_new_secrets, False: has_new_options}
        problems = [each for each in problems if is_new[each.field == SECRETS_FIELD] or each not in known]
    if problems:
        problem = problems[0]
        name = problem.field[:NAME_LENGTH_MAX]
        raise InvalidSourceError(
            f"{provider.title}{'' if name == SECRETS_FIELD else f', {name}'}: {problem.message}",
            field=name if name == SECRETS_FIELD else f"options.{name}",
            remedy=problem.remedy or f"GET /api/v1/providers describes the fields; see also {provider.docs_url}.",
        )


def _find_problems(provider: Provider, source: NewSource) -> list[Problem]:
    return find_problems(provider, [Secret(secret) for secret in source.secrets], source.options)


def _check_answer(answer: Answer) -> None:
    if _CONTENT_TYPE.fullmatch(answer.content_type) is None or len(answer.content_type) > CONTENT_TYPE_LENGTH_MAX:
        raise InvalidSourceError(
            "The answer's content type isn't a media type.",
            field="answer.content_type",
            remedy="Use a type such as application/json.",
        )
    if answer.body and answer.status in _WITHOUT_BODY:
        raise InvalidSourceError(
            f"An answer with the status {answer.status} has no body.",
            field="answer.body",
            remedy="Remove the body, or use another status such as 200.",
        )
    if len(answer.body) > ANSWER_BODY_LENGTH_MAX or "\0" in answer.body:
        raise InvalidSourceError(
            f"The answer's body has at most {ANSWER_BODY_LENGTH_MAX:,} characters, none of them NUL.",
            field="answer.body",
            remedy="Shorten it; most providers read only the status.",
        )
