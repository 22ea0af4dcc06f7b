"""Compute the limits that few patients set to an AUROC.

They follow from the numbers of patients alone, by the standard error of an AUROC (Hanley & McNeil,
Radiology 1982).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from eegssl.errors import InputError

FEWEST_PATIENTS = 12
"""Below this many patients nothing is fitted (ours; the smallest published cohort has 12)."""

FEWEST_OF_A_CLASS = 4
"""Below this many patients of one outcome nothing is fitted (ours)."""

ENOUGH_TO_CALIBRATE = 200
"""Patients of each outcome for a calibration curve (Van Calster et al., J Clin Epidemiol 2016)."""


@dataclass(frozen=True)
class CohortLimits:
    """Limits of a cohort by its numbers of patients."""

    n_good: int
    n_poor: int
    width_at_half: float
    """Width of the 95 % interval of an AUROC of .5 of a marker that was fixed beforehand."""
    width_at_eighty: float
    """The same for an AUROC of .8."""
    least_significant: float
    """The lowest AUROC whose two-sided p is below .05."""
    least_detectable: float | None
    """The lowest true AUROC that is found in 80 % of such cohorts; None: not even 1."""
    words: tuple[str, ...]


def check_enough(n_good: int, n_poor: int) -> None:
    """Raise InputError for fewer patients than an analysis needs."""
    n = n_good + n_poor
    if n < FEWEST_PATIENTS or min(n_good, n_poor) < FEWEST_OF_A_CLASS:
        raise InputError(
            f"got {n} patients, {n_good} of good and {n_poor} of poor outcome; expected at least "
            f"{FEWEST_PATIENTS}, and {FEWEST_OF_A_CLASS} of each, as results "
            "of fewer are chance; add patients"
        )


def limits_of(n_good: int, n_poor: int) -> CohortLimits:
    """Compute the limits of a cohort; raise InputError where it is too small to analyse."""
    check_enough(n_good, n_poor)
    half = 2 * 1.96 * standard_error(0.5, n_good, n_poor)
    eighty = 2 * 1.96 * standard_error(0.8, n_good, n_poor)
    least = 0.5 + 1.96 * standard_error(0.5, n_good, n_poor)
    detectable = least_detectable_auroc(n_good, n_poor)
    words = _words(n_good, n_poor, half, least, detectable)
    return CohortLimits(n_good, n_poor, half, min(eighty, 1.0), min(least, 1.0), detectable, words)


def standard_error(auroc: float, n_good: int, n_poor: int) -> float:
    """Compute the standard error of an AUROC (Hanley & McNeil 1982; exact at .5 without ties)."""
    q1, q2 = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    if auroc == 0.5:
        return float(np.sqrt((n_good + n_poor + 1) / (12 * n_good * n_poor)))
    spread = auroc * (1 - auroc) + (n_good - 1) * (q1 - auroc**2) + (n_poor - 1) * (q2 - auroc**2)
    return float(np.sqrt(spread / (n_good * n_poor)))


def least_detectable_auroc(n_good: int, n_poor: int, power: float = 0.8) -> float | None:
    """Find the lowest true AUROC that a two-sided test at .05 detects with ``power``.

    None where even .995 is too low.
    """
    critical = 0.5 + 1.96 * standard_error(0.5, n_good, n_poor)
    for auroc in np.arange(0.505, 0.996, 0.005):
        if auroc - ndtri(power) * standard_error(float(auroc), n_good, n_poor) >= critical:
            return round(float(auroc), 3)
    return None


def _words(
    n_good: int, n_poor: int, width: float, least: float, detectable: float | None
) -> tuple[str, ...]:
    """The limits as sentences for the report."""
    low, high = max(0.0, 0.5 - width / 2), min(1.0, 0.5 + width / 2)
    needed = (
        "No true AUROC, however high," if detectable is None else f"An AUROC of {detectable:.2f}"
    )
    sentences = [
        f"{n_good + n_poor} patients ({n_good} of good, {n_poor} of poor outcome): the AUROC of a "
        f"useless marker, chosen beforehand, has a 95 % interval of {low:.2f} to {high:.2f}.",
        f"An AUROC below {least:.2f} cannot be told from chance. {needed} would be found in four "
        "of five such cohorts. A model fitted on the same patients needs a higher AUROC.",
    ]
    if detectable is None or detectable > 0.67:
        sentences.append(
            "A marker as good as published clinical data (AUROC .61 to .67) would usually be "
            "missed, and so would a gain over it."
        )
    if min(n_good, n_poor) < ENOUGH_TO_CALIBRATE:
        sentences.append(
            "There are too few patients to judge calibration, thresholds or subgroups, which takes "
            f"about {ENOUGH_TO_CALIBRATE} of each outcome."
        )
    sentences.append(
        "One cohort cannot show how a model does in other hospitals: test it on an outside cohort."
    )
    return tuple(sentences)
