"""Write the prediction of one file as plain values."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from eegssl.io.recording_header import Annotation
from eegssl.io.tables.event_trees import format_events
from eegssl.tasks.labels.files.file_prediction import FilePrediction

LONGEST_TEXT = 40
"""Letters of an annotation that software made with EDFlib keeps."""


def file_document(one: FilePrediction) -> dict[str, Any]:
    """The prediction of a file as a dictionary for JSON; times in seconds from its first sample."""
    return {
        "recording": one.name,
        "duration_s": one.duration_s,
        "recorded_s": one.recorded_s,
        "start": one.start.isoformat(sep=" ") if one.start else None,
        "channels": list(one.channels),
        "missing": list(one.missing),
        "segments": [{"onset_s": onset, "duration_s": length} for onset, length in one.segments],
        "events": [
            {
                "onset_s": onset,
                "duration_s": round(offset - onset, 6),
                "type": one.kind,
                "confidence": confidence,
            }
            for (onset, offset), confidence in zip(one.detections, one.confidence, strict=True)
        ],
        "windows": {
            "n": len(one.probabilities),
            "window_s": one.window_s,
            "n_above_threshold": int((one.probabilities >= one.rule.threshold).sum()),
        },
        "model": one.about.get("model", ""),
        "task": one.about.get("task", ""),
        "fitted_on": one.about.get("fitted_on", ""),
        "seen": list(one.about.get("seen", ())),
        "threshold": one.rule.threshold,
        "rule": asdict(one.rule),
        "warnings": list(one.about.get("warnings", ())),
    }


def file_table(one: FilePrediction) -> str:
    """The detections of a file as SzCORE's TSV."""
    return format_events(one.detections, one.confidence, one.kind, one.duration_s, start=one.start)


def file_annotations(one: FilePrediction) -> list[Annotation]:
    """The detections of a file as annotations of EDF+: type, probability, channels if they fit."""
    return [
        Annotation(onset, round(offset - onset, 6), _text(one.kind, confidence, one.channels))
        for (onset, offset), confidence in zip(one.detections, one.confidence, strict=True)
    ]


def _text(kind: str, confidence: float, channels: Sequence[str]) -> str:
    text = f"{kind[:30]} p={confidence:.2f}"
    longer = f"{text} {','.join(channels)}".rstrip()
    return longer if len(longer) <= LONGEST_TEXT else text
