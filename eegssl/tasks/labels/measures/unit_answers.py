"""Gather a system's answers for units, for comparisons with another system."""

import numpy as np

from eegssl.scoring.hierarchy import UNKNOWN
from eegssl.scoring.means import first_places, means_by_unit
from eegssl.scoring.unit_effects import UnitAnswers
from eegssl.scoring.window_scores import Thresholds, decide, thresholds_at
from eegssl.tasks.labels.predictions import Predictions


def unit_answers(predictions: Predictions, threshold: Thresholds) -> UnitAnswers:
    """The mean over each unit's windows and what follows from it; windows may be the units.

    Units whose class is not known are left out.
    """
    ids = list(dict.fromkeys(predictions.unit))
    place = {id_: k for k, id_ in enumerate(ids)}
    owner = np.array([place[id_] for id_ in predictions.unit])
    rows = first_places(owner)
    name = predictions.about.get("unit", "window")
    subjects = np.array(predictions.subject)[rows]
    if predictions.value is not None and predictions.truth_value is not None:
        values = means_by_unit(predictions.value, owner)
        truth = predictions.truth_value[rows]
        return UnitAnswers(name, tuple(ids), tuple(subjects.tolist()), truth, values)
    p, classes = means_by_unit(predictions.probabilities, owner), predictions.truth[rows]
    decided = decide(p, thresholds_at(threshold, rows))
    known = np.flatnonzero(classes != UNKNOWN)
    return UnitAnswers(
        name,
        tuple(ids[k] for k in known.tolist()),
        tuple(subjects[known].tolist()),
        classes[known],
        p[known],
        decided[known].astype(np.int64),
    )
