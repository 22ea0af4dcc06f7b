"""Cross-validate over patients: outer folds score, inner ones choose.

A patient's probability comes from models that neither saw that patient nor were chosen by them: the
regularisation is chosen within the fitting patients alone (Varma & Simon, BMC Bioinformatics 2006).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from eegssl.tasks.patients.classifiers.attention import Bags, attended_rows
from eegssl.tasks.patients.classifiers.ridge import fit_logits, kernels
from eegssl.tasks.patients.config import PatientsConfig

Floats = NDArray[np.float64]
Block = Floats | Bags
"""Features [P, F] of patients, or their windows, pooled within the fitting patients."""


def deal(truth: NDArray[np.integer], n_folds: int, rng: Generator) -> NDArray[np.int64]:
    """Draw a fold [P] for each patient, each class spread as evenly as it goes."""
    fold = np.zeros(len(truth), dtype=np.int64)
    first = 0
    for side in (0, 1):
        members = rng.permutation(np.flatnonzero(truth == side))
        # The second class is dealt on from where the first one ended: folds of equal size.
        fold[members] = (first + np.arange(len(members))) % n_folds
        first += len(members)
    return rng.permutation(n_folds)[fold]


def nested_of_inputs(
    inputs: Mapping[str, Sequence[Block]],
    truth: NDArray[np.integer],
    config: PatientsConfig,
    seed: int,
) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    """Predict patients left out: input -> logits [R, P], and the fold [R, P] in which each was.

    An input's blocks are features [P, F] that count the same each; ``truth`` [P] is 0 or 1. All
    inputs have the same folds, so that their differences are paired. What inputs share, the same
    array in their blocks, is computed once.
    """
    rng = np.random.default_rng([seed, 1])
    smaller = int(min(np.bincount(truth, minlength=2)))
    n_outer = min(config.outer_folds, smaller)
    folds = np.array([deal(truth, n_outer, rng) for _ in range(config.repeats)])
    fits = (folds[:, None] != np.arange(n_outer)[:, None]).reshape(-1, len(truth))
    costs = _choose(inputs, truth, fits, config, rng)
    kernel = _kernels(inputs, truth, fits, config)
    left_out = {}
    for name in inputs:
        logits = fit_logits(kernel[name], truth, fits, costs[name])
        by_fold = logits.reshape(len(folds), n_outer, -1)
        left_out[name] = np.take_along_axis(by_fold, folds[:, None], axis=1)[:, 0]
    return left_out, folds


def _choose(
    inputs: Mapping[str, Sequence[Block]],
    truth: NDArray[np.integer],
    fits: NDArray[np.bool_],
    config: PatientsConfig,
    rng: Generator,
) -> dict[str, Floats]:
    """Choose each input's cost [B] for each set of fitting patients [B, P] by inner folds."""
    costs = np.array(config.costs)
    if len(costs) == 1:
        return {name: np.full(len(fits), costs[0]) for name in inputs}
    n_inner = min(config.inner_folds, *(int(min(np.bincount(truth[f], minlength=2))) for f in fits))
    inner = np.full(fits.shape, -1)
    for row, members in zip(inner, fits, strict=True):
        row[members] = deal(truth[members], n_inner, rng)
    loss = {name: np.zeros((len(fits), len(costs))) for name in inputs}
    signed = 2.0 * truth - 1.0
    for fold in range(n_inner):
        tested = inner == fold
        part = fits & ~tested
        for name, kernel in _kernels(inputs, truth, part, config).items():
            for j, cost in enumerate(costs):
                logits = fit_logits(kernel, truth, part, np.full(len(fits), cost))
                missed = np.where(tested, np.logaddexp(0.0, -signed * logits), 0.0)
                loss[name][:, j] += missed.sum(axis=1)
    return {name: np.asarray(costs[one.argmin(axis=1)]) for name, one in loss.items()}


def _kernels(
    inputs: Mapping[str, Sequence[Block]],
    truth: NDArray[np.integer],
    fits: NDArray[np.bool_],
    config: PatientsConfig,
) -> dict[str, Floats]:
    """Each input's kernels [B, P, P] for each set of fitting patients [B, P].

    Windows are pooled by attention that the fitting patients alone have taught.
    """
    known: dict[int, Floats] = {}
    steps = {"n_dims": config.attention_dims, "n_steps": config.attention_steps}
    for block in (block for blocks in inputs.values() for block in blocks):
        if id(block) not in known:
            rows = attended_rows(block, truth, fits, **steps) if isinstance(block, Bags) else block
            known[id(block)] = kernels(rows, fits)
    return {
        name: np.sum([known[id(block)] for block in blocks], axis=0)
        for name, blocks in inputs.items()
    }
