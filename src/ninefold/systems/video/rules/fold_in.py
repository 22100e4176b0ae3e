"""Recommends titles to a profile by the factors of titles, from what the profile has watched until this moment.

This is the step for one user of alternating least squares (Hu, Koren, Volinsky: Collaborative Filtering for Implicit
Feedback Datasets, 2008): a profile that the training has never seen is as good as any. NumPy comes with an extra of the
package, so this module is imported when it is first needed.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ninefold.systems.video.model.recommendations import Recommendation, Watch

REGULARIZATION: Final = 20.0
"""High, because most profiles have watched little: with 0.1, rare titles got factors that are mostly noise."""
CONFIDENCE: Final = 5.0
"""By how much more a title counts that was finished than one that wasn't begun."""

Floats = NDArray[np.float32]

# For products as small as these, more threads only cost: on a busy machine, waiting for them took 30 ms instead of 1.
threadpool_limits(1, "blas")


def confidence_of(weight: float) -> float:
    """Return how much a watch counts; 1 is what a title counts that wasn't watched."""
    return 1.0 + CONFIDENCE * weight


class Recommender:
    """The factors of an organisation's titles.

    Args:
        title_ids: 16 bytes a title.
        title_factors: float32, a row a title.
        factors: how many a title has.
    """

    def __init__(self, title_ids: bytes, title_factors: bytes, *, factors: int) -> None:
        self._ids: Final = title_ids
        self._rows: Final = {title_ids[at : at + 16]: at // 16 for at in range(0, len(title_ids), 16)}
        self._factors: Final[Floats] = np.frombuffer(title_factors, dtype=np.float32).reshape(-1, factors)
        base = self._factors.T @ self._factors
        self._base: Final[Floats] = base + REGULARIZATION * np.eye(factors, dtype=np.float32)
        self.bytes_used: Final = 8 * len(title_ids) + len(title_factors)

    def recommend(self, watches: Sequence[Watch], *, limit: int) -> list[Recommendation]:
        """Return titles that the profile hasn't begun, best first, each with the watch that speaks most for it."""
        known = [(row, watch) for watch in watches if (row := self._rows.get(watch.title_id.bytes)) is not None]
        if not known:
            return []
        rows = np.array([row for row, _ in known])
        confidences = np.array([confidence_of(watch.weight) for _, watch in known], dtype=np.float32)
        watched = self._factors[rows]
        matrix = self._base + (watched * (confidences - 1)[:, None]).T @ watched
        # Column i is what watch i adds to the profile's factors; their sum is the profile.
        shares = np.linalg.solve(matrix, watched.T * confidences)
        scores = self._factors @ shares.sum(axis=1)
        scores[rows] = -np.inf
        best = _best(scores, limit)
        reasons = (self._factors[best] @ shares).argmax(axis=1)
        return [
            Recommendation(title_id=self._id_of(int(row)), because_of=known[int(reason)][1].title_id)
            for row, reason in zip(best, reasons, strict=True)
            if np.isfinite(scores[row])
        ]

    def similar(self, title_id: UUID, *, limit: int) -> list[UUID]:
        """Return what somebody might like of whom only this title is known, best first.

        The angle between the factors of two titles would say less: those of rare titles are mostly noise.
        """
        only = Watch(title_id=title_id, weight=1.0, is_finished=True)
        return [each.title_id for each in self.recommend([only], limit=limit)]

    def _id_of(self, row: int) -> UUID:
        return UUID(bytes=self._ids[16 * row : 16 * row + 16])


def _best(scores: Floats, limit: int) -> NDArray[np.intp]:
    """Return the places of the largest scores, largest first."""
    if limit >= len(scores):
        return np.argsort(-scores)
    best = np.argpartition(-scores, limit)[:limit]
    ordered: NDArray[np.intp] = best[np.argsort(-scores[best])]
    return ordered
