"""Curves over severity: areas, intervals and scores are those of references."""

import numpy as np
import pytest
from severitycurves import EACH, N_SUBJECTS, answers, numbers
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from eegssl.scoring.corrupted.robustness import AREA, area, drawn_scores, subjects_of
from eegssl.scoring.corrupted.subject_weights import deciding, scores_of
from eegssl.scoring.corrupted.system_answers import SystemAnswers
from eegssl.scoring.unit_effects import UnitAnswers


@pytest.mark.parametrize("n_classes", [2, 3])
def test_scores_of_all_subjects_are_those_of_scikit_learn(n_classes: int) -> None:
    given = answers(2.0, n_classes)
    scores = scores_of(given, subjects_of([{"white": {0: given}}]))
    one = given.units
    every = np.ones((1, N_SUBJECTS), dtype=np.int64)
    p = one.answers[:, 1] if n_classes == 2 else one.answers
    expected = roc_auc_score(one.truth, p, multi_class="ovr")
    assert scores["auroc"](every)[0] == pytest.approx(expected)
    assert scores["balanced_accuracy"](every)[0] == pytest.approx(
        balanced_accuracy_score(one.truth, one.decided)
    )


def test_a_subject_that_is_drawn_twice_counts_twice() -> None:
    given = answers(2.0)
    one = given.units
    assert one.decided is not None
    weights = np.ones((1, N_SUBJECTS), dtype=np.int64)
    weights[0, :3] = 0, 2, 0
    owner = np.array([int(name[2:]) for name in one.subjects])
    rows = np.repeat(np.arange(len(owner)), weights[0][owner])
    scores = scores_of(given, tuple(f"s-{k:02d}" for k in range(N_SUBJECTS)))
    assert scores["auroc"](weights)[0] == pytest.approx(
        roc_auc_score(one.truth[rows], one.answers[rows, 1])
    )


def test_numbers_are_scored_by_error_and_rank() -> None:
    scores = scores_of(numbers(0.5), subjects_of([{"white": {0: numbers(0.5)}}]))
    every = np.ones((1, N_SUBJECTS), dtype=np.int64)
    one = numbers(0.5).units
    assert scores["mae"](every)[0] == pytest.approx(np.abs(one.answers - one.truth).mean())
    assert 0 < scores["spearman"](every)[0] < 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [({0: 0.8, 1: 0.8, 5: 0.8}, 0.8), ({0: 1.0, 5: 0.5}, 0.75), ({0: 1.0, 1: 0.5, 3: 0.5}, 7 / 12)],
)
def test_the_area_is_the_mean_over_the_span_of_severities(
    values: dict[int, float], expected: float
) -> None:
    assert area({k: np.array([v]) for k, v in values.items()})[0] == pytest.approx(expected)


def test_points_have_intervals_around_them_and_fall_with_severity() -> None:
    curve = {severity: answers(1.0 + severity) for severity in (0, 1, 3, 5)}
    runs = {0: {"white": curve}}
    points = drawn_scores(runs, subjects_of(runs.values()), 0, 300).points()
    of_auroc = [one for one in points if one.metric == "auroc"]
    assert [one.severity for one in of_auroc] == ["0", "1", "3", "5", AREA]
    scores = [one.score for one in of_auroc if one.score is not None]
    assert scores[:4] == sorted(scores[:4], reverse=True)
    for one in points:
        assert one.score is not None
        assert one.low is not None
        assert one.high is not None
        assert one.low < one.score < one.high
        assert one.subjects == N_SUBJECTS
        assert one.units == N_SUBJECTS * EACH
        assert one.note == ""
    by_severity = zip(curve, scores[:4], strict=True)
    assert scores[4] == pytest.approx(area({k: np.array([s]) for k, s in by_severity})[0])


def test_few_subjects_have_no_interval_and_a_reason() -> None:
    few = answers(1.0).units
    assert few.decided is not None
    keep = [k for k, name in enumerate(few.subjects) if name < "s-04"]
    some = UnitAnswers(
        "window", tuple(few.ids[k] for k in keep), tuple(few.subjects[k] for k in keep),
        few.truth[keep], few.answers[keep], few.decided[keep],
    )  # fmt: skip
    runs = {0: {"white": {0: SystemAnswers(some), 1: SystemAnswers(some)}}}
    for one in drawn_scores(runs, subjects_of(runs.values()), 0, 50).points():
        assert one.low is None
        assert "4 patients, fewer than 10" in one.note


def test_subjects_that_decide_are_those_of_the_rarest_class() -> None:
    one = answers(1.0).units
    truth = np.zeros(len(one.truth), dtype=np.int64)
    truth[: 2 * EACH : 7] = 1
    rare = UnitAnswers("window", one.ids, one.subjects, truth, one.answers, one.decided)
    assert deciding([rare]) == 2
    assert deciding([rare, rare]) == 2
    assert deciding([numbers(1.0).units]) == N_SUBJECTS


def test_scores_of_several_runs_are_their_mean() -> None:
    seeds = {k: {"white": {0: answers(2.0, seed=k), 2: answers(4.0, seed=k)}} for k in range(3)}
    names = subjects_of(seeds.values())
    together = drawn_scores(seeds, names, 0, 50)
    apart = [drawn_scores({0: one}, names, 0, 50) for one in seeds.values()]
    for key, values in together.values.items():
        np.testing.assert_allclose(values, np.mean([one.values[key] for one in apart], axis=0))
