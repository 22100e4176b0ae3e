"""Checks of the kinds of credentials: no credential can be mistaken for one of another kind."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ninefold.core.tenancy.kinds import CredentialKind


def find_bad_kinds(kinds: Sequence[CredentialKind]) -> Iterator[str]:
    """Report kinds that share a name or an id prefix, recognise another's text, or don't recognise their own."""
    for what, values in {
        "name": [kind.name for kind in kinds],
        "id prefix": [kind.id_prefix for kind in kinds],
    }.items():
        for value, count in Counter(values).items():
            if count > 1:
                yield f"{count} kinds have the {what} {value}"
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", value):
                yield f"{value!r} can't be the {what} of a kind"
    for kind in kinds:
        text = kind.new_text()
        if text == kind.new_text():
            yield f"{kind.name} makes the same text twice"
        for other in kinds:
            is_recognised = other.pattern.fullmatch(text) is not None
            if is_recognised is not (other is kind):
                yield f"{other.name} {'recognises' if is_recognised else 'does not recognise'} a text of {kind.name}"
