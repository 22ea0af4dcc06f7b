"""Decide the class or number of a file, or of its windows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.window_scores import decide
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import one_threshold
from eegssl.tasks.labels.unlabelled.file_windows import times_in_file
from eegssl.tasks.new_file import NewFile
from eegssl.tasks.one_file.file_answer import FileAnswer

NUMBER = "number"
_ROUNDING_S = 1e-6
_DECIMALS = 4


def number_answer(table: Predictions, file: NewFile) -> FileAnswer:
    """The number of a file: the mean over its windows, with how far these differ."""
    assert table.value is not None  # the task is one of numbers
    order, times_s = _in_order(table, file)
    numbers = table.value[order]
    mean = float(numbers.mean())
    return FileAnswer(
        file,
        NUMBER,
        mean,
        {
            **_of_whole(table),
            "number": mean,
            "windows_lowest": float(numbers.min()),
            "windows_highest": float(numbers.max()),
            "recordings": [
                span | {"number": float(table.value[rows].mean())}
                for span, rows in _recordings(table, file)
            ],
        },
        times_s,
        float(table.duration_s[0]),
        arrays={"numbers": numbers},
    )


def whole_answer(table: Predictions, file: NewFile) -> FileAnswer:
    """The class of a whole file: its windows' probabilities are averaged, as in training."""
    order, times_s = _in_order(table, file)
    p, threshold = table.probabilities[order], one_threshold(table)
    mean = p.mean(axis=0)
    k = int(decide(mean[None], threshold)[0])
    return FileAnswer(
        file,
        table.classes[k],
        float(mean[k]),
        {
            **_of_whole(table),
            "class": table.classes[k],
            "probabilities": rounded(table.classes, mean),
            "threshold": threshold,
            "recordings": [
                span
                | {"probabilities": rounded(table.classes, table.probabilities[rows].mean(axis=0))}
                for span, rows in _recordings(table, file)
            ],
        },
        times_s,
        float(table.duration_s[0]),
        p,
        table.classes,
    )


def window_answer(table: Predictions, file: NewFile) -> FileAnswer:
    """The class of each window of a file, such as its sleep stage, and each class's share.

    Windows in a row of the same class are one stretch, whose confidence is the mean of theirs.
    """
    order, times_s = _in_order(table, file)
    p, threshold = table.probabilities[order], one_threshold(table)
    window_s, decided = float(table.duration_s[0]), decide(p, threshold)
    counts = np.bincount(decided, minlength=len(table.classes))
    most = int(counts.argmax())
    new = np.diff(decided, prepend=-1) != 0
    new[1:] |= np.abs(np.diff(times_s) - window_s) > _ROUNDING_S
    first = np.flatnonzero(new)
    n_each = np.diff(np.append(first, len(decided)))
    sure = p[np.arange(len(p)), decided]
    return FileAnswer(
        file,
        table.classes[most],
        float(counts[most] / counts.sum()),
        {
            **_of_whole(table),
            "shares": rounded(table.classes, counts / counts.sum()),
            "seconds": rounded(table.classes, counts * window_s),
            "threshold": threshold,
            "stretches": [
                {
                    "onset_s": float(times_s[begin]),
                    "duration_s": float(n * window_s),
                    "class": table.classes[decided[begin]],
                    "probability": round(float(sure[begin : begin + n].mean()), _DECIMALS),
                }
                for begin, n in zip(first.tolist(), n_each.tolist(), strict=True)
            ],
        },
        times_s,
        window_s,
        p,
        table.classes,
        times_s[first],
        n_each * window_s,
        np.add.reduceat(sure, first) / n_each,
        tuple(table.classes[k] for k in decided[first]),
    )


def _of_whole(table: Predictions) -> dict[str, Any]:
    return {
        "unit": table.about["unit"],
        "windows": len(table.recording),
        "window_s": float(table.duration_s[0]),
    }


def _in_order(table: Predictions, file: NewFile) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The places of the rows by their time in the file, and these times."""
    times_s = times_in_file(table, file)
    order = np.argsort(times_s, kind="stable")
    return order, times_s[order]


def _recordings(
    table: Predictions, file: NewFile
) -> list[tuple[dict[str, float], NDArray[np.int64]]]:
    """Where each stretch of a file without a gap lies, and its rows; none where there is one."""
    names = np.array(table.recording)
    if len(file.onset_s) == 1:
        return []
    lasts_s = {one.recording: one.duration_s for one in table.references}
    return [
        ({"onset_s": onset_s, "duration_s": lasts_s[name]}, np.flatnonzero(names == name))
        for name, onset_s in sorted(file.onset_s.items(), key=lambda item: item[1])
        if name in lasts_s and (names == name).any()
    ]


def rounded(names: Sequence[str], values: NDArray[np.floating]) -> dict[str, float]:
    """Class -> value [K], rounded."""
    return dict(zip(names, np.round(values, _DECIMALS).tolist(), strict=True))
