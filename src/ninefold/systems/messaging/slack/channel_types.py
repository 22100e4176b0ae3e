"""The types of channels, as Slack's API names them."""

from collections.abc import Iterable, Mapping
from typing import Final

from ninefold.systems.messaging.model import ChannelKind
from ninefold.systems.messaging.slack.arguments import split_list
from ninefold.systems.messaging.slack.calls import Caller
from ninefold.systems.messaging.slack.errors import SlackError

_KINDS: Final[Mapping[str, ChannelKind]] = {
    "public_channel": "public",
    "private_channel": "private",
    "im": "direct",
    "mpim": "group",
}
_DEFAULT: Final = ["public_channel"]


def read_types(types: Iterable[str], caller: Caller) -> list[ChannelKind]:
    """Return the kinds of channels that an argument `types` names.

    Args:
        types: as they were sent; public channels if there are none.
        caller: whose token must be allowed to list each.

    Raises:
        SlackError: one isn't a type.
        MissingScopeError: the token isn't allowed to list one.
    """
    kinds = []
    for name in split_list(types) or _DEFAULT:
        if name not in _KINDS:
            raise SlackError("invalid_types", f"{name[:40]!r} isn't a type of channels: {', '.join(_KINDS)}.")
        caller.require_scope(_KINDS[name])
        kinds.append(_KINDS[name])
    return kinds
