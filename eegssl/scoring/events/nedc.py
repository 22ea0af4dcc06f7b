"""Count events and slices as NEDC does (OVLP, EPOCH, IRA).

Definitions: Shah, Golmohammadi, Obeid & Picone, "Objective Evaluation Metrics for Automatic
Classification of EEG Events" (2021), and the behaviour of nedc_eval_eeg 6.0.0 where the text is
silent. NEDC fills the time between seizures with background and scores both labels; what we count
here are its results for the label of seizures. (What NEDC calls an epoch is a slice of 0.25 s.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.events.counts import EventCounts
from eegssl.scoring.events.event_lists import Event, as_spans, overlaps

EPOCH_S = 0.25
"""NEDC's own default."""

LABELS = ("seizure", "background")
"""The two labels of an event list, in the order of a confusion matrix."""


def ovlp_counts(
    reference: Sequence[Event], hypothesis: Sequence[Event], duration_s: float
) -> EventCounts:
    """Any-overlap counts of one recording; both lists cleaned (`clean_events`).

    A reference event that any detection overlaps is a hit, however little; a detection that
    overlaps no reference event is one false alarm, however long. No tolerance: events that only
    touch do not overlap. One detection may hit many events, so an alarm that never ends
    has no cost.
    """
    truth, alarms = as_spans(reference), as_spans(hypothesis)
    hits, false = overlaps(truth, alarms).sum(), (~overlaps(alarms, truth)).sum()
    return EventCounts(len(reference), int(hits), int(false), duration_s)


def epoch_counts(
    reference: Sequence[Event], hypothesis: Sequence[Event], duration_s: float
) -> EventCounts:
    """Counts of 0.25 s slices of one recording, in seconds; both lists cleaned (`clean_events`).

    Each slice takes the label that holds at its middle; a middle on the border of two labels has
    the earlier one (NEDC's search order). NEDC prints numbers of slices, four times ours, but
    scales false alarms per 24 h by the slice's length: in seconds all its rates are ours.
    """
    (both, missed), (false, _) = epoch_confusion(reference, hypothesis, duration_s) * EPOCH_S
    return EventCounts(float(both + missed), float(both), float(false), duration_s)


def epoch_confusion(
    reference: Sequence[Event], hypothesis: Sequence[Event], duration_s: float
) -> NDArray[np.int64]:
    """Numbers of slices [2, 2] by their labels (`LABELS`): rows reference, columns hypothesis.

    By interval arithmetic on the slices' numbers: equal to labelling each slice.
    """
    truth, alarm = _middles_until(as_spans(reference)), _middles_until(as_spans(hypothesis))
    total = int(_middles_until(np.asarray(duration_s)))
    n_truth, n_alarm = int(np.diff(truth).sum()), int(np.diff(alarm).sum())
    both = int(np.diff(_covered_until(alarm, truth)).sum())
    return np.array(
        [[both, n_truth - both], [n_alarm - both, total - n_truth - n_alarm + both]], dtype=np.int64
    )


@dataclass(frozen=True)
class Agreement:
    """Agreement of two annotations slice by slice, beyond chance.

    ``confusion`` counts slices: rows reference, columns hypothesis, in the order of ``labels``.
    ``kappa`` is Cohen's of each label against the other, None where it is undefined;
    ``multi_class`` that over all labels, of two labels the same number.
    """

    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    kappa: dict[str, float | None]
    multi_class: float | None


def agreement_of(confusion: NDArray[np.integer]) -> Agreement:
    """The agreement that counts [2, 2] of slices show; counts of recordings can be added.

    Where both sides know one label only, chance agrees fully and kappa is 0 / 0: undefined here
    (ours), 1 in NEDC, which would let recordings without any seizure raise the mean.
    """
    kappa = cohens_kappa(confusion)
    rows = tuple(tuple(int(n) for n in row) for row in confusion)
    return Agreement(LABELS, rows, dict.fromkeys(LABELS, kappa), kappa)


def cohens_kappa(confusion: NDArray[np.integer]) -> float | None:
    """Cohen's kappa of a square table of counts; None where chance alone agrees fully."""
    counts = np.asarray(confusion, dtype=np.float64)
    total = counts.sum()
    chance = float(counts.sum(axis=0) @ counts.sum(axis=1))
    if chance == total**2:
        return None
    return float((total * np.trace(counts) - chance) / (total**2 - chance))


def _middles_until(time_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number of slices with their middle at or before each time.

    Middles lie at (i + 1/2) slices; the fraction is compared apart, because adding 1/2 rounds.
    """
    slices = time_s / EPOCH_S
    whole = np.floor(slices)
    return whole.astype(np.int64) + (slices - whole >= 0.5)


def _covered_until(spans: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count whole numbers below each ``at`` within the spans [n, 2], sorted and apart."""
    if not len(spans):
        return np.zeros_like(at)
    length = np.diff(spans)[:, 0]
    before = np.concatenate(([0], np.cumsum(length)))
    index = np.searchsorted(spans[:, 0], at, side="right") - 1
    partial = np.clip(at - spans[index, 0], 0, length[index])
    return np.where(index < 0, 0, before[index] + partial)
