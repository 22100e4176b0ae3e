"""Masks what looks like a secret in log lines: a safety net, because secrets are never logged on purpose.

A line is masked when it is complete, so that tracebacks and messages of libraries are covered:

    mask = LineMask([API_KEY])
    assert mask(b"there is no API key nfk_AbC123xy_" + b"s" * 43) == b"there is no API key nfk_AbC123xy_[masked]"
"""

import re
from collections.abc import Iterable, MutableMapping, Sequence
from itertools import takewhile
from typing import Any, Final

from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.kinds import CredentialKind

MASK: Final = "[masked]"

SECRET_KEYS: Final = frozenset(
    {
        "api_key",
        "authorization",
        "cookie",
        "password",
        "payload",
        "private_key",
        "secret",
        "token",
    }
)
"""Keys whose values are never logged."""

PARTIAL_LENGTH_MIN: Final = 16
"""After a marker, so many characters of a credential are masked even if the rest is missing or different."""

_SAMPLES: Final = 8
"""With so many random texts, the start that they share is their marker, and not a coincidence."""
_MARKER_LENGTH_MIN: Final = 3

_SECRET_FORMS: Final = re.compile(
    rb"(?P<api_key>nfk_[A-Za-z0-9]{4,16}_)[A-Za-z0-9_-]+"
    rb"|(?P<live_token>nlt_)[A-Za-z0-9_.-]+"
    rb"|(?P<signing_secret>whs(?:ec|k)_)[A-Za-z0-9+/=_-]+"
    rb"|(?P<address>://[^\s/:@\"']*:)[^\s/@\"']+(?=@)"
)


def mask_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask the values of `SECRET_KEYS`; a structlog processor."""
    for key in SECRET_KEYS & event.keys():
        event[key] = MASK
    return event


class LineMask:
    """Masks API keys, live tokens, signing secrets, passwords in URLs, and credentials of other kinds.

    Args:
        kinds: the kinds of the systems. Texts of a kind with a marker, such as `xoxb-`, are found fast. A kind without
            one, such as a session cookie, is searched in every line.
    """

    def __init__(self, kinds: Iterable[CredentialKind] = ()) -> None:
        forms = [_KindForm(kind) for kind in kinds if kind.name != API_KEY.name]
        self._forms = [form for form in forms if not form.is_public]

    def __call__(self, line: bytes) -> bytes:
        """Return the line with `[masked]` instead of what follows the public part of each credential."""
        if b"nfk_" in line or b"nlt_" in line or b"whsec_" in line or b"whsk_" in line or b"://" in line:
            line = _SECRET_FORMS.sub(_mask_match, line)
        for form in self._forms:
            if form.marker in line:
                line = form.mask(line)
        return line


class _KindForm:
    """How the texts of one kind of credential look in a log line."""

    def __init__(self, kind: CredentialKind) -> None:
        texts = [kind.new_text() for _ in range(_SAMPLES)]
        self.is_public = kind.prefix_of(texts[0]) == texts[0]
        marker = _common_start([*texts, kind.prefix_of(texts[0]) or ""])
        self.marker = marker.encode() if len(marker) >= _MARKER_LENGTH_MIN else b""
        pattern = kind.pattern.pattern.encode()
        if self.marker:
            # The rest of a longer text, and the whole of a shorter one, may contain most of a secret.
            partial = rb"(?P<marker_>%b)[A-Za-z0-9_-]{%d,}" % (re.escape(self.marker), PARTIAL_LENGTH_MIN)
            pattern = rb"(?:%b)[A-Za-z0-9_-]*|%b" % (pattern, partial)
        else:
            # Whole words only; in JSON, a line break before the word is `\n`.
            pattern = rb"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))(?:%b)(?![A-Za-z0-9])(?P<marker_>)" % pattern
        self._pattern = re.compile(pattern, kind.pattern.flags & ~re.UNICODE)

    def mask(self, line: bytes) -> bytes:
        """Mask every text of this kind."""
        return self._pattern.sub(self._mask_match, line)

    def _mask_match(self, match: re.Match[bytes]) -> bytes:
        visible = match["prefix"] if match["prefix"] is not None else match["marker_"]
        return visible + MASK.encode()


def _common_start(texts: Sequence[str]) -> str:
    columns = takewhile(lambda column: len(set(column)) == 1, zip(*texts, strict=False))
    return "".join(column[0] for column in columns)


def _mask_match(match: re.Match[bytes]) -> bytes:
    visible: bytes = match[match.lastgroup or 0]
    return visible + MASK.encode()
