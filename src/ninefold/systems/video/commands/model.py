"""`ninefold video model`."""

from ninefold.core.commands import FROM_ENVIRONMENT, ApiOptions, print_fields, show_answer
from ninefold.systems.video.commands.watching_answers import ModelAnswer


def show_model(*, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show what recommends titles, and how much of what was held out it finds.

    Args:
        api: The server and API key to use.
    """
    with api.client() as client:
        show_answer(client.get("/api/v1/video/recommendations/model"), ModelAnswer, api=api, show=_show)


def _show(model: ModelAnswer) -> None:
    print_fields(
        {
            "recommends": "the model" if model.kind == "als" else "popularity and tags",
            "why": model.why,
            "trained_at": model.trained_at,
            "learned_from": f"{model.watches:,} watches of {model.titles:,} titles by {model.profiles:,} profiles",
            "held_out": model.held_out,
            f"recall@{model.recall_k} of the model": _percent(model.recall_model),
            f"recall@{model.recall_k} of popularity": _percent(model.recall_popularity),
        }
    )


def _percent(part: float | None) -> str | None:
    return None if part is None else f"{part:.1%}"
