"""Write what was detected in one file: TSV, EDF+, JSON, page."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from eegssl.io.edf.annotated.annotated_copy import copy_ending, write_annotated_copy
from eegssl.io.edf.annotated.annotation_file import write_annotation_file
from eegssl.io.edf.annotated.header_identity import first_sample_clock
from eegssl.io.edf.layout import EdfHeader
from eegssl.reports.html import render_page
from eegssl.tasks.labels.files.file_document import file_annotations, file_document, file_table
from eegssl.tasks.labels.files.file_page import detection_pictures, file_page
from eegssl.tasks.labels.files.file_prediction import FilePrediction
from eegssl.tasks.labels.measures.detection_files import FOLDER, kind_of_detections
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import rule_of
from eegssl.tasks.one_file.file_answer import FileAnswer
from eegssl.tasks.one_file.outputs import Outputs

_PICTURES, _PICTURE_S = 6, 30.0


def write_detections(table: Predictions, answer: FileAnswer, outputs: Outputs) -> None:
    """Write what was detected in a file in each of the formats that are asked for.

    Raises RecordingRefused where the file can't be copied, or annotations not be read back.
    """
    one = _file_prediction(table, answer, outputs)
    for name, write in _WRITERS.items():
        if name in outputs.formats:
            write(one, answer, outputs)


def _file_prediction(table: Predictions, answer: FileAnswer, outputs: Outputs) -> FilePrediction:
    rule = rule_of(table)
    assert rule is not None  # the task detects
    file = answer.file
    ends = answer.onset_s + answer.duration_s
    lengths = {one.id: one.duration_s for one in outputs.corpus.recordings}
    return FilePrediction(
        name=outputs.stem.rsplit("/", 1)[-1],
        duration_s=file.span_s,
        start=_start(outputs),
        channels=file.channels,
        missing=file.missing,
        segments=tuple(sorted((at, lengths[id_]) for id_, at in file.onset_s.items())),
        times_s=answer.times_s,
        probabilities=answer.probabilities[:, 1],
        window_s=answer.window_s,
        detections=tuple(zip(answer.onset_s.tolist(), ends.tolist(), strict=True)),
        confidence=tuple(answer.confidence.tolist()),
        kind=kind_of_detections(tuple(table.about["event_types"]), table.classes[1]),
        rule=rule,
        about={
            **table.about,
            "leaks": (),  # nothing is scored here
            "seen": answer.seen,
            "task": answer.document.get("task", table.about["task"]),
            "model": answer.document.get("model", ""),
            "fitted_on": outputs.fitted_on,
            "warnings": answer.leaks,
        },
    )


def _start(outputs: Outputs) -> datetime | None:
    """The clock at the first sample, where identities are kept and the format tells it."""
    if outputs.keep_identity and isinstance(outputs.header, EdfHeader):
        return first_sample_clock(outputs.header)
    return None


def _write_table(one: FilePrediction, answer: FileAnswer, outputs: Outputs) -> None:
    outputs.write(f"{FOLDER}/{outputs.stem}_events.tsv", file_table(one))


def _write_document(one: FilePrediction, answer: FileAnswer, outputs: Outputs) -> None:
    document = dict(answer.document) | file_document(one)
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    outputs.write(f"{FOLDER}/{outputs.stem}_events.json", text + "\n")


def _write_page(one: FilePrediction, answer: FileAnswer, outputs: Outputs) -> None:
    corpus = outputs.corpus
    recordings = {recording.id: recording for recording in corpus.recordings}
    begins = sorted((at, id_) for id_, at in answer.file.onset_s.items())

    def read_uv(first_s: float, last_s: float) -> NDArray[np.floating]:
        at, id_ = max(pair for pair in begins if pair[0] <= first_s + 1e-6)
        recording = recordings[id_]
        first, last = (round((t - at) * recording.sfreq_hz) for t in (first_s, last_s))
        return corpus.read_uv(recording, max(0, first), min(last, recording.n_samples))

    pictures = detection_pictures(one, read_uv, corpus.sfreq_hz, _PICTURES, _PICTURE_S)
    outputs.write(f"{FOLDER}/{outputs.stem}_events.html", render_page(file_page(one, pictures)))


def _write_edf(one: FilePrediction, answer: FileAnswer, outputs: Outputs) -> None:
    """The file with its annotations; of a file that is no EDF the annotations alone."""
    annotations, header = file_annotations(one), outputs.header
    if not isinstance(header, EdfHeader):
        path = outputs.place(f"{FOLDER}/{outputs.stem}_events.edf")
        write_annotation_file(path, annotations, one.duration_s)
        return
    ending = copy_ending(header)
    path = outputs.place(f"{FOLDER}/{outputs.stem}_events{ending}")
    write_annotated_copy(path, header, annotations, keep_identity=outputs.keep_identity)


_WRITERS: Mapping[str, Callable[[FilePrediction, FileAnswer, Outputs], None]] = {
    "edf": _write_edf,
    "html": _write_page,
    "json": _write_document,
    "tsv": _write_table,
}
"""What may be refused comes first."""
