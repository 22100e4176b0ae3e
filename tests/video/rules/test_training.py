"""What is learned from what profiles watch, on data whose tastes are known."""

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np

from ninefold.core.ids import new_id
from ninefold.systems.video.model.recommendations import Watch
from ninefold.systems.video.rules.fold_in import Recommender
from ninefold.systems.video.rules.training import Watches, train

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def planted(*, profiles: int, titles: int, tastes: int, loyalty: float, seed: int = 1) -> tuple[Watches, list[UUID]]:
    """Return watches of profiles that each have one taste, and mostly watch titles of it; some titles are popular."""
    random = np.random.default_rng(seed)
    ids = [new_id() for _ in range(titles)]
    popularity = 1 / (1 + np.arange(titles) // tastes)
    watches = Watches()
    for number in range(profiles):
        is_own = np.arange(titles) % tastes == number % tastes
        chances = popularity * np.where(is_own, loyalty / is_own.sum(), (1 - loyalty) / (~is_own).sum())
        chosen = random.choice(titles, size=12, replace=False, p=chances / chances.sum())
        profile_id = new_id()
        for minutes, title in enumerate(random.permutation(chosen)):
            watches.add(profile_id, ids[title], weight=random.uniform(0.3, 1), at=NOW + timedelta(minutes=minutes))
    return watches, ids


def test_planted_tastes_are_found_better_than_by_popularity() -> None:
    watches, _ = planted(profiles=300, titles=200, tastes=5, loyalty=0.9)

    report = train(watches, now=NOW).report

    assert report.kind == "als"
    assert report.recall_model is not None
    assert report.recall_popularity is not None
    assert report.held_out == 300
    assert report.recall_model > 1.5 * report.recall_popularity


def test_without_tastes_popularity_recommends_and_the_report_says_why() -> None:
    watches, _ = planted(profiles=300, titles=60, tastes=2, loyalty=0.5)

    trained = train(watches, now=NOW)

    assert trained.report.kind == "popularity"
    assert trained.report.why is not None
    assert trained.report.why.startswith("Of what was held out, the model found")
    assert trained.title_factors is None


def test_with_too_little_data_nothing_is_learned() -> None:
    watches, _ = planted(profiles=10, titles=60, tastes=2, loyalty=1)

    report = train(watches, now=NOW).report

    assert (report.kind, report.recall_model) == ("popularity", None)
    assert report.why is not None
    assert report.why.startswith("10 profiles have begun ")


def test_a_profile_that_the_training_has_not_seen_gets_its_taste_with_reasons_of_its_own() -> None:
    watches, ids = planted(profiles=300, titles=200, tastes=5, loyalty=0.9)
    trained = train(watches, now=NOW)
    assert trained.title_ids is not None
    assert trained.title_factors is not None
    recommender = Recommender(trained.title_ids, trained.title_factors, factors=trained.report.factors)
    seen = [Watch(title_id=ids[number], weight=1, is_finished=True) for number in (3, 8, 13)]

    found = recommender.recommend(seen, limit=10)

    assert {each.title_id for each in found}.isdisjoint(each.title_id for each in seen)
    assert {each.because_of for each in found} <= {each.title_id for each in seen}
    assert sum(ids.index(each.title_id) % 5 == 3 for each in found) >= 8
    assert recommender.recommend([], limit=10) == []
    assert sum(ids.index(each) % 5 == 3 for each in recommender.similar(ids[3], limit=10)) >= 8


def test_all_titles_can_be_asked_for() -> None:
    ids = [new_id() for _ in range(3)]
    factors = np.eye(3, dtype=np.float32)
    recommender = Recommender(b"".join(each.bytes for each in ids), factors.tobytes(), factors=3)

    found = recommender.recommend([Watch(title_id=ids[0], weight=1, is_finished=False)], limit=10)

    assert {each.title_id for each in found} == {ids[1], ids[2]}


def test_recommending_takes_about_a_millisecond_with_ten_thousand_titles() -> None:
    random = np.random.default_rng(1)
    ids = [new_id() for _ in range(10_000)]
    factors = random.normal(size=(10_000, 64)).astype(np.float32)
    recommender = Recommender(b"".join(each.bytes for each in ids), factors.tobytes(), factors=64)
    seen = [Watch(title_id=each, weight=0.5, is_finished=False) for each in ids[:30]]

    took = []
    for _ in range(20):
        began = time.perf_counter()
        recommender.recommend(seen, limit=60)
        took.append(time.perf_counter() - began)

    # The bench measures it; here, only that it isn't a hundred times as much on a busy machine.
    assert min(took) < 0.1
