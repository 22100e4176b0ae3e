r"""Patterns of branches, tags and paths, by GitHub's rules.

`*` is any text without a slash, `**` any text. `?` makes the character before it optional, and `+` repeats it. `[a-z]`
is one of these characters, and `\` takes the next character as it is. A pattern matches a whole name. One that begins
with `!` excludes what patterns before it include.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

PATTERN_LENGTH_MAX: Final = 1_000
"""Characters of a pattern that are used."""

_TOKEN: Final = re.compile(r"\*\*/|\*\*|\*|\[(?P<set>[^\]]+)\]|\\(?P<escaped>.)|(?P<plain>.)", re.DOTALL)


class _Token(NamedTuple):
    """A part of a pattern, which takes characters of a name one by one."""

    accepts: Callable[[str], bool]
    is_optional: bool
    repeats: bool


def is_included(name: str, patterns: Sequence[str]) -> bool:
    """Return whether the last of the patterns that match a name includes it."""
    included = False
    for pattern in patterns:
        negated = pattern.startswith("!")
        if is_match(name, pattern[1:] if negated else pattern):
            included = not negated
    return included


def is_match(name: str, pattern: str) -> bool:
    """Return whether a pattern matches a whole name. The time is that of their lengths' product."""
    tokens = _tokens(pattern[:PATTERN_LENGTH_MAX])
    states = _with_skips({0}, tokens)
    for character in name:
        states = _with_skips(set(_next(states, tokens, character)), tokens)
        if not states:
            return False
    return len(tokens) in states


def _next(states: Iterable[int], tokens: Sequence[_Token], character: str) -> Iterable[int]:
    for state in states:
        if state < len(tokens) and tokens[state].accepts(character):
            yield state + 1
            if tokens[state].repeats:
                yield state


def _with_skips(states: set[int], tokens: Sequence[_Token]) -> set[int]:
    """Return these positions in a pattern, and those that are reached without a character."""
    waiting = list(states)
    while waiting:
        state = waiting.pop()
        if state < len(tokens) and tokens[state].is_optional and state + 1 not in states:
            states.add(state + 1)
            waiting.append(state + 1)
    return states


@lru_cache(maxsize=1_024)
def _tokens(pattern: str) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    for match in _TOKEN.finditer(pattern):
        text = match[0]
        if text in {"?", "+"} and tokens and not tokens[-1].is_optional:
            tokens[-1] = tokens[-1]._replace(is_optional=text == "?", repeats=text == "+")
        else:
            tokens.extend(_tokens_of(text, match))
    return tuple(tokens)


def _is_any(_: str) -> bool:
    return True


def _is_no_slash(character: str) -> bool:
    return character != "/"


def _tokens_of(text: str, match: "re.Match[str]") -> list[_Token]:
    if text == "**/":
        # `**/a` also matches `a`; what follows a slash begins a folder or is the name itself.
        return [_Token(_is_any, is_optional=True, repeats=True)]
    if text in {"*", "**"}:
        return [_Token(_is_no_slash if text == "*" else _is_any, is_optional=True, repeats=True)]
    if match["set"] is not None:
        return [_Token(_in_set(match["set"]), is_optional=False, repeats=False)]
    return [_Token((match["escaped"] or text).__eq__, is_optional=False, repeats=False)]


def _in_set(characters: str) -> Callable[[str], bool]:
    """Return whether a character is in a set such as `a-z_`."""
    ranges = [(match[1], match[2] or match[1]) for match in re.finditer(r"(.)(?:-(.))?", characters, re.DOTALL)]
    return lambda character: any(first <= character <= last for first, last in ranges)
