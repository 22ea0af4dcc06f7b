"""What few patients cannot show follows from their number, and too few are refused."""

import numpy as np
import pytest

from eegssl.errors import InputError
from eegssl.tasks.patients.cohort.limits import (
    check_enough,
    least_detectable_auroc,
    limits_of,
    standard_error,
)


@pytest.mark.parametrize(("n_good", "n_poor"), [(6, 5), (8, 3), (3, 40), (0, 20)])
def test_too_few_patients_or_too_few_of_an_outcome_are_refused(n_good, n_poor):
    with pytest.raises(InputError, match="at least 12, and 4 of each"):
        check_enough(n_good, n_poor)


def test_the_standard_error_at_half_is_that_of_permuted_ranks():
    rng = np.random.default_rng(0)
    ranks = np.array([rng.permutation(14)[:5] for _ in range(20_000)])
    auroc = (ranks.sum(axis=1) - 10) / 45
    assert standard_error(0.5, 5, 9) == pytest.approx(auroc.std(), rel=0.03)


def test_the_detectable_auroc_is_found_in_four_of_five_cohorts():
    rng = np.random.default_rng(1)
    n = 30
    auroc = least_detectable_auroc(n, n)
    assert auroc is not None
    # Exponential scores, for which Hanley and McNeil's error is exact.
    rate = auroc / (1 - auroc)
    good, poor = rng.exponential(rate, (4000, n)), rng.exponential(1.0, (4000, n))
    found = np.mean(good[:, :, None] > poor[:, None], axis=(1, 2))
    assert found.mean() == pytest.approx(auroc, abs=0.01)
    share = np.mean(found >= 0.5 + 1.96 * standard_error(0.5, n, n))
    assert share == pytest.approx(0.8, abs=0.04)


def test_more_patients_show_more():
    small, large = limits_of(6, 6), limits_of(140, 140)
    assert small.width_at_half > large.width_at_half
    assert small.least_detectable > large.least_detectable
    assert small.least_detectable > small.least_significant > 0.8
    assert limits_of(4, 8).least_detectable > limits_of(6, 6).least_detectable


def test_the_words_say_what_twelve_patients_cannot_show():
    words = " ".join(limits_of(6, 6).words)
    assert "12 patients (6 of good, 6 of poor outcome)" in words
    assert "0.16 to 0.84" in words
    assert "published clinical data" in words
    assert "published clinical data" not in " ".join(limits_of(140, 140).words)
    assert "other hospitals" in " ".join(limits_of(2000, 2000).words)
