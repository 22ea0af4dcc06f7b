"""A prediction of one file for tests: windows, a rule, and what it detects."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from eegssl.scoring.events.postprocess import Postprocess
from eegssl.tasks.labels.files.file_prediction import FilePrediction
from eegssl.tasks.labels.files.probability_figure import probability_line

WINDOW_S = 10.0
ABOUT = {
    "task": "seizure-detection",
    "model": "m-3f2a9c01",
    "fitted_on": "Fitted on 3 h of 4 subjects.",
    "warnings": ("the mains are 60 Hz",),
}


def file_prediction(
    events: tuple[tuple[float, float], ...] = ((600.0, 640.0), (4000.0, 4030.0)),
    segments: tuple[tuple[float, float], ...] = ((0.0, 3000.0), (3600.0, 3605.0)),
    start: datetime | None = None,
    **changes: object,
) -> FilePrediction:
    """Probability 0.9 in windows within events, 0.1 elsewhere; events are what is detected."""
    times = [on + np.arange(0, length - WINDOW_S + 1e-9, WINDOW_S) for on, length in segments]
    times_s = np.concatenate(times)
    inside = [(times_s >= on) & (times_s < off) for on, off in events]
    p = np.where(np.any(inside, axis=0), 0.9, 0.1) if events else np.full(len(times_s), 0.1)
    one = FilePrediction(
        name="sub-01_run-02",
        duration_s=sum(segments[-1]),
        start=start,
        channels=("Fp1", "F7", "Cz"),
        missing=("O1", "O2"),
        segments=segments,
        times_s=times_s,
        probabilities=p,
        window_s=WINDOW_S,
        detections=events,
        confidence=(),
        kind="sz",
        rule=Postprocess(0.5),
        about=ABOUT,
    )
    line = probability_line(one)
    one = replace(one, confidence=tuple(line.highest(*span) for span in events))
    return replace(one, **changes)  # type: ignore[arg-type]
