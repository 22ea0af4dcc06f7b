"""Write what was detected as a tree of SzCORE's tables."""

from collections.abc import Mapping
from typing import Any

from eegssl.io.labels.event_types import event_type, is_seizure
from eegssl.io.own_copies import COPIES
from eegssl.io.tables.event_trees import format_events, table_name
from eegssl.tasks.labels.measures.detected import Detected, Detections

FOLDER = COPIES
"""The folder of an evaluation that holds them."""


def detection_files(
    detections: Detections, about: Mapping[str, Any], positive: str
) -> dict[str, str]:
    """Name -> text of a table for each recording, which ``evaluate --rescore`` reads.

    ``positive`` is the name of the class that is detected.
    """
    return dict(event_table(one, about, positive) for one in detections.recordings)


def event_table(one: Detected, about: Mapping[str, Any], positive: str) -> tuple[str, str]:
    """Name and text of the table of one recording, or of one file."""
    kind = kind_of_detections(tuple(about.get("event_types", ())), positive)
    text = format_events(one.detections, one.confidence, kind, one.duration_s)
    return f"{FOLDER}/{table_name(one.subject, one.recording)}", text


def kind_of_detections(event_types: tuple[str, ...], positive: str) -> str:
    """The one type of all detections: ``sz`` for seizures of any kind, else the task's own."""
    if event_types and all(map(is_seizure, event_types)):
        return "sz"
    if len(event_types) == 1:
        return event_types[0]
    return event_type(positive) or positive
