"""Trace the use of codes around and along seizures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.codes.code_sums import Codes, Floats
from eegssl.corpus.ictal import positive_spans
from eegssl.corpus.store import Recording

AROUND_S = 60.0
STEP_S = 2.0
PHASES = 20
"""Ours: from a minute before onset to a minute after in steps of 2 s; a seizure in 20 parts."""


@dataclass(frozen=True)
class Course:
    """Shares of J groups of codes among all channels' patches, by place along a seizure [T]."""

    axis: str
    """``onset``: seconds from the onset; ``seizure``: 0 at the onset, 1 at the end."""
    position: Floats
    """[T], middle of each step."""
    share: Floats
    """[T, J], mean over a subject's seizures, then over subjects; NaN where there are none."""
    sd: Floats
    """[T, J], between subjects; NaN below two."""
    n_seizures: NDArray[np.int64]
    """[T], seizures that reach there."""
    n_subjects: NDArray[np.int64]
    """[T]"""


def time_courses(
    recordings: Sequence[Recording],
    codes_of: Codes,
    groups: Sequence[Sequence[int]],
    patch_s: float,
) -> tuple[Course, Course]:
    """The courses of groups of codes about the onsets of all seizures, and within them.

    About an onset, patches of another seizure are left out. Codes are read around seizures only.
    """
    edges_s = np.arange(-AROUND_S, AROUND_S + STEP_S / 2, STEP_S)
    around: dict[str, list[Floats]] = {}
    within: dict[str, list[Floats]] = {}
    for recording in recordings:
        spans = positive_spans(recording.events)
        if not len(spans):
            continue
        array = codes_of(recording)
        middle_s = (np.arange(array.shape[1]) + 0.5) * patch_s
        for k, (onset_s, end_s) in enumerate(spans):
            others = np.delete(spans, k, axis=0)
            free = ~np.any(
                (middle_s[:, None] >= others[:, 0]) & (middle_s[:, None] < others[:, 1]), 1
            )
            bins = np.digitize(middle_s - onset_s, edges_s) - 1
            bins[~free | (bins >= len(edges_s) - 1)] = -1
            row = _shares(array, bins, len(edges_s) - 1, groups)
            around.setdefault(recording.subject, []).append(row)
            row = _within(array, onset_s, end_s, patch_s, groups)
            within.setdefault(recording.subject, []).append(row)
    parts = (np.arange(PHASES) + 0.5) / PHASES
    return (
        _mean("onset", edges_s[:-1] + STEP_S / 2, around, len(groups)),
        _mean("seizure", parts, within, len(groups)),
    )


def _within(
    array: NDArray[np.integer[Any]],
    onset_s: float,
    end_s: float,
    patch_s: float,
    groups: Sequence[Sequence[int]],
) -> Floats:
    """Shares [T, J] in each part of a seizure; patches are split so that no part is empty."""
    first, last = int(onset_s // patch_s), int(-(-end_s // patch_s))
    duration_s = max(end_s - onset_s, 1e-9)
    pieces = int(np.ceil(2 * PHASES * patch_s / duration_s)) if duration_s > 1e-3 else 1
    split = np.repeat(array[:, first:last], pieces, axis=1)
    middle_s = (first + (np.arange(split.shape[1]) + 0.5) / pieces) * patch_s
    place = (middle_s - onset_s) / duration_s
    bins = np.where((place >= 0) & (place < 1), np.floor(place * PHASES), -1).astype(np.int64)
    return _shares(split, bins, PHASES, groups)


def _shares(
    array: NDArray[np.integer[Any]],
    bins: NDArray[np.int64],
    n_bins: int,
    groups: Sequence[Sequence[int]],
) -> Floats:
    """Shares [T, J] of the groups among the patches [C, N] of each bin; NaN in an empty one."""
    used = np.flatnonzero(bins >= 0)
    near = np.asarray(array[:, used])
    total = np.bincount(bins[used], minlength=n_bins) * float(len(array))
    shares = np.full((n_bins, len(groups)), np.nan)
    for j, group in enumerate(groups):
        hits = np.isin(near, group).sum(axis=0)
        sums = np.bincount(bins[used], weights=hits, minlength=n_bins)
        np.divide(sums, total, out=shares[:, j], where=total > 0)
    return shares


def _mean(
    axis: str, position: Floats, by_subject: dict[str, list[Floats]], n_groups: int
) -> Course:
    """Over seizures, then over subjects, leaving out where a seizure does not reach."""
    empty = np.full((0, len(position), n_groups), np.nan)
    means = [_over(np.stack(rows))[0] for _, rows in sorted(by_subject.items())]
    stacked = np.stack(means) if means else empty
    share, sd, n_subjects = _over(stacked)
    rows = [row for rows in by_subject.values() for row in rows]
    reached = np.isfinite(np.stack(rows) if rows else empty).all(axis=2).sum(axis=0)
    return Course(axis, position, share, sd, reached, n_subjects)


def _over(rows: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Mean and standard deviation [T, J] over the first axis, and how many there are [T]."""
    defined = np.isfinite(rows)
    n = defined.sum(axis=0)
    total = np.where(defined, rows, 0).sum(axis=0)
    mean = np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
    squares = np.where(defined, (rows - mean) ** 2, 0).sum(axis=0)
    sd = np.sqrt(np.divide(squares, n - 1, out=np.full(total.shape, np.nan), where=n > 1))
    return mean, sd, n.min(axis=1, initial=len(rows))
