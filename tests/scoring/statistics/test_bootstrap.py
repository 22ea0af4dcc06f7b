"""Bootstrap intervals are scipy's, cover what they promise, and are refused where they lie."""

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from indexed_bootstrap import bootstrap
from scipy import stats
from sklearn.metrics import f1_score

from eegssl.errors import InputError
from eegssl.scoring.statistics.bootstrap import (
    bootstrap_weighted,
    draw_weights,
    mean_of_patients,
    ratio_of_sums,
)
from eegssl.scoring.statistics.intervals import binomial_interval


def skewed(n, seed):
    return np.random.default_rng(seed).lognormal(0, 1, n)


def ends(interval):
    return interval.low, interval.high


@pytest.mark.parametrize(("method", "of_scipy"), [("percentile", "percentile"), ("bca", "BCa")])
@pytest.mark.parametrize("statistic", [np.mean, np.std, stats.skew])
@pytest.mark.parametrize("n", [16, 37])  # so many that no resample is a mere reordering
def test_both_intervals_are_those_of_scipy(method, of_scipy, statistic, n):
    values = skewed(n, seed=n)
    got = bootstrap(lambda k: statistic(values[k]), n, seed=5, n_resamples=999)[method]
    reference = stats.bootstrap(
        (values,), statistic, n_resamples=999, method=of_scipy, rng=np.random.default_rng(5)
    ).confidence_interval
    assert ends(got) == pytest.approx((reference.low, reference.high), rel=1e-9)
    assert (got.method, got.n, got.reason, got.note) == (method, n, "", "")


def test_the_fast_path_for_means_is_the_general_one():
    values = skewed(23, seed=1)
    fast = mean_of_patients(values, seed=3)
    slow = bootstrap(lambda k: float(values[k].mean()), 23, seed=3)
    for method in ("percentile", "bca"):
        assert ends(fast[method]) == pytest.approx(ends(slow[method]), rel=1e-9)


def test_scores_with_many_ties_have_one_interval_by_both_paths():
    values = np.array([0, 1, 1 / 3, 2 / 3])[np.arange(14) % 4]
    fast = mean_of_patients(values, seed=3)["bca"]
    slow = bootstrap(lambda k: float(np.mean(values[k[::-1]])), 14, seed=3)["bca"]
    assert ends(fast) == pytest.approx(ends(slow), rel=1e-9)


@pytest.mark.parametrize("coverage", np.linspace(0.1, 0.9, 9).tolist())
def test_rounding_does_not_break_ties(coverage):
    values = np.array([0, 1, 1 / 3, 2 / 3])[np.arange(14) % 4]

    def rounded(k):
        return float(np.mean(values[k])) - 2e-15 * (k.sum() % 2)

    plain = bootstrap(lambda k: float(np.mean(values[k])), 14, seed=3, coverage=coverage)["bca"]
    got = bootstrap(rounded, 14, seed=3, coverage=coverage)["bca"]
    assert ends(got) == pytest.approx(ends(plain), rel=1e-9)


def test_a_pooled_f1_by_sums_is_the_f1_of_the_drawn_patients_windows():
    rng = np.random.default_rng(0)
    truth, predicted = rng.random((12, 60)) < 0.3, rng.random((12, 60)) < 0.4
    slow = bootstrap(
        lambda k: f1_score(truth[k].ravel(), predicted[k].ravel()), 12, seed=2, n_resamples=200
    )
    tp = (truth & predicted).sum(axis=1)
    fast = ratio_of_sums(2 * tp, truth.sum(axis=1) + predicted.sum(axis=1), seed=2, n_resamples=200)
    for method in ("percentile", "bca"):
        assert ends(fast[method]) == pytest.approx(ends(slow[method]), rel=1e-9)


def test_a_macro_score_and_a_pooled_one_both_work_from_indices():
    counts = np.array([[k % 4, 5] for k in range(15)])
    pooled = bootstrap(lambda k: counts[k, 0].sum() / counts[k, 1].sum(), 15, seed=0)
    macro = bootstrap(lambda k: float(np.mean(counts[k, 0] / counts[k, 1])), 15, seed=0)
    assert ends(pooled["bca"]) == pytest.approx(ends(macro["bca"]))  # the same length everywhere


@examples(40)
@given(st.integers(10, 60), st.integers(0, 10**6))
def test_every_draw_has_as_many_patients_as_there_are(n_patients, seed):
    weights = draw_weights(n_patients, 50, seed)
    assert weights.shape == (50, n_patients)
    assert np.all(weights >= 0)
    assert np.all(weights.sum(axis=1) == n_patients)


def test_the_same_seed_gives_the_same_interval_and_another_a_close_one():
    values = skewed(40, seed=0)
    one, again, other = (mean_of_patients(values, seed=s)["bca"] for s in (1, 1, 2))
    assert one == again
    assert one != other
    assert ends(one) == pytest.approx(ends(other), rel=0.1)


@pytest.mark.parametrize("n", [0, 1, 9])
def test_below_ten_patients_there_is_no_interval_but_a_reason(n):
    for interval in mean_of_patients(np.linspace(0, 1, n), seed=0).values():
        assert ends(interval) == (None, None)
        assert interval.n == n
        assert f"{n} patients" in interval.reason
        assert "per-patient values instead" in interval.reason


def test_patients_without_a_value_do_not_count_towards_the_ten():
    values = [None, float("nan"), *np.linspace(0.2, 0.8, 9)]
    assert "9 patients" in mean_of_patients(values, seed=0)["bca"].reason
    tp, n_reference = np.arange(14), np.where(np.arange(14) < 8, 14, 0)
    tp = np.minimum(tp, n_reference)
    assert "8 patients" in ratio_of_sums(tp, n_reference, seed=0)["percentile"].reason


def test_patients_without_a_value_change_nothing():
    values = skewed(12, seed=0)
    with_gaps = [None, *values, float("nan")]
    assert mean_of_patients(with_gaps, seed=0) == mean_of_patients(values, seed=0)


def test_a_score_that_few_patients_decide_is_refused_when_the_caller_says_so():
    def sensitivity(k):
        return float(np.mean(k < 5))

    assert bootstrap(sensitivity, 30, seed=0, n_with_score=5)["bca"].reason.startswith("5 patients")


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_resamples_without_a_score_are_left_out_and_counted(nothing):
    def share(k):
        return nothing if 0 not in k else float(np.mean(k))

    drawn = draw_weights(10, 2000, seed=4)
    n_without = int(np.sum(drawn[:, 0] == 0))
    assert 500 < n_without < 900  # (9/10)**10 of 2,000 is 697
    found = bootstrap(share, 10, seed=4)
    assert found["percentile"].note == (
        f"{n_without} of 2000 resamples have no score and are left out"
    )
    kept = drawn[drawn[:, 0] > 0] @ np.arange(10) / 10
    assert ends(found["percentile"]) == pytest.approx(tuple(np.quantile(kept, [0.025, 0.975])))
    assert "undefined without one" in found["bca"].reason
    assert found["bca"].low is None


def test_mostly_undefined_is_no_interval():
    def all_of_three(k):
        return None if len({0, 1, 2} & set(k.tolist())) < 3 else float(np.mean(k))

    found = bootstrap(all_of_three, 20, seed=0)["percentile"]
    assert (found.low, found.reason) == (None, "most resamples have no score")
    assert "of 2000" in found.note


def test_an_undefined_score_has_no_interval():
    assert "itself is undefined" in bootstrap(lambda k: None, 20, seed=0)["bca"].reason


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1])
def test_no_variation_is_said_and_not_shown_as_certainty(value):
    for interval in mean_of_patients(np.full(30, value), seed=0).values():
        assert interval.low is None
        assert "no variation" in interval.reason


def test_bca_says_when_the_score_lies_outside_all_resamples():
    def no_repeats(k):
        return 100.0 if len(set(k.tolist())) == 20 else float(np.mean(k))

    found = bootstrap(no_repeats, 20, seed=0)
    assert "outside all resamples" in found["bca"].reason
    assert found["percentile"].low is not None


@pytest.mark.parametrize(
    "wrong", [{"coverage": 1.0}, {"coverage": 0.0}, {"n_resamples": 0}, {"n_with_score": 21}]
)
def test_settings_that_make_no_interval_are_refused(wrong):
    with pytest.raises(InputError, match="expected"):
        bootstrap_weighted(lambda w: w.mean(axis=1), 20, seed=0, **wrong)


@pytest.mark.parametrize(
    ("above", "below"), [([1.0], [1.0, 2.0]), ([1.0], [-1.0]), ([float("nan")], [1.0])]
)
def test_sums_that_make_no_ratio_are_refused(above, below):
    with pytest.raises(InputError, match="got"):
        ratio_of_sums(above, below, seed=0)


def covered(draw, true_value, n_patients, method, n_studies=400):
    """The share of studies whose interval holds the true value."""
    hits = 0
    for study in range(n_studies):
        values = draw(np.random.default_rng(10_000 + study), n_patients)
        interval = mean_of_patients(values, seed=study, n_resamples=500)[method]
        hits += interval.low <= true_value <= interval.high
    return hits / n_studies


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_a_95_percent_interval_covers_the_true_mean_about_so_often(method):
    share = covered(lambda rng, n: rng.normal(0.7, 0.2, n), 0.7, 40, method)
    assert 0.91 <= share <= 0.98  # 400 studies: three standard errors are .033


def test_bca_covers_skewed_scores_better_than_percentile():
    def false_alarms(rng, n):
        return rng.lognormal(0, 1, n)

    mean = float(np.exp(0.5))
    percentile, bca = (covered(false_alarms, mean, 30, m) for m in ("percentile", "bca"))
    assert 0.8 < percentile < bca <= 0.98


def test_with_clustered_seizures_drawing_patients_covers_and_the_exact_interval_does_not():
    patients, exact, n_studies = 0, 0, 300
    for study in range(n_studies):
        rng = np.random.default_rng(study)
        chance = rng.beta(0.8, 0.4, 40)  # some patients are found always, others hardly ever
        n_seizures = np.full(40, 12)
        found = rng.binomial(n_seizures, chance)
        of_patients = ratio_of_sums(found, n_seizures, seed=study, n_resamples=400)["bca"]
        of_events = binomial_interval(int(found.sum()), int(n_seizures.sum()))
        patients += of_patients.low <= 2 / 3 <= of_patients.high
        exact += of_events.low <= 2 / 3 <= of_events.high
    assert patients / n_studies > 0.9
    assert exact / n_studies < 0.75
    assert "ignores clustering by patient" in of_events.note
