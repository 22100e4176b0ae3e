"""The elements of Block Kit: what members click, choose and write."""

from typing import Annotated, Literal, TypeAlias

import msgspec

from ninefold.systems.messaging.rules.block_texts import Plain75, Plain150, Text75, Text3000, Typed

OPTIONS_MAX = 100
OPTION_GROUPS_MAX = 100
OVERFLOW_OPTIONS_MAX = 5
CHOICES_MAX = 10
"""Checkboxes and radio buttons of one element."""

BLOCK_ID_LENGTH_MAX = 255

ActionId = Annotated[str, msgspec.Meta(min_length=1, max_length=BLOCK_ID_LENGTH_MAX)]
Url = Annotated[str, msgspec.Meta(min_length=1, max_length=3_000)]
Value150 = Annotated[str, msgspec.Meta(max_length=150)]
Value2000 = Annotated[str, msgspec.Meta(max_length=2_000)]
Date = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Time = Annotated[str, msgspec.Meta(pattern=r"^\d{2}:\d{2}$")]


class Confirm(msgspec.Struct, frozen=True, kw_only=True):
    """Asks a member whether it is sure."""

    title: Text75
    text: Text3000
    confirm: Plain75
    deny: Plain75
    style: Literal["primary", "danger"] | None = None


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """Something to choose."""

    text: Text75
    value: Value150
    description: Text75 | None = None
    url: Url | None = None


class OptionGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Options that belong together."""

    label: Plain75
    options: Annotated[list[Option], msgspec.Meta(min_length=1, max_length=OPTIONS_MAX)]


class DispatchConfig(msgspec.Struct, frozen=True, kw_only=True):
    """When what a member writes is sent to the app."""

    trigger_actions_on: list[Literal["on_enter_pressed", "on_character_entered"]]


Options = Annotated[list[Option], msgspec.Meta(min_length=1, max_length=OPTIONS_MAX)]
OptionGroups = Annotated[list[OptionGroup], msgspec.Meta(min_length=1, max_length=OPTION_GROUPS_MAX)]
Choices = Annotated[list[Option], msgspec.Meta(min_length=1, max_length=CHOICES_MAX)]


class _Element(Typed, frozen=True, kw_only=True):
    action_id: ActionId | None = None
    confirm: Confirm | None = None
    focus_on_load: bool | None = None


class _Select(_Element, frozen=True, kw_only=True):
    placeholder: Plain150 | None = None


class _MultiSelect(_Select, frozen=True, kw_only=True):
    max_selected_items: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Button(_Element, frozen=True, kw_only=True, tag="button"):
    """A button; with a `url`, a link."""

    text: Plain75
    url: Url | None = None
    value: Value2000 | None = None
    style: Literal["primary", "danger"] | None = None
    accessibility_label: Annotated[str, msgspec.Meta(max_length=75)] | None = None


class Overflow(_Element, frozen=True, kw_only=True, tag="overflow"):
    """A menu behind three dots."""

    options: Annotated[list[Option], msgspec.Meta(min_length=1, max_length=OVERFLOW_OPTIONS_MAX)]


class StaticSelect(_Select, frozen=True, kw_only=True, tag="static_select"):
    """A list of options, of which one is chosen."""

    options: Options | None = None
    option_groups: OptionGroups | None = None
    initial_option: Option | None = None


class MultiStaticSelect(_MultiSelect, frozen=True, kw_only=True, tag="multi_static_select"):
    """A list of options, of which several are chosen."""

    options: Options | None = None
    option_groups: OptionGroups | None = None
    initial_options: Options | None = None


class UsersSelect(_Select, frozen=True, kw_only=True, tag="users_select"):
    """A list of members, of whom one is chosen."""

    initial_user: str | None = None


class MultiUsersSelect(_MultiSelect, frozen=True, kw_only=True, tag="multi_users_select"):
    """A list of members, of whom several are chosen."""

    initial_users: list[str] | None = None


class ChannelsSelect(_Select, frozen=True, kw_only=True, tag="channels_select"):
    """A list of public channels, of which one is chosen."""

    initial_channel: str | None = None


class MultiChannelsSelect(_MultiSelect, frozen=True, kw_only=True, tag="multi_channels_select"):
    """A list of public channels, of which several are chosen."""

    initial_channels: list[str] | None = None


class ConversationsSelect(_Select, frozen=True, kw_only=True, tag="conversations_select"):
    """A list of channels and conversations, of which one is chosen."""

    initial_conversation: str | None = None


class MultiConversationsSelect(_MultiSelect, frozen=True, kw_only=True, tag="multi_conversations_select"):
    """A list of channels and conversations, of which several are chosen."""

    initial_conversations: list[str] | None = None


class DatePicker(_Select, frozen=True, kw_only=True, tag="datepicker"):
    """A calendar."""

    initial_date: Date | None = None


class TimePicker(_Select, frozen=True, kw_only=True, tag="timepicker"):
    """A time of the day."""

    initial_time: Time | None = None


class DateTimePicker(_Element, frozen=True, kw_only=True, tag="datetimepicker"):
    """A day and a time of it, in seconds since 1970."""

    initial_date_time: int | None = None


class Checkboxes(_Element, frozen=True, kw_only=True, tag="checkboxes"):
    """Options, each with a box to tick."""

    options: Choices
    initial_options: Choices | None = None


class RadioButtons(_Element, frozen=True, kw_only=True, tag="radio_buttons"):
    """Options, one of which is chosen."""

    options: Choices
    initial_option: Option | None = None


class _Writing(_Select, frozen=True, kw_only=True):
    dispatch_action_config: DispatchConfig | None = None


class PlainTextInput(_Writing, frozen=True, kw_only=True, tag="plain_text_input"):
    """A text to write."""

    initial_value: Annotated[str, msgspec.Meta(max_length=3_000)] | None = None
    multiline: bool | None = None
    min_length: Annotated[int, msgspec.Meta(ge=0, le=3_000)] | None = None
    max_length: Annotated[int, msgspec.Meta(ge=1, le=3_000)] | None = None


class EmailInput(_Writing, frozen=True, kw_only=True, tag="email_text_input"):
    """A mail address to write."""

    initial_value: str | None = None


class UrlInput(_Writing, frozen=True, kw_only=True, tag="url_text_input"):
    """A URL to write."""

    initial_value: str | None = None


class NumberInput(_Writing, frozen=True, kw_only=True, tag="number_input"):
    """A number to write."""

    is_decimal_allowed: bool
    initial_value: str | None = None
    min_value: str | None = None
    max_value: str | None = None


Clicked: TypeAlias = (
    Button
    | Overflow
    | StaticSelect
    | MultiStaticSelect
    | UsersSelect
    | MultiUsersSelect
    | ChannelsSelect
    | MultiChannelsSelect
    | ConversationsSelect
    | MultiConversationsSelect
    | DatePicker
    | TimePicker
    | DateTimePicker
    | Checkboxes
    | RadioButtons
)
"""What is clicked: elements of `actions`, and what a section has at its side."""

Filled: TypeAlias = (
    StaticSelect
    | MultiStaticSelect
    | UsersSelect
    | MultiUsersSelect
    | ChannelsSelect
    | MultiChannelsSelect
    | ConversationsSelect
    | MultiConversationsSelect
    | DatePicker
    | TimePicker
    | DateTimePicker
    | Checkboxes
    | RadioButtons
    | PlainTextInput
    | EmailInput
    | UrlInput
    | NumberInput
)
"""What is filled in: elements of `input`."""
