"""Measure how long after its onset a seizure is detected.

Ours, on SzCORE's tolerance: a seizure is detected if an alarm is on between 30 s before its onset
and 60 s after its end; its latency is the time from the onset to the first such moment, -30 s where
an alarm was on already. Seizures closer than 90 s are one; a long one is not split.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegssl.scoring.events.event_lists import Event, as_spans
from eegssl.scoring.events.szcore_counts import AFTER_S, BEFORE_S, merge_close


@dataclass(frozen=True)
class Latencies:
    """Latencies of detected seizures, and the number of missed ones; can be added.

    Quartiles are of detected seizures only: a detector that misses the hard ones looks fast, so
    ``n_missed`` belongs beside them.
    """

    seconds: tuple[float, ...] = ()
    n_missed: int = 0

    def __add__(self, other: "Latencies") -> "Latencies":
        return Latencies(self.seconds + other.seconds, self.n_missed + other.n_missed)

    @property
    def quartiles_s(self) -> tuple[float, float, float] | None:
        """Lower quartile, median and upper quartile; None where no seizure was detected."""
        if not self.seconds:
            return None
        low, middle, high = np.percentile(self.seconds, [25, 50, 75]).tolist()
        return low, middle, high

    def as_dict(self) -> dict[str, Any]:
        """Summary as plain values for JSON."""
        low, middle, high = self.quartiles_s or (None, None, None)
        return {
            "n_found": len(self.seconds),
            "n_missed": self.n_missed,
            "n_before_onset": sum(1 for latency in self.seconds if latency < 0),
            "median_s": middle,
            "lower_quartile_s": low,
            "upper_quartile_s": high,
        }


def latencies(reference: Sequence[Event], hypothesis: Sequence[Event]) -> Latencies:
    """The latencies of one recording's seizures; both lists cleaned."""
    seizures, alarms = merge_close(as_spans(reference)), as_spans(hypothesis)
    # Alarms are sorted and apart: the first one that ends within the tolerance is the first heard.
    first = np.searchsorted(alarms[:, 1], seizures[:, 0] - BEFORE_S, side="right")
    padded = np.concatenate([alarms[:, 0], [np.inf]])
    heard = np.maximum(padded[first], seizures[:, 0] - BEFORE_S)
    detected = heard < seizures[:, 1] + AFTER_S
    seconds = (heard - seizures[:, 0])[detected]
    return Latencies(tuple(seconds.tolist()), int((~detected).sum()))
