"""The responses to requests for whole files of the hot set, which need nothing but memory."""

from typing import Any, Final

from litestar.types import Scope
from prometheus_client import Counter

from ninefold.core.web.memory import MemoryResponse
from ninefold.systems.video.delivery.checked_tokens import CheckedTokens
from ninefold.systems.video.delivery.hot_set import HotSet
from ninefold.systems.video.delivery.keeper import Keeper
from ninefold.systems.video.service.tokens import STREAM_PATH

STREAM_ROUTE: Final = f"{STREAM_PATH}/{{token}}/{{title_id}}/{{name}}"
"""What logs and metrics show instead of the path, which has a token."""

HITS: Final = Counter("ninefold_video_hot_set_hits", "Requests that were answered from memory.")
SENT_BYTES: Final = Counter("ninefold_video_sent_bytes", "What the files of answered requests have.")

_PREFIX_LENGTH: Final = len(f"{STREAM_PATH}/")
_ASKS_FOR_MORE: Final = frozenset({b"range", b"if-none-match", b"x-request-id"})
"""Headers with which the response isn't simply the file."""


class HotResponses:
    """Finds them.

    Args:
        tokens: the tokens that were checked.
        hot_set: the files in memory.
        keeper: forgets the files of titles that are gone.
    """

    route: Final = STREAM_ROUTE

    def __init__(self, tokens: CheckedTokens, hot_set: HotSet, keeper: Keeper) -> None:
        self._tokens: Final = tokens
        self._hot_set: Final = hot_set
        self._keeper: Final = keeper

    def find(self, scope: Scope) -> MemoryResponse | None:
        """Return the response to a GET; None if its token wasn't seen before, or if it isn't for a whole hot file."""
        request: Any = scope
        if request["query_string"]:
            return None
        for name, _ in request["headers"]:
            if name in _ASKS_FOR_MORE:
                return None
        text, _, path = request["path"][_PREFIX_LENGTH:].partition("/")
        checked = self._tokens.known(text)
        if checked is None or not path.startswith(checked.folder):
            return None
        self._keeper.look_now_and_then()
        file = self._hot_set.get(path)
        return file.response if file is not None else None

    def count(self, responses: int, bytes_sent: int) -> None:
        """Count what was sent."""
        HITS.inc(responses)
        SENT_BYTES.inc(bytes_sent)
