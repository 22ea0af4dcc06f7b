"""Measure what is lost without a region, beside as many other channels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eegssl.probes.embedded import WithoutRegion
from eegssl.probes.measure import mean_measure, nothing
from eegssl.probes.probe_scores import NO_SEIZURES, Asked, Measures
from eegssl.probes.subjects_held_out import class_probe
from eegssl.scoring.means import means_by_unit

Floats = NDArray[np.float64]

REGION, OTHERS, LESS = PARTS = ("region", "others", "less others")
"""Channels of a region, as many drawn at random elsewhere, and the difference of both."""


def region_measures(asked: Asked, full: Floats, lost: WithoutRegion) -> dict[str, Measures]:
    """What a region carries, and as many other channels: ``region``, ``others``, their difference.

    ``moved``: how far the embeddings [n, D] of windows move, in root mean square distances between
    two of them. ``labels``: the change of the label probe's AUROC, whose probes learn from the full
    montage. The places of ``lost`` are those in ``full``.
    """
    if not len(lost.places):
        none = nothing("no recording has channels in it and as many elsewhere")
        return {"moved": dict.fromkeys(PARTS, none), "labels": dict.fromkeys(PARTS, none)}
    without = (lost.embeddings, lost.without_others)
    return {
        "moved": _moved(asked, full, lost.places, without),
        "labels": _label_changes(asked, full, lost.places, without),
    }


def _moved(
    asked: Asked, full: Floats, places: NDArray[np.int64], without: Sequence[Floats]
) -> Measures:
    spread = np.sqrt(2 * full.var(axis=0).sum())
    _, unit = np.unique(asked.sample.subject[places], return_inverse=True)
    far = [np.linalg.norm(x - full[places], axis=1) for x in without]
    means = [means_by_unit(one / (spread if spread > 0 else np.inf), unit) for one in far]
    return _with_difference(asked, means, len(places))


def _label_changes(
    asked: Asked, full: Floats, places: NDArray[np.int64], without: Sequence[Floats]
) -> Measures:
    sample, some = asked.sample, asked.sample.of_labels
    changed = [full.copy() for _ in without]
    for features, x in zip(changed, without, strict=True):
        features[places] = x
    others = [features[some] for features in changed]
    one = class_probe(full[some], sample.ictal[some], sample.subject[some], others)
    if one is None:
        return dict.fromkeys(PARTS, nothing(NO_SEIZURES))
    changes = [auroc - one.auroc for auroc in one.auroc_changed]
    return _with_difference(asked, changes, one.n_windows)


def _with_difference(asked: Asked, values: Sequence[Floats], n_windows: int) -> Measures:
    """Means over subjects [S] of the region, of other channels, and of their difference."""
    region, others = values
    three = zip(PARTS, (region, others, region - others), strict=True)
    return {name: mean_measure(v, 0.0, n_windows, seed=asked.seed) for name, v in three}
