"""Secrets are replaced by `***` in everything that leaves a job.

A `Masker` finds all secrets and their encodings in one pass (Aho-Corasick), and replaces each run of overlapping or
touching matches by one `***`, as actions/runner's `SecretMasker` does.
"""

from collections.abc import Iterable
from typing import Final

from ahocorasick import Automaton

from ninefold.systems.workflows.execution.encoders import encodings_of

MASK: Final = "***"

_LINE_LENGTH_MIN: Final = 3
"""Characters of a line of a secret; shorter ones, such as a brace of JSON, would hide innocent text everywhere."""

_RECENT_MAX: Final = 256
"""Texts that are searched apart from the others, so that a new secret doesn't rebuild a large automaton."""


class Masker:
    """The secrets of one job. They can only become more."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._texts: set[str] = set()
        self._settled: set[str] = set()
        self._recent: set[str] = set()
        self._automata: list[Automaton] | None = []
        self._settled_automaton: Automaton | None = None
        self.length_max = 0
        """Characters of the longest text to mask."""
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Mask a secret, its encodings, and each of its lines from now on; blank text is ignored."""
        lines = [line.strip() for line in secret.replace("\r", "\n").split("\n")]
        for value in (secret, *[line for line in lines if len(line) >= _LINE_LENGTH_MIN or line == secret.strip()]):
            if value.strip() and value not in self._texts:
                self._add_texts(encodings_of(value))

    def _add_texts(self, texts: set[str]) -> None:
        new = texts - self._texts
        self._texts |= new
        self._recent |= new
        self.length_max = max(self.length_max, *map(len, texts))
        self._automata = None

    def mask(self, text: str) -> str:
        """Return the text with `***` instead of secrets."""
        ranges = self.find(text)
        if not ranges:
            return text
        parts = []
        position = 0
        for start, end in ranges:
            parts += [text[position:start], MASK]
            position = end
        return "".join([*parts, text[position:]])

    def find(self, text: str) -> list[tuple[int, int]]:
        """Return the ranges to replace in their order: start and end of each run of matches that overlap or touch."""
        return _merged(self.matches(text))

    def matches(self, text: str) -> list[tuple[int, int]]:
        """Return start and end of all occurrences of what is masked, also of those within others."""
        return [
            (end - length + 1, end + 1)
            for automaton in self._current_automata()
            for end, length in automaton.iter(text)
        ]

    def _current_automata(self) -> list[Automaton]:
        if self._automata is None:
            if len(self._recent) > _RECENT_MAX:
                self._settled |= self._recent
                self._recent = set()
                self._settled_automaton = _automaton_of(self._settled)
            recent = [_automaton_of(self._recent)] if self._recent else []
            self._automata = [*([self._settled_automaton] if self._settled_automaton else []), *recent]
        return self._automata


class MaskingStream:
    """Masks a text that comes in pieces; what it returns in total is what `Masker.mask` returns for the whole text."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._held = ""
        self._masked_until = -1
        """End of the `***` written last, as a position in `_held`; negative if it is followed by other text."""

    def feed(self, piece: str) -> str:
        """Take the next piece, and return what is certain: text that can't be the beginning of a secret."""
        text = self._held + piece
        return self._release(text, max(len(text) - max(self._masker.length_max - 1, 0), 0))

    def finish(self) -> str:
        """Return the rest of the text."""
        return self._release(self._held, len(self._held))

    def _release(self, text: str, boundary: int) -> str:
        """Return the text up to a boundary, which no unfinished match begins before, and hold the rest."""
        known = [match for match in self._masker.matches(text) if match[0] < boundary]
        before = [(0, self._masked_until)] if self._masked_until >= 0 else []
        parts = []
        position = 0
        for start, end in _merged([*before, *known]):
            parts += [text[position:start], "" if before and start == 0 else MASK]
            position = end
        parts.append(text[position:boundary])
        self._held = text[boundary:]
        self._masked_until = position - boundary if parts[:-1] else -1
        return "".join(parts)


def _automaton_of(texts: set[str]) -> Automaton:
    automaton = Automaton()
    for text in texts:
        automaton.add_word(text, len(text))
    automaton.make_automaton()
    return automaton


def _merged(matches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for start, end in sorted(matches):
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], end))
        else:
            ranges.append((start, end))
    return ranges
