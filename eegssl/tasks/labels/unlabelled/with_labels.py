"""Put the labels of recordings to predictions that were made without them."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from eegssl.corpus.ictal import events_of, overlap_share, positive_spans
from eegssl.corpus.new_files.file_labels import Labels
from eegssl.scoring.hierarchy import UNKNOWN
from eegssl.tasks.labels.predictions import Predictions, Reference


def with_labels(table: Predictions, labels: Mapping[str, Labels]) -> Predictions:
    """The predictions of the recordings that have labels, with their events and true classes.

    A window (or second) is positive where ``min_overlap`` of it lies in events, as in training.
    """
    types = tuple(table.about["event_types"])
    references = [one for one in table.references if one.recording in labels]
    known = {one.recording for one in references}
    table = table.subset(np.array([name in known for name in table.recording], dtype=bool))
    truth = np.full(len(table.recording), UNKNOWN, dtype=np.int64)
    recording = np.array(table.recording)
    for one in references:
        mine = np.flatnonzero(recording == one.recording)
        spans = positive_spans(labels[one.recording].events, types)
        for length_s in np.unique(table.duration_s[mine]):
            rows = mine[table.duration_s[mine] == length_s]
            shares = overlap_share(table.start_s[rows], float(length_s), spans)
            truth[rows] = shares >= table.about["min_overlap"]
    labelled = tuple(_labelled(one, labels[one.recording], types) for one in references)
    return replace(table, truth=truth, references=labelled)


def _labelled(one: Reference, labels: Labels, types: tuple[str, ...]) -> Reference:
    events = events_of(labels.events, types)
    return replace(
        one,
        events=tuple((e.onset_s, e.duration_s, e.type) for e in events),
        labelled=labels.listed or bool(events),
    )
