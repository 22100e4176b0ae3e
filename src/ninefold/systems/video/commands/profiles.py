"""`ninefold video profiles …`."""

from typing import Final

from cyclopts import App

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    parse_argument_id,
    print_json,
    print_next_page,
    print_note,
    print_table,
    show_answer,
    show_fields,
)
from ninefold.systems.video.commands.watching_answers import ProfileAnswer
from ninefold.systems.video.model.watching import PROFILE_PREFIX

profiles = App(name="profiles", help="Manage who watches.")

_PROFILES: Final = "/api/v1/video/profiles"
_LIST: Final = "ninefold video profiles list"


@profiles.command(name="create")
def create_profile(
    name: str, *, maturity_max: int = 18, external_id: str | None = None, api: ApiOptions = FROM_ENVIRONMENT
) -> None:
    """Create a profile.

    Args:
        name: What people call it.
        maturity_max: The age up to which it sees titles: 0, 6, 12, 16 or 18.
        external_id: What your product calls it; unique.
        api: The server and API key to use.
    """
    body = {"name": name, "maturity_max": maturity_max, "external_id": external_id}
    with api.client() as client:
        show_answer(client.post(_PROFILES, body), ProfileAnswer, api=api, show=show_fields)


@profiles.command(name="list")
def list_profiles(
    *,
    external_id: str | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List profiles, oldest first.

    Args:
        external_id: Only the profile that your product calls so.
        limit: Maximum number of profiles to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_PROFILES, external_id=external_id, limit=limit, cursor=cursor)
        show_answer(answer, Page[ProfileAnswer], api=api, show=_show_profiles)


@profiles.command(name="delete")
def delete_profile(profile_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Delete a profile with its list and its positions. This can't be undone.

    Args:
        profile_id: The profile.
        api: The server and API key to use.
    """
    parse_argument_id(PROFILE_PREFIX, profile_id, shown_by=_LIST)
    with api.client() as client:
        client.delete(f"{_PROFILES}/{profile_id}")
    if api.json:
        print_json({"profile_id": profile_id})
    else:
        print_note(f"Deleted {profile_id}.")


def _show_profiles(page: Page[ProfileAnswer]) -> None:
    print_table(
        ["Profile", "Name", "Sees up to", "External id", "Created at"],
        [[each.profile_id, each.name, each.maturity_max, each.external_id, each.created_at] for each in page.items],
        empty="No profiles yet. Create one: ninefold video profiles create Ines",
    )
    print_next_page(page)
