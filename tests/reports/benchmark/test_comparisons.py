"""Systems are compared subject by subject, seeds averaged first, p adjusted for all of a task."""

import numpy as np
import pytest

from eegssl.errors import ConfigError
from eegssl.reports.benchmark.comparisons import compare, require_system


def _runs(shift, n=12, seeds=2):
    """Per-subject scores: a subject's own level, a system's shift, a seed's noise of mean 0."""
    return [
        {
            f"s{k}": {
                "auroc": 0.6 + 0.02 * k + shift + (0.01 if seed else -0.01),
                "balanced_accuracy": None,
            }
            for k in range(n)
        }
        for seed in range(seeds)
    ]


def test_a_constant_gain_in_every_subject_is_found_with_its_size():
    scores = {
        ("t", "all", "base"): _runs(0.0),
        ("t", "all", "better"): _runs(0.1),
        ("t", "all", "same"): _runs(0.0),
    }
    found = {(c.system, c.metric): c for c in compare(scores, "base", 0, 200)}
    better, same = found["better", "auroc"], found["same", "auroc"]
    assert better.difference == pytest.approx(0.1)
    assert better.n == 12
    assert better.p == pytest.approx(2 / 2**12)
    assert better.p_holm == pytest.approx(4 / 2**12)  # the smaller of two
    assert (same.difference, same.p) == (pytest.approx(0.0), 1.0)
    assert found["better", "balanced_accuracy"].p is None
    assert found["better", "balanced_accuracy"].n == 0


def test_what_rounding_sets_apart_is_no_difference():
    """A head that stays its base: a little less in each subject, which is not a finding."""
    base = [{f"s{k}": {"auroc": 0.6 + 0.02 * k, "balanced_accuracy": 0.5} for k in range(12)}]
    other = [{s: {n: v * (1 - 1e-8) for n, v in of.items()} for s, of in base[0].items()}]
    for one in compare({("t", "all", "a"): base, ("t", "all", "b"): other}, "a", 0, 200):
        assert (one.difference, one.p) == (0.0, 1.0)


def test_the_interval_is_of_the_paired_difference_not_of_the_systems():
    rng = np.random.default_rng(0)
    gaps = rng.normal(0.05, 0.01, 12)
    base = [{f"s{k}": {"auroc": 0.5 + 0.04 * k, "balanced_accuracy": 0.5} for k in range(12)}]
    other = [
        {f"s{k}": {"auroc": 0.5 + 0.04 * k + gaps[k], "balanced_accuracy": 0.5} for k in range(12)}
    ]
    found = compare({("t", "all", "a"): base, ("t", "all", "b"): other}, "a", 0, 2000)
    auroc = next(c for c in found if c.metric == "auroc")
    assert 0.03 < auroc.low < auroc.difference < auroc.high < 0.07


def test_folds_are_joined_and_subjects_that_one_lacks_are_left_out():
    folds = [*_runs(0.0, n=4, seeds=1), {"s9": {"auroc": 0.9, "balanced_accuracy": 0.9}}]
    found = compare(
        {("t", "all", "a"): folds, ("t", "all", "b"): _runs(0.1, n=3, seeds=1)}, "a", 0, 200
    )
    assert {c.metric: c.n for c in found} == {"auroc": 3, "balanced_accuracy": 0}


def test_a_name_that_no_system_has_is_refused_with_those_that_there_are():
    with pytest.raises(ConfigError, match="expected one of a, b"):
        require_system("c", ["b", "a"])


def test_a_task_on_which_the_reference_was_not_run_is_left_out():
    scores = {
        ("t", "all", "a"): _runs(0.0),
        ("t", "all", "b"): _runs(0.0),
        ("u", "all", "b"): _runs(0.0),
    }
    assert {c.task for c in compare(scores, "a", 0, 200)} == {"t"}
    assert compare({("u", "all", "b"): _runs(0.0)}, "a", 0, 200) == []


def test_numbers_are_compared_by_scores_of_numbers():
    runs = [{f"s{k}": {"mae": 2.0 + k, "spearman": None} for k in range(12)}]
    better = [{f"s{k}": {"mae": 1.0 + k, "spearman": None} for k in range(12)}]
    found = compare({("t", "all", "a"): runs, ("t", "all", "b"): better}, "a", 0, 200)
    assert {c.metric: c.difference for c in found} == {"mae": -1.0, "spearman": None}


def test_within_subjects_folds_are_compared_and_have_an_exact_interval():
    gains = (0.1, 0.2, 0.05, 0.15, 0.3, 0.02, 0.12)
    base = [{f"fold {k}": {"auroc": 0.5, "balanced_accuracy": 0.5}} for k in range(7)]
    other = [
        {f"fold {k}": {"auroc": 0.5 + g, "balanced_accuracy": 0.5}} for k, g in enumerate(gains)
    ]
    scores = {("t", "all", "a"): base, ("t", "all", "b"): other}
    by_fold = compare(scores, "a", 0, 200, "fold")[0]
    assert (by_fold.unit, by_fold.n, by_fold.p) == ("fold", 7, 2 / 2**7)
    assert 0 < by_fold.low < by_fold.difference < by_fold.high < 0.3
    by_subject = compare(scores, "a", 0, 200)[0]  # seven are too few to draw from
    assert (by_subject.unit, by_subject.low) == ("subject", None)
