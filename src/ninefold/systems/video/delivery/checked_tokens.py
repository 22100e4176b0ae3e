"""The tokens whose signature was checked lately."""

import time
from collections import OrderedDict
from typing import Final

import msgspec

from ninefold.core.ids import format_id
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.service.tokens import PlaySigner, PlayToken, check_play_token

TOKENS_MAX: Final = 20_000
"""Of them, in memory."""


class CheckedToken(msgspec.Struct, frozen=True):
    """A token, and what the paths below it begin with."""

    token: PlayToken
    folder: str
    """The id of its title as text, with a slash."""


class CheckedTokens:
    """Checks tokens, each once.

    Args:
        signer: has the key.
    """

    def __init__(self, signer: PlaySigner) -> None:
        self._signer: Final = signer
        self._known: Final[OrderedDict[str, CheckedToken]] = OrderedDict()

    def known(self, text: str) -> CheckedToken | None:
        """Return a token that was checked before and hasn't expired."""
        known = self._known.get(text)
        return known if known is not None and known.token.expires_at > time.time() else None

    def check(self, text: str) -> CheckedToken:
        """Return a token.

        Raises:
            PlayTokenInvalidError: it wasn't made by this installation, or was changed.
            PlayTokenExpiredError: its time is over.
        """
        known = self.known(text)
        if known is not None:
            return known
        token = check_play_token(self._signer, text, at=time.time())
        checked = CheckedToken(token, f"{format_id(TITLE_PREFIX, token.title_id)}/")
        self._known[text] = checked
        if len(self._known) > TOKENS_MAX:
            self._known.popitem(last=False)
        return checked
