"""Build the table of `docs/systems/callbacks-providers.md` from the data files."""

from collections.abc import Iterator

from ninefold.systems.callbacks.verification import Provider, list_providers
from ninefold.systems.callbacks.verification.schemes import (
    BasicScheme,
    Scheme,
    SignatureScheme,
    TokenScheme,
    TwilioScheme,
)


def provider_table() -> str:
    """Return the Markdown table, one row a provider."""
    return "\n".join(
        [
            "| provider | name | scheme | header | tolerance | id | type | tested with |",
            "|---|---|---|---|---|---|---|---|",
            *(_row(provider) for provider in list_providers()),
        ]
    )


def _row(provider: Provider) -> str:
    cells = [
        f"[{provider.title}]({provider.docs_url})",
        f"`{provider.name}`",
        provider.summary,
        _joined(header for scheme in provider.schemes for header in _headers(scheme)) or "an option",
        _tolerance(provider),
        _joined(template for scheme in provider.schemes for template in provider.id_templates(scheme))
        or _own(provider, "event_id"),
        _joined(provider.event_type) or _own(provider, "event_type"),
        provider.tested_with,
    ]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _own(provider: Provider, name: str) -> str:
    return "an option" if name in {field.name for field in provider.fields} else "none"


def _joined(texts: "Iterator[str] | tuple[str, ...]") -> str:
    return ", ".join(dict.fromkeys(f"`{text}`" for text in texts))


def _headers(scheme: Scheme) -> tuple[str, ...]:
    match scheme:
        case SignatureScheme():
            return scheme.headers
        case TokenScheme():
            return (scheme.header,)
        case TwilioScheme():
            return ("X-Twilio-Signature",)
        case BasicScheme():
            return ("Authorization",)
        case _:
            return ()


def _tolerance(provider: Provider) -> str:
    rules = [scheme.timestamp for scheme in provider.schemes if isinstance(scheme, SignatureScheme)]
    seconds = {rule.tolerance_s for rule in rules if rule is not None}
    if provider.name == "jwt":
        return "the token's times, ±60 s"
    if provider.name == "hmac":
        return "an option"
    return f"±{seconds.pop()} s" if seconds else "none"
