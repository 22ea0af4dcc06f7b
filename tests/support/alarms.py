"""Predictions of a detector whose alarms, and what the experts marked, are chosen by the test."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eegssl.tasks.labels.predictions import Predictions, Reference

WINDOW_S, HIGH, LOW = 4.0, 0.9, 0.1
Spans = Sequence[tuple[float, float]]


def alarms(
    detected: Mapping[str, Spans],
    reference: Mapping[str, Spans] | None = None,
    *,
    duration_s: float = 3600.0,
    unlabelled: Sequence[str] = (),
    **about: Any,
) -> Predictions:
    """Windows of a recording for each name, ``HIGH`` in the alarms; a subject for each too."""
    start_s = np.arange(0, duration_s, WINDOW_S)
    p, truth, references = [], [], []
    for name, spans in detected.items():
        marked = (reference or {}).get(name, ())
        p.append(np.where(_inside(start_s, spans), HIGH, LOW))
        truth.append(_inside(start_s, marked))
        events = tuple((on, off - on, "sz") for on, off in marked)
        own = Reference(f"r-{name}", f"s-{name}", duration_s, events)
        references.append(Reference(**vars(own) | {"labelled": name not in unlabelled}))
    high, names = np.concatenate(p), np.repeat(list(detected), len(start_s))
    return Predictions(
        subject=[f"s-{name}" for name in names],
        recording=[f"r-{name}" for name in names],
        start_s=np.tile(start_s, len(detected)),
        duration_s=np.full(len(high), WINDOW_S),
        truth=np.concatenate(truth).astype(np.int64),
        probabilities=np.stack([1 - high, high], axis=1),
        classes=("background", "seizure"),
        split_hash="",
        references=tuple(references),
        about={
            "task": "seizure-detection",
            "labels": "events",
            "event_types": ["sz"],
            "permuted": False,
            "threshold": {"value": 0.5},
            "postprocess": {"threshold": 0.5},
            "synthetic": False,
            "within_subject": False,
            "leaks": [],
        }
        | about,
    )


def _inside(start_s: np.ndarray, spans: Spans) -> np.ndarray:
    inside = np.zeros(len(start_s), dtype=bool)
    for onset_s, offset_s in spans:
        inside |= (start_s >= onset_s) & (start_s < offset_s)
    return inside
