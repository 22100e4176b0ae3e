"""The wire types of what members do with apps: commands, clicks and views."""

from typing import Annotated, Any

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.ids import EXAMPLE_ID
from ninefold.systems.messaging.model import APP_EVENT_PREFIX, APP_PREFIX, VIEW_PREFIX, View, ViewKind
from ninefold.systems.messaging.routes.wire import ActForMember
from ninefold.systems.messaging.rules.app_events import COMMAND_PATTERN
from ninefold.systems.messaging.rules.limits import TEXT_LENGTH_MAX
from ninefold.systems.messaging.service.apps.views import encode_view


class SendCommand(ActForMember, frozen=True, kw_only=True):
    """A slash command."""

    command: Annotated[str, msgspec.Meta(pattern=COMMAND_PATTERN, examples=["/standup"])]
    text: Annotated[str, msgspec.Meta(max_length=TEXT_LENGTH_MAX, description="What follows the command.")] = ""


class SendAction(ActForMember, frozen=True, kw_only=True):
    """A click on an element of a block, or a choice in it."""

    action: Annotated[
        dict[str, Any],
        msgspec.Meta(
            description="`action_id`, `block_id`, and what was chosen: the fields of Slack's `actions`.",
            examples=[{"action_id": "approve"}],
        ),
    ]


class SubmitView(ActForMember, frozen=True, kw_only=True):
    """What a member has entered in a modal."""

    values: Annotated[
        dict[str, dict[str, Any]],
        msgspec.Meta(
            description="By block and action, as in Slack's `state.values`.",
            examples=[{"b0": {"reason": {"type": "plain_text_input", "value": "It works."}}}],
        ),
    ]


class CloseView(ActForMember, frozen=True, kw_only=True):
    """How a member leaves a modal."""

    is_whole_stack: Annotated[bool, msgspec.Meta(description="Whether the modals below it are left too.")] = False


class AskedView(msgspec.Struct, frozen=True, kw_only=True):
    """What an app is asked: its answer comes over the member's live channel."""

    app_event_id: Annotated[str, msgspec.Meta(examples=[f"{APP_EVENT_PREFIX}_{EXAMPLE_ID}"])]


class AppPageView(msgspec.Struct, frozen=True, kw_only=True):
    """A modal that an app shows to a member, or its home tab for one."""

    view_id: Annotated[str, msgspec.Meta(examples=[f"{VIEW_PREFIX}_{EXAMPLE_ID}"])]
    slack_id: Annotated[str, msgspec.Meta(description="Its id in Slack's API.", examples=["V01H455VB4P"])]
    app_id: Annotated[str, msgspec.Meta(examples=[f"{APP_PREFIX}_{EXAMPLE_ID}"])]
    kind: ViewKind
    content: Annotated[dict[str, Any], msgspec.Meta(description="Slack's view: `title`, `blocks` and so on.")]
    input: Annotated[dict[str, Any], msgspec.Meta(description="What the member has submitted, by block and action.")]
    errors: Annotated[dict[str, Any] | None, msgspec.Meta(description="What the app says is wrong with it, by block.")]
    root_view_id: Annotated[
        str, msgspec.Meta(description="The first modal of the stack.", examples=[f"{VIEW_PREFIX}_{EXAMPLE_ID}"])
    ]
    previous_view_id: Annotated[str | None, msgspec.Meta(description="The modal below.", examples=[None])]
    is_closed: bool


class AppPageList(msgspec.Struct, frozen=True, kw_only=True):
    """The modals that apps show to a member, the one on top first."""

    items: list[AppPageView]
    next_cursor: None = None


class HomeView(msgspec.Struct, frozen=True, kw_only=True):
    """The home tab of an app, as it is before the app has answered."""

    view: AppPageView | None


def show_view(view: View) -> AppPageView:
    """Return a view as the API shows it."""
    return AppPageView(**encode_view(view))


def show_asked(app_event_id: Any) -> AskedView:
    """Return what an app is asked as the API shows it."""
    return AskedView(app_event_id=format_id(APP_EVENT_PREFIX, app_event_id))
