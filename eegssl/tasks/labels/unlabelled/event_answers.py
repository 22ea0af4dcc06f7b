"""Tell the type, or number, of each event that a detector found."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.labelled import Unit
from eegssl.scoring.hierarchy import TYPE, group_probabilities, levels
from eegssl.scoring.means import means_by_unit
from eegssl.scoring.window_scores import decide
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import one_threshold
from eegssl.tasks.labels.unlabelled.class_answers import NUMBER, rounded
from eegssl.tasks.new_file import NewFile
from eegssl.tasks.one_file.file_answer import EVENTS, FileAnswer


def events_answer(table: Predictions, file: NewFile) -> FileAnswer:
    """Each event with its class, whose probability is the mean over the event's windows.

    Its confidence is that of the class; how sure the detector was stands in the document.
    """
    units = sorted(table.units, key=lambda one: file.onset_s[one.recording] + one.onset_s)
    onset_s = np.array([file.onset_s[one.recording] + one.onset_s for one in units])
    lasts_s = np.array([one.duration_s for one in units])
    place = {one.id: k for k, one in enumerate(units)}
    owner = np.array([place[name] for name in table.unit], dtype=np.int64)
    rows = [_row(one, file) for one in units]
    sure, labels = np.zeros(len(units)), (NUMBER,) * len(units)
    numbers = {}
    if table.value is not None:
        values = means_by_unit(table.value, owner) if units else np.zeros(0)
        numbers = {"event_numbers": values}
        rows = [row | {NUMBER: value} for row, value in zip(rows, values.tolist(), strict=True)]
        sure = np.array([row["detected"] for row in rows])
    elif units:
        p = means_by_unit(table.probabilities, owner)
        decided = decide(p, one_threshold(table))
        sure = p[np.arange(len(p)), decided]
        labels = tuple(table.classes[k] for k in decided)
        rows = [
            row
            | {"class": label, "probabilities": rounded(table.classes, each)}
            | _levels(table, each)
            for row, label, each in zip(rows, labels, p, strict=True)
        ]
    return FileAnswer(
        file,
        EVENTS,
        float(len(units)),
        {"unit": "event", "events": rows, "too_short": len(file.events) - len(units)},
        classes=table.classes,
        onset_s=onset_s,
        duration_s=lasts_s,
        confidence=sure,
        labels=labels,
        detects=True,
        arrays=numbers,
    )


def _levels(table: Predictions, p: NDArray[np.float64]) -> dict[str, Any]:
    """Probabilities [K] of types as those of the levels above, such as focal and generalised."""
    if table.about["labels"] != "events":
        return {}
    above = {name: groups for name, groups in levels(table.classes).items() if name != TYPE}
    sums = {name: group_probabilities(p[None], table.classes, g)[0] for name, g in above.items()}
    return {"levels": {name: rounded(groups, sums[name]) for name, groups in above.items()}}


def _row(unit: Unit, file: NewFile) -> dict[str, Any]:
    """Where an event lies in the file, and how sure its detector was."""
    confidence = {(one.recording, one.onset_s): one.confidence for one in file.events}
    return {
        "onset_s": file.onset_s[unit.recording] + unit.onset_s,
        "duration_s": unit.duration_s,
        "detected": confidence[unit.recording, unit.onset_s],
    }
