"""The HTTP route for the model of recommendations."""

from typing import Annotated, Final, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.video.service.recommendations import INSTALL, can_train, get_report

RECALL_K: Final = 10

_UNTRAINED: Final = "No model was trained yet; that is done each night."

Recall = Annotated[
    float | None,
    msgspec.Meta(
        description="The part of the watches that were held out which is among the first 10 recommendations.",
        examples=[0.27],
    ),
]


class ModelView(msgspec.Struct, frozen=True, kw_only=True):
    """What recommends, and how well."""

    kind: Annotated[
        Literal["als", "popularity"],
        msgspec.Meta(description="`als` is the model; otherwise popularity and tags recommend.", examples=["als"]),
    ]
    why: Annotated[str | None, msgspec.Meta(description="Why the model doesn't recommend.", examples=[None])]
    trained_at: Annotated[Timestamp | None, msgspec.Meta(description="Null before the first training.")]
    profiles: Annotated[int, msgspec.Meta(examples=[2_000])]
    titles: Annotated[int, msgspec.Meta(examples=[1_000])]
    watches: Annotated[
        int, msgspec.Meta(description="How many titles these profiles have begun, all together.", examples=[24_000])
    ]
    factors: Annotated[int, msgspec.Meta(examples=[64])]
    held_out: Annotated[
        int, msgspec.Meta(description="The last watch of each of so many profiles was held out.", examples=[2_000])
    ]
    recall_k: Annotated[int, msgspec.Meta(examples=[10])]
    recall_model: Recall
    recall_popularity: Recall


@get("/api/v1/video/recommendations/model", tags=["video"])
async def get_recommendation_model(
    principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> ModelView:
    """Show what recommends.

    A model is trained each night. It recommends only if it finds more of what was held out than popularity does.
    """
    async with database.snapshot() as connection:
        report = await get_report(connection, organisation_id=principal.organisation_id)
    if report is not None:
        return ModelView(recall_k=RECALL_K, **msgspec.structs.asdict(report))
    return ModelView(
        kind="popularity",
        why=_UNTRAINED if can_train() else f"The package implicit isn't installed. {INSTALL}",
        trained_at=None,
        profiles=0,
        titles=0,
        watches=0,
        factors=0,
        held_out=0,
        recall_k=RECALL_K,
        recall_model=None,
        recall_popularity=None,
    )


RECOMMENDATION_ROUTES: Final[list[HTTPRouteHandler]] = [get_recommendation_model]
