"""Gains are shares of the other's score, with intervals of the pair."""

import numpy as np
import pytest
from severitycurves import N_SUBJECTS, answers, numbers

from eegssl.scoring.corrupted.gains import gains, relative_gain
from eegssl.scoring.corrupted.robustness import AREA, MEAN, Drawn, drawn_scores, subjects_of


def drawn(*spreads: float, seed: int = 0) -> Drawn:
    curve = {severity: answers(spread, seed=seed) for severity, spread in enumerate(spreads)}
    runs = {0: {"white": curve}}
    return drawn_scores(runs, subjects_of(runs.values()), 0, 400)


def test_an_error_is_better_by_what_it_is_less() -> None:
    better, worse = np.array([0.6, 0.2]), np.array([0.5, 0.4])
    np.testing.assert_allclose(relative_gain(better, worse, "auroc"), [0.2, -0.5])
    np.testing.assert_allclose(relative_gain(better, worse, "mae"), [-0.2, 0.5])
    assert np.isnan(relative_gain(np.array([0.5]), np.array([0.0]), "auroc")).all()


def test_a_gain_is_that_of_the_scores_beside_it_and_lies_in_its_interval() -> None:
    ours, theirs = drawn(1.0, 2.0), drawn(1.5, 6.0)
    rows = list(gains(ours, theirs))
    assert {(one.severity, one.metric) for one in rows} == {
        (severity, metric)
        for severity in ("0", "1", AREA)
        for metric in ("auroc", "balanced_accuracy")
    }
    for one in rows:
        assert one.score is not None
        assert one.other is not None
        assert one.gain == pytest.approx(one.score / one.other - 1)
        assert one.low is not None
        assert one.high is not None
        assert one.low <= one.gain <= one.high
        assert one.subjects == N_SUBJECTS
    of_auroc = {one.severity: one for one in rows if one.metric == "auroc"}
    hard = of_auroc["1"]
    assert hard.low is not None
    assert hard.low > 0
    assert hard.gain > of_auroc["0"].gain  # type: ignore[operator]


def test_a_system_gains_nothing_over_itself_whatever_is_drawn() -> None:
    for one in gains(drawn(2.0, 3.0), drawn(2.0, 3.0)):
        assert one.gain == 0
        assert one.low is None
        assert "no variation" in one.note


def test_the_interval_of_a_pair_is_narrower_than_of_strangers() -> None:
    def width(theirs: Drawn) -> float:
        ours = drawn(2.0, 2.0)
        one = next(g for g in gains(ours, theirs) if g.severity == "0" and g.metric == "auroc")
        assert one.low is not None
        assert one.high is not None
        return one.high - one.low

    assert width(drawn(2.05, 2.0)) < 0.5 * width(drawn(2.0, 2.0, seed=9))


def test_rank_correlations_have_no_gain() -> None:
    runs = {0: {"white": {0: numbers(0.5), 5: numbers(1.0)}}}
    own = drawn_scores(runs, subjects_of(runs.values()), 0, 100)
    assert {one.metric for one in gains(own, own)} == {"mae"}


def test_the_mean_over_kinds_is_of_the_same_draws() -> None:
    kinds = {
        "white": {0: answers(1.0), 3: answers(3.0)},
        "pops": {0: answers(1.0), 3: answers(5.0)},
    }
    own = drawn_scores({0: kinds}, subjects_of([kinds]), 0, 100).with_mean()
    for severity in ("0", "3", AREA):
        both = [own.values[kind, severity, "auroc"] for kind in kinds]
        np.testing.assert_allclose(own.values[MEAN, severity, "auroc"], np.mean(both, axis=0))
    assert own.points()[0].kind == MEAN
    alone = drawn(1.0, 2.0)
    assert alone.with_mean() is alone


def test_other_subjects_are_refused() -> None:
    other = drawn(1.0, 2.0)
    fewer = Drawn(other.subjects[1:], {}, {})
    with pytest.raises(ValueError, match="same subjects"):
        list(gains(other, fewer))
