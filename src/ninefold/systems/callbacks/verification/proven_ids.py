"""Whether the id of a callback alone identifies it.

It doesn't if anyone who has seen a genuine callback could send it again with another id.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from ninefold.systems.callbacks.verification.checks import build_scheme
from ninefold.systems.callbacks.verification.schemes import (
    ApiKeyScheme,
    BasicScheme,
    ConfiguredHmacScheme,
    JwtScheme,
    Scheme,
    SignatureScheme,
    TokenScheme,
)
from ninefold.systems.callbacks.verification.templates import Part, parse_signed_content, parse_template

_IN_THE_BODY: Final = frozenset({"text", "json", "form", "form_json", "body"})
"""Parts of an id that every signature covers, because each signs the body."""


def is_id_proven(scheme: Scheme, event_id: Sequence[str], options: Mapping[str, str]) -> bool:
    """Return whether an id is as genuine as the callback.

    It is if the signature covers it. It also is if the scheme proves only who sends, with a password or a key:
    anyone who knows it can send anything.

    Args:
        scheme: the one that has verified the callback.
        event_id: the templates of the id.
        options: of the source, complete; `scheme` has accepted them.
    """
    if isinstance(scheme, TokenScheme | ApiKeyScheme | BasicScheme):
        return True
    if isinstance(scheme, JwtScheme) and not options["body_sha256_claim"]:
        return True
    if isinstance(scheme, ConfiguredHmacScheme):
        scheme = build_scheme(options)
    signed = set(parse_signed_content(scheme.signed_content)) if isinstance(scheme, SignatureScheme) else set()
    return all(_is_signed(part, signed) for template in event_id for part in parse_template(template))


def _is_signed(part: Part, signed: set[Part]) -> bool:
    return part.kind in _IN_THE_BODY or part in signed
