"""The state of the elements of blocks, as Slack sends it to apps: an entry of each element that has a value.

An element that nobody has filled in has its initial value, or null. So apps can read
`view["state"]["values"]["block"]["action"]["value"]` without asking first whether it is there.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ninefold.systems.messaging.rules.blocks_of_actions import elements_of

Values = dict[str, dict[str, Any]]
"""By `block_id` and `action_id`."""

_VALUES: Final[Mapping[str, tuple[str, str]]] = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "multi_static_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
}
"""The fields with the value and the initial value of an element, by its type. Buttons and menus have no value."""

_LISTS: Final = "selected_options", "selected_users", "selected_channels", "selected_conversations"


def complete_state(blocks: Sequence[Mapping[str, Any]], entered: Mapping[str, Any]) -> Values:
    """Return the state of all elements.

    Args:
        blocks: of a view or of a message; they have their ids.
        entered: what a member has entered, by block and action; other blocks and actions are left out.
    """
    state: Values = {}
    for block in blocks:
        of_block = entered.get(block.get("block_id", ""))
        for element in elements_of(block):
            action_id = element.get("action_id")
            if action_id is None or element.get("type") not in _VALUES:
                continue
            given = of_block.get(action_id) if isinstance(of_block, Mapping) else None
            state.setdefault(block["block_id"], {})[action_id] = _state_of(element, given)
    return state


def _state_of(element: Mapping[str, Any], given: Any) -> dict[str, Any]:
    value, initial = _VALUES[element["type"]]
    found = given[value] if isinstance(given, Mapping) and value in given else element.get(initial)
    empty: Any = [] if value in _LISTS else None
    return {"type": element["type"], value: found or empty}
