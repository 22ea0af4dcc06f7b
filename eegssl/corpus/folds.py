"""Split a corpus anew for each fold of a cross-validation.

Every subject is tested in one fold. Of the others a fifth validates (ours), subjects with and
without seizures drawn separately, and the rest trains.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from eegssl.corpus.splits import SplitUnit
from eegssl.corpus.store import Corpus
from eegssl.errors import InputError
from eegssl.io.labels.event_types import is_seizure

VALIDATION_SHARE = 0.2
LEAVE_ONE_OUT = "loso"


def n_folds(corpus: Corpus, folds: int | str) -> int:
    """Count the folds: as many as asked for, or as subjects for ``loso``.

    Raises InputError when there are fewer subjects than folds, or too few beside a fold to train
    and to validate on.
    """
    n_subjects = len({r.subject for r in corpus.recordings})
    n = n_subjects if folds == LEAVE_ONE_OUT else int(folds)
    most_tested = math.ceil(n_subjects / max(1, n))
    if n < 2 or n_subjects < n or n_subjects - most_tested < 2:
        raise InputError(
            f"{n_subjects} subject(s) can't make {n} folds that each train, validate and "
            f"test: expected from 2 to {n_subjects} folds, and two subjects beside each"
        )
    return n


def refolded(corpus: Corpus, folds: int, fold: int, seed: int) -> Corpus:
    """The corpus with the splits of one fold of so many; the same for the same seed."""
    marked = {r.subject for r in corpus.recordings if any(is_seizure(e.type) for e in r.events)}
    rng = np.random.default_rng([seed, 0xF01D])
    order = [
        name
        for group in (marked, {r.subject for r in corpus.recordings} - marked)
        for name in rng.permutation(sorted(group)).tolist()
    ]
    tested = {name for k, name in enumerate(order) if k % folds == fold}
    splits = dict.fromkeys(tested, "test")
    splits |= _train_and_val(
        [SplitUnit(n, n in marked) for n in order if n not in tested], seed, fold
    )
    recordings = [
        replace(r, split=splits[r.subject], within_subject=False) for r in corpus.recordings
    ]
    return Corpus(corpus.artifacts, recordings)


def _train_and_val(rest: Sequence[SplitUnit], seed: int, fold: int) -> dict[str, str]:
    """A fifth of these subjects validates, at least one; with seizures in its part of them."""
    n_val = max(1, round(VALIDATION_SHARE * len(rest)))
    rng = np.random.default_rng([seed, fold, 0x7A1])
    kinds = [[u.name for u in rest if u.marked], [u.name for u in rest if not u.marked]]
    with_seizures = round(n_val * len(kinds[0]) / len(rest))
    if kinds[0] and len(kinds[0]) > 1:
        with_seizures = max(1, with_seizures)
    with_seizures = max(min(with_seizures, len(kinds[0])), n_val - len(kinds[1]))
    mixed = [rng.permutation(group).tolist() for group in kinds]
    val = {*mixed[0][:with_seizures], *mixed[1][: n_val - with_seizures]}
    return {unit.name: "val" if unit.name in val else "train" for unit in rest}
