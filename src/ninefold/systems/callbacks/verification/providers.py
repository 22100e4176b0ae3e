"""The providers, one data file each in `data/`."""

import functools
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from ninefold.systems.callbacks.verification.schemes import AnyScheme, Scheme, SignatureScheme
from ninefold.systems.callbacks.verification.templates import parse_signed_content, parse_template

SECRETS_FIELD: Final = "secrets"
"""The name of the field with a source's secrets or public keys. All other fields are options."""

HandshakeName = Literal["slack", "discord", "meta", "x", "zoom"]


class UnknownProviderError(LookupError):
    """There is no provider of this name."""


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value that a source of this provider has."""

    name: str
    title: str
    description: str
    is_required: bool = False
    is_secret: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    length_max: int = 2_000
    """In characters, of each value."""


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A third party that calls us, or a generic scheme."""

    name: str
    title: str
    docs_url: str
    """The provider's page about verification."""
    summary: str
    """The scheme in one sentence, for users."""
    sources: tuple[str, ...]
    """Where the facts in this file are from: URLs, and versions of SDKs."""
    tested_with: str
    """What proves that the check agrees with the provider."""
    fields: tuple[Field, ...]
    setup_steps: tuple[str, ...]
    """What the user does at the provider. `{ingest_url}` stands for the URL of the source."""
    schemes: tuple[AnyScheme, ...]
    event_id: tuple[str, ...] = ()
    """Templates. The first whose placeholders all have a value is the id."""
    event_type: tuple[str, ...] = ()
    """Templates, as for the id."""
    handshake: HandshakeName | None = None
    has_types_of_same_content: bool = False
    """One event can be several callbacks with the same content and different types, so the content alone doesn't
    identify a callback."""

    def __post_init__(self) -> None:
        """Check the templates."""
        ids = [template for scheme in self.schemes for template in self.id_templates(scheme)]
        for template in (*ids, *self.event_type):
            parse_template(template)
        for scheme in self.schemes:
            if isinstance(scheme, SignatureScheme):
                parse_signed_content(scheme.signed_content)

    def id_templates(self, scheme: Scheme) -> tuple[str, ...]:
        """Return where the id is in a request that this scheme has verified."""
        return scheme.event_id or self.event_id

    def complete(self, options: Mapping[str, str]) -> dict[str, str]:
        """Return the options with the defaults of those that are missing or empty."""
        return {field.name: options.get(field.name) or field.default for field in self.fields}


def find_provider(name: str) -> Provider:
    """Return a provider.

    Raises:
        UnknownProviderError: there is none of this name.
    """
    try:
        return _providers()[name]
    except KeyError as error:
        raise UnknownProviderError(f"There is no provider {name!r}. Providers: {', '.join(_providers())}.") from error


def list_providers() -> Sequence[Provider]:
    """Return all providers, sorted by name."""
    return tuple(_providers().values())


@functools.cache
def _providers() -> Mapping[str, Provider]:
    folder = files(__package__) / "data"
    texts = {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".toml")}
    return MappingProxyType({name.removesuffix(".toml"): _read(name, texts[name]) for name in sorted(texts)})


def _read(file_name: str, text: str) -> Provider:
    data = {**tomllib.loads(text), "name": file_name.removesuffix(".toml")}
    try:
        return msgspec.convert(data, Provider)
    except (msgspec.ValidationError, ValueError) as error:
        raise ValueError(f"data/{file_name}: {error}") from error
