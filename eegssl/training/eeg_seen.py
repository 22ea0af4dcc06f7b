"""Count how much EEG a training sees."""

import math
from dataclasses import dataclass

from eegssl.training.config import CorpusTraining

_ROUNDING = 1e-9


@dataclass(frozen=True)
class EegSeen:
    """EEG in the batches of a training: hours of recording, and passes over all that there is."""

    hours: float
    passes: float
    of_hours: float

    @property
    def in_words(self) -> str:
        """As said before a training: "8,900 h of EEG, 33 % of one pass over 27,000 h"."""
        if self.passes < 1:
            share = f"{self.passes:.0%}".replace("%", " %") + " of one pass"
        else:
            share = (
                f"{self.passes:,.0f} passes" if self.passes >= 10 else f"{self.passes:.1f} passes"
            )
        return f"{_hours(self.hours)} of EEG, {share} over {_hours(self.of_hours)}"

    def as_facts(self) -> dict[str, float]:
        """The same for a manifest."""
        return {"hours": round(self.hours, 4), "passes": round(self.passes, 4)}


def eeg_seen(n_steps: int, batch_size: int, n_windows: int, window_s: float) -> EegSeen:
    """The EEG of so many steps on ``n_windows`` windows, each of which counts as often as drawn."""
    drawn, hours_each = n_steps * batch_size, window_s / 3600
    return EegSeen(drawn * hours_each, drawn / n_windows, n_windows * hours_each)


def for_hours(training: CorpusTraining, window_s: float) -> CorpusTraining:
    """The settings with as many steps as see their hours of windows, if hours are set."""
    if training.hours is None:
        return training
    windows = training.hours * 3600 / window_s
    steps = max(1, math.ceil(windows / training.batch_size - _ROUNDING))
    return training.model_copy(update={"steps": steps})


def _hours(hours: float) -> str:
    return f"{hours:,.0f} h" if hours >= 10 else f"{hours:.2g} h"
