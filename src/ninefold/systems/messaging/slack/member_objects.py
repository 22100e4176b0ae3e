"""Members as Slack's API shows them."""

from typing import Any, Final

from ninefold.systems.messaging.model import Member, Workspace

_COLOUR: Final = "9f69e7"


def show_user(member: Member, workspace: Workspace, *, has_email: bool) -> dict[str, Any]:
    """Return a member.

    Args:
        member: the member.
        workspace: where it is.
        has_email: whether the token can read mail addresses.
    """
    return {
        "id": member.slack_id,
        "team_id": workspace.slack_id,
        "name": member.name,
        "deleted": member.is_deactivated,
        "color": _COLOUR,
        "real_name": _real_name(member),
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "profile": show_profile(member, workspace, has_email=has_email),
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": member.is_bot,
        "is_app_user": False,
        "updated": int(member.created_at.timestamp()),
    }


def show_profile(member: Member, workspace: Workspace, *, has_email: bool) -> dict[str, Any]:
    """Return the profile of a member; for the arguments see `show_user`."""
    profile = {
        "title": "",
        "phone": "",
        "skype": "",
        "real_name": _real_name(member),
        "real_name_normalized": _real_name(member),
        "display_name": member.display_name,
        "display_name_normalized": member.display_name,
        "fields": {},
        "status_text": "",
        "status_emoji": "",
        "status_expiration": 0,
        "avatar_hash": "",
        "team": workspace.slack_id,
    }
    if member.email is not None and has_email:
        profile["email"] = member.email
    if member.bot_id is not None:
        profile["bot_id"] = member.bot_id
    return profile


def _real_name(member: Member) -> str:
    return member.real_name or member.shown_name
