"""What happens in the demo, step by step: who says what, who loses the network, and when the server is killed."""

from typing import Final, Literal

import msgspec

BOT: Final = "github"
CHANNEL: Final = "hello-world"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step."""

    device: str = ""
    """Whose: the name of the member, and the device."""
    kind: Literal["say", "news", "edit", "delete", "react", "read", "lose network", "find network", "kill server"]
    label: str = ""
    """The message: a new one, or one that was said before."""
    text: str = ""
    """What is said, the type of the event that the bot tells of, or the emoji."""
    reply_to: str = ""
    """The message that this one replies to."""


DEVICES: Final = {
    "ines": ("laptop", "phone"),
    "tomas": ("laptop",),
    "mira": ("laptop", "phone"),
}
"""The devices of each member."""


def _say(device: str, label: str, text: str, *, reply_to: str = "") -> Step:
    return Step(device=device, kind="say", label=label, text=text, reply_to=reply_to)


def _news(label: str, event_type: str) -> Step:
    return Step(device=BOT, kind="news", label=label, text=event_type)


def _react(device: str, label: str, emoji: str) -> Step:
    return Step(device=device, kind="react", label=label, text=emoji)


def _read(device: str, label: str) -> Step:
    return Step(device=device, kind="read", label=label)


SCRIPT: Final = (
    _news("issue", "github.issues"),
    _say("ines laptop", "morning", "Morning! @tomas, can you look at this one?"),
    _say("tomas laptop", "on-it", "On it. It looks small, but I'd like to read the rest too.", reply_to="issue"),
    _react("ines phone", "on-it", "eyes"),
    _news("comment", "github.issue_comment"),
    _read("mira phone", "comment"),
    Step(device="mira laptop", kind="lose network"),
    _say("tomas laptop", "branch", "A branch is up. The preview builds in a minute."),
    _say("mira laptop", "train", "I'm on a train. I'd also look at the headings."),
    _news("push", "github.push"),
    _say("ines phone", "which", "Which branch? I see two.", reply_to="branch"),
    _news("pull", "github.pull_request"),
    _say("tomas laptop", "review", "@mira, could you review it befor lunch?"),
    Step(kind="kill server"),
    _say("ines laptop", "slow", "Is it me, or is it slow just now?"),
    _say("tomas laptop", "me-too", "Here too. Wait a second."),
    _say("mira laptop", "keep", "On second thoughts: keep them. @ines, what do you think?"),
    Step(device="tomas laptop", kind="edit", label="review", text="@mira, could you review it before lunch?"),
    _react("ines phone", "push", "rocket"),
    _say("tomas laptop", "wrong-room", "milk, bread, two lemons"),
    _say("ines laptop", "agree", "Nothing was lost, I think. Let's merge when @mira is back."),
    Step(device="tomas laptop", kind="delete", label="wrong-room"),
    _news("star", "github.star"),
    Step(device="mira laptop", kind="find network"),
    _say("mira laptop", "back", "Back! I've read everything. Approved.", reply_to="pull"),
    _react("mira laptop", "review", "white_check_mark"),
    _react("ines laptop", "review", "white_check_mark"),
    _read("ines laptop", "back"),
    _say("tomas laptop", "merged", "Merged. Thank you both!"),
    _read("ines phone", "which"),
    _news("release", "github.release"),
    _say("ines phone", "announce", "@channel it's out. Tell me if something looks odd."),
    _read("mira laptop", "merged"),
    _react("tomas laptop", "release", "tada"),
    _read("tomas laptop", "announce"),
)
"""In the end, the three have read up to different messages."""
