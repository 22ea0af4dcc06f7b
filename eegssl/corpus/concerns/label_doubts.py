"""Find doubts about labels: not understood, outside their recording, missing."""

from collections.abc import Sequence

from eegssl.corpus.concerns.concern import Concern, of_lines
from eegssl.corpus.preprocessing.recording_tables import Tables

BY_TSV = "bring events as a TSV beside the EDF"


def unresolved_seizures(tables: Tables) -> Sequence[Concern]:
    """Labels that speak of seizures and don't say from when to when."""
    rows = [
        (row["recording"], f"{row['n_annotations_unresolved']} labels")
        for row in tables.recordings
        if row["n_annotations_unresolved"]
    ]
    text = (
        "recording(s) have labels that speak of seizures but don't say from when to "
        "when: they count as background"
    )
    return of_lines("labels-unresolved", text, BY_TSV, rows)


def events_outside(tables: Tables) -> Sequence[Concern]:
    """Events that lie in no recording."""
    rows = [
        (row["recording"], f"{row['n_events_outside']} events")
        for row in tables.recordings
        if row["n_events_outside"]
    ]
    text = (
        "recording(s) have events that lie outside the recording or last no time; those were "
        "left out"
    )
    return of_lines("events-outside", text, "do the labels belong to these files?", rows)
