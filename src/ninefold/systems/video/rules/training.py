"""Learns from what an organisation's profiles have watched, and measures whether that is better than popularity.

The libraries come with an extra of the package, so this module is imported when it is needed.
"""

from array import array
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares  # type: ignore[import-untyped]
from numpy.typing import NDArray
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ninefold.systems.video.model.recommendations import Report, Trained, Watch
from ninefold.systems.video.rules.fold_in import CONFIDENCE, REGULARIZATION, Recommender

PROFILES_MIN: Final = 20
TITLES_MIN: Final = 20
WATCHES_MIN: Final = 200
"""With less, there are no tastes to be learned."""

RECALL_K: Final = 10
HELD_OUT_MIN: Final = 5
"""A profile needs so many watches for its last one to be held out."""
HELD_OUT_MAX: Final = 2_000

FACTORS: Final = 64
FACTORS_OF_FEW: Final = 32
FEW_TITLES: Final = 2_000
ITERATIONS: Final = 15
SEED: Final = 20260131


class Watches:
    """What the profiles of an organisation have watched, in arrays: 20 bytes each."""

    def __init__(self) -> None:
        self._profiles: dict[UUID, int] = {}
        self._titles: dict[UUID, int] = {}
        self._profile_of = array("i")
        self._title_of = array("i")
        self._weight_of = array("f")
        self._time_of = array("d")

    def add(self, profile_id: UUID, title_id: UUID, *, weight: float, at: datetime) -> None:
        """Add a watch."""
        self._profile_of.append(self._profiles.setdefault(profile_id, len(self._profiles)))
        self._title_of.append(self._titles.setdefault(title_id, len(self._titles)))
        self._weight_of.append(weight)
        self._time_of.append(at.timestamp())

    def __len__(self) -> int:
        return len(self._profile_of)

    @property
    def profiles(self) -> int:
        """How many profiles have watched something."""
        return len(self._profiles)

    @property
    def titles(self) -> list[UUID]:
        """What was watched; the places are those in the matrix."""
        return list(self._titles)

    def matrix(self, *, is_kept: NDArray[np.bool_] | None = None) -> csr_matrix:
        """Return how much each title counts for each profile."""
        kept = np.ones(len(self), dtype=bool) if is_kept is None else is_kept
        weights = np.frombuffer(self._weight_of, dtype=np.float32)[kept]
        profiles = np.frombuffer(self._profile_of, dtype=np.int32)[kept]
        titles = np.frombuffer(self._title_of, dtype=np.int32)[kept]
        shape = (len(self._profiles), len(self._titles))
        return csr_matrix((1 + CONFIDENCE * weights, (profiles, titles)), shape=shape)

    def held_out(self) -> NDArray[np.intp]:
        """Return the places of the last watches of some profiles with enough of them."""
        profiles = np.frombuffer(self._profile_of, dtype=np.int32)
        order = np.lexsort((np.frombuffer(self._time_of, dtype=np.float64), profiles))
        is_last = np.append(profiles[order][1:] != profiles[order][:-1], values=True)
        counts = np.bincount(profiles)
        last = order[is_last]
        last = last[counts[profiles[last]] >= HELD_OUT_MIN]
        if len(last) > HELD_OUT_MAX:
            last = np.random.default_rng(SEED).choice(last, HELD_OUT_MAX, replace=False)
        return np.asarray(last, dtype=np.intp)

    def place_of(self, watch: int) -> tuple[int, int]:
        """Return the places of a watch's profile and title in the matrix."""
        return self._profile_of[watch], self._title_of[watch]


def train(watches: Watches, *, now: datetime) -> Trained:
    """Learn, measure, and return the model, or why popularity recommends instead.

    It keeps one core busy: 1,000,000 watches take about 5 s.
    """
    with threadpool_limits(1, "blas"):
        return _train(watches, now=now)


def _train(watches: Watches, *, now: datetime) -> Trained:
    titles = watches.titles
    why = _too_little(watches)
    if why is not None:
        report = Report(
            trained_at=now,
            kind="popularity",
            why=why,
            profiles=watches.profiles,
            titles=len(titles),
            watches=len(watches),
        )
        return Trained(report=report)
    factors = FACTORS_OF_FEW if len(titles) < FEW_TITLES else FACTORS
    held_out = watches.held_out()
    recall_model, recall_popularity = _measure(watches, held_out, factors=factors)
    is_better = recall_model > recall_popularity
    title_ids = b"".join(title_id.bytes for title_id in titles)
    report = Report(
        trained_at=now,
        kind="als" if is_better else "popularity",
        why=None if is_better else _not_better(recall_model, recall_popularity),
        profiles=watches.profiles,
        titles=len(titles),
        watches=len(watches),
        factors=factors,
        held_out=len(held_out),
        recall_model=recall_model,
        recall_popularity=recall_popularity,
    )
    if not is_better:
        return Trained(report=report)
    learned = _learn(watches.matrix(), factors=factors)
    return Trained(report=report, title_ids=title_ids, title_factors=learned.tobytes())


def _too_little(watches: Watches) -> str | None:
    found = f"{watches.profiles:,} profiles have begun {len(watches.titles):,} titles, {len(watches):,} times together"
    is_enough = watches.profiles >= PROFILES_MIN and len(watches.titles) >= TITLES_MIN and len(watches) >= WATCHES_MIN
    if is_enough and len(watches.held_out()):
        return None
    needed = f"{PROFILES_MIN}, {TITLES_MIN} and {WATCHES_MIN}, and profiles with {HELD_OUT_MIN} titles"
    return f"{found}; a model needs {needed}."


def _not_better(recall_model: float, recall_popularity: float) -> str:
    return (
        f"Of what was held out, the model found {recall_model:.1%} among its first {RECALL_K}, and popularity "
        f"{recall_popularity:.1%}."
    )


def _learn(matrix: csr_matrix, *, factors: int) -> NDArray[np.float32]:
    model = AlternatingLeastSquares(
        factors=factors,
        regularization=REGULARIZATION,
        alpha=1.0,
        iterations=ITERATIONS,
        num_threads=1,
        random_state=SEED,
    )
    model.fit(matrix, show_progress=False)
    return np.ascontiguousarray(model.item_factors, dtype=np.float32)


def _measure(watches: Watches, held_out: NDArray[np.intp], *, factors: int) -> tuple[float, float]:
    """Return which part of what was held out is among the first recommendations, of a model and of popularity.

    The model hasn't seen what was held out, and recommends as it does to viewers: by `Recommender`.
    """
    is_kept = np.ones(len(watches), dtype=bool)
    is_kept[held_out] = False
    matrix = watches.matrix(is_kept=is_kept)
    titles = watches.titles
    learned = _learn(matrix, factors=factors)
    recommender = Recommender(b"".join(each.bytes for each in titles), learned.tobytes(), factors=factors)
    popular = np.argsort(-np.bincount(matrix.indices, minlength=len(titles)), kind="stable")
    hits_model = hits_popularity = 0
    for watch in held_out:
        profile, title = watches.place_of(int(watch))
        row = matrix[profile]
        seen = [
            Watch(title_id=titles[place], weight=(value - 1) / CONFIDENCE, is_finished=False)
            for place, value in zip(row.indices, row.data, strict=True)
        ]
        found = recommender.recommend(seen, limit=RECALL_K)
        hits_model += titles[title] in {each.title_id for each in found}
        known = set(row.indices.tolist())
        first = [place for place in popular[: RECALL_K + len(known)].tolist() if place not in known][:RECALL_K]
        hits_popularity += title in first
    return hits_model / len(held_out), hits_popularity / len(held_out)
