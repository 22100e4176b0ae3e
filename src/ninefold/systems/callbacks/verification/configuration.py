"""Check what a user configures a source with, before anything is received."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from ninefold.systems.callbacks.verification.checks import build_scheme, read_keys
from ninefold.systems.callbacks.verification.keys import MalformedSecretError, read_bytes, read_key
from ninefold.systems.callbacks.verification.model import Secret
from ninefold.systems.callbacks.verification.providers import SECRETS_FIELD, Provider
from ninefold.systems.callbacks.verification.rejection import RejectionError
from ninefold.systems.callbacks.verification.schemes import (
    TOLERANCE_S_MAX,
    BasicScheme,
    ConfiguredHmacScheme,
    HeaderName,
    JwtScheme,
    Scheme,
    SecretFormat,
    SignatureScheme,
    ToleranceS,
)
from ninefold.systems.callbacks.verification.templates import parse_template
from ninefold.systems.callbacks.verification.verifying import secrets_of

SECRETS_MAX: Final = 10
"""Secrets of a source. Two are needed while one is rotated."""

_HEADER_OPTIONS: Final = ("header", "timestamp_header")
_DECODED: Final = ("hex", "base64")
_TEMPLATE_OPTIONS: Final = ("event_id", "event_type")


class Problem(msgspec.Struct, frozen=True):
    """Something that is wrong with the configuration of a source."""

    field: str
    """The name of a field of the provider."""
    message: str
    """One sentence, without the value."""
    remedy: str | None = None
    """What to do; None if the description of the fields says it."""


def find_problems(provider: Provider, secrets: Sequence[Secret], options: Mapping[str, str]) -> list[Problem]:
    """Return what is wrong with the configuration of a source. With an empty list, `verify` can work with it."""
    problems = (
        *_field_problems(provider, secrets, options),
        *_secret_problems(provider, secrets, options),
        *_option_problems(options),
        *_scheme_problems(provider, options),
    )
    # Several schemes of a provider can read the same secret.
    return list(dict.fromkeys(problems))


def _field_problems(provider: Provider, secrets: Sequence[Secret], options: Mapping[str, str]) -> Iterator[Problem]:
    fields = {field.name: field for field in provider.fields}
    for name in options:
        if name not in fields or name == SECRETS_FIELD:
            yield Problem(name, "There is no option of this name.")
    for name, field in fields.items():
        is_missing = not secrets if name == SECRETS_FIELD else not options.get(name)
        if field.is_required and is_missing:
            yield Problem(name, f"{field.title} is required.")
        values = [secret.text for secret in secrets] if name == SECRETS_FIELD else [options.get(name, "")]
        if max(map(len, values), default=0) > field.length_max:
            yield Problem(name, f"It has at most {field.length_max:,} characters.")
        if field.choices and options.get(name) and options[name] not in field.choices:
            yield Problem(name, f"It must be one of {', '.join(field.choices)}.")


def _secret_problems(provider: Provider, secrets: Sequence[Secret], options: Mapping[str, str]) -> Iterator[Problem]:
    if secrets and SECRETS_FIELD not in {field.name for field in provider.fields}:
        yield Problem(SECRETS_FIELD, f"{provider.title} takes no secrets.")
    if len(secrets) > SECRETS_MAX:
        yield Problem(SECRETS_FIELD, f"A source has at most {SECRETS_MAX} secrets.")
    form = next(
        (f"{field.title}: {field.description}" for field in provider.fields if field.name == SECRETS_FIELD), None
    )
    for scheme in provider.schemes:
        for _, secret in secrets_of(scheme, provider, secrets):
            try:
                _check_beginning(secret, scheme.secret)
                _read(scheme, secret, options)
            except MalformedSecretError as error:
                yield Problem(SECRETS_FIELD, str(error), remedy=form)


def _check_beginning(secret: Secret, secret_format: SecretFormat) -> None:
    if not secret.text.strip().startswith(secret_format.starts_with):
        raise MalformedSecretError(f"A secret begins with {secret_format.starts_with}.")


def _read(scheme: Scheme, secret: Secret, options: Mapping[str, str]) -> None:
    if isinstance(scheme, SignatureScheme):
        read_key(secret, scheme.secret, scheme.algorithm)
    elif isinstance(scheme, ConfiguredHmacScheme) and options.get("secret_encoding") in _DECODED:
        read_bytes(secret, SecretFormat(encoding=options["secret_encoding"]))  # type: ignore[arg-type]
    else:
        read_bytes(secret, scheme.secret)


def _option_problems(options: Mapping[str, str]) -> Iterator[Problem]:
    for name in _HEADER_OPTIONS:
        try:
            msgspec.convert(options.get(name) or "X", HeaderName)
        except msgspec.ValidationError:
            yield Problem(name, "It isn't the name of a header, such as X-Signature.")
    try:
        msgspec.convert(options.get("tolerance_s") or "1", ToleranceS, strict=False)
    except msgspec.ValidationError:
        message = f"It must be a whole number of seconds from 1 to {TOLERANCE_S_MAX:,}."
        yield Problem("tolerance_s", message, remedy="Give a number such as 300, or omit it.")
    if options.get("timestamp_header") and options.get("timestamp_item"):
        message = "The time is either in a header of its own or in that of the signature."
        yield Problem("timestamp_item", message, remedy="Omit timestamp_header or timestamp_item.")
    for name in _TEMPLATE_OPTIONS:
        try:
            parse_template(options.get(name) or "")
        except ValueError as error:
            yield Problem(name, f"It isn't a template: {error}.")


def _scheme_problems(provider: Provider, options: Mapping[str, str]) -> Iterator[Problem]:
    complete = provider.complete(options)
    for scheme in provider.schemes:
        try:
            if isinstance(scheme, ConfiguredHmacScheme) and complete["header"]:
                build_scheme(complete)
            if isinstance(scheme, JwtScheme) and complete["jwks"]:
                read_keys(complete["jwks"])
        except RejectionError as error:
            yield Problem("jwks" if isinstance(scheme, JwtScheme) else "signed_content", error.rejected.detail)
        if isinstance(scheme, JwtScheme) and not (complete["jwks"] or complete["jwks_url"]):
            yield Problem("jwks", "Either the JWKS document or its URL is required.")
        if isinstance(scheme, BasicScheme) and ":" in complete["username"]:
            yield Problem("username", "A user name can't contain a colon.")
