"""Answers of a file with a gap tell the file's own times, and join nothing across the gap."""

from dataclasses import replace

import numpy as np
import pytest

from eegssl.corpus.labelled import Unit
from eegssl.tasks.labels.predictions import Predictions, Reference
from eegssl.tasks.labels.unlabelled.class_answers import (
    number_answer,
    whole_answer,
    window_answer,
)
from eegssl.tasks.labels.unlabelled.event_answers import events_answer
from eegssl.tasks.new_file import EventInFile, NewFile
from eegssl.tasks.one_file.file_answer import EVENTS, FileAnswer
from eegssl.tasks.one_file.file_reader import events_in

GAP = NewFile("r-a", "s-a", 112.0, {"r-a-1": 0.0, "r-a-2": 100.0}, ("C3",), (), 200.0)
"""12 s of EEG, a gap of 88 s, and 12 s again."""


def table(*p: float, window_s: float = 4.0, unit: str = "window") -> Predictions:
    """Probabilities of the second class of three windows before the gap, and of three after it."""
    names = ["r-a-1"] * 3 + ["r-a-2"] * 3
    second = np.array(p)
    return Predictions(
        subject=["s-a"] * 6,
        recording=names,
        start_s=window_s * np.array([0.0, 1, 2, 0, 1, 2]),
        duration_s=np.full(6, window_s),
        truth=np.full(6, -1),
        probabilities=np.stack([1 - second, second], axis=1),
        classes=("calm", "ictal"),
        split_hash="",
        references=tuple(Reference(name, "s-a", 12.0) for name in ("r-a-1", "r-a-2")),
        about={"unit": unit, "threshold": {"value": 0.5}},
    )


def test_a_stretch_ends_at_a_gap() -> None:
    answer = window_answer(table(0.1, 0.9, 0.9, 0.9, 0.9, 0.2), GAP)
    assert answer.labels == ("calm", "ictal", "ictal", "calm")
    assert answer.onset_s.tolist() == [0, 4, 100, 108]
    assert answer.duration_s.tolist() == [4, 8, 8, 4]
    assert answer.confidence == pytest.approx([0.9, 0.9, 0.9, 0.8])
    assert (answer.answer, answer.value) == ("ictal", pytest.approx(4 / 6))
    assert answer.times_s.tolist() == [0, 4, 8, 100, 104, 108]


def test_a_whole_file_is_the_mean_of_its_windows_and_names_its_parts() -> None:
    answer = whole_answer(table(0.0, 0.0, 0.0, 1.0, 1.0, 0.8, unit="recording"), GAP)
    assert (answer.answer, answer.value) == ("calm", pytest.approx(1 - 2.8 / 6))
    first, second = answer.document["recordings"]
    assert (first["onset_s"], first["duration_s"]) == (0, 12)
    assert first["probabilities"] == {"calm": 1, "ictal": 0}
    assert (second["onset_s"], second["duration_s"]) == (100, 12)
    assert second["probabilities"]["ictal"] == pytest.approx(2.8 / 3, abs=1e-4)


def test_a_number_is_the_mean_of_its_windows() -> None:
    numbers = replace(table(*[0.0] * 6), value=np.array([1.0, 2, 3, 4, 5, 6]))
    answer = number_answer(numbers, GAP)
    assert answer.value == 3.5
    assert [row["number"] for row in answer.document["recordings"]] == [2, 5]
    assert answer.arrays["numbers"].tolist() == [1, 2, 3, 4, 5, 6]


def test_an_event_has_a_type_and_the_levels_above_it() -> None:
    two = (("r-a-1", 3.0), ("r-a-2", 0.0))
    names = ["r-a-1", "r-a-2", "r-a-2"]
    units = [Unit(f"{name}-e000", name, "s-a", onset_s, 4.0) for name, onset_s in two]
    types = Predictions(
        subject=["s-a"] * 3,
        recording=names,
        start_s=np.array([3.0, 0, 4]),
        duration_s=np.full(3, 4.0),
        truth=np.full(3, -1),
        probabilities=np.array([[0.5, 0.3, 0.2], [0.1, 0.4, 0.5], [0.3, 0.1, 0.6]]),
        classes=("sz_foc", "sz_gen_m", "sz_gen_nm"),
        split_hash="",
        about={"unit": "event", "labels": "events", "threshold": None},
        unit=[f"{name}-e000" for name in names],
        units=tuple(units),
    )
    seen = tuple(EventInFile(name, onset_s, 4.0, 0.8) for name, onset_s in two)
    answer = events_answer(types, replace(GAP, events=seen))
    assert answer.onset_s.tolist() == [3, 100]
    assert answer.labels == ("sz_foc", "sz_gen_nm")
    assert answer.confidence == pytest.approx([0.5, 0.55])
    first, second = answer.document["events"]
    assert first["levels"]["onset"] == {"sz_foc": 0.5, "sz_gen": 0.5}
    assert second["levels"]["onset"] == {"sz_foc": 0.2, "sz_gen": 0.8}
    assert second["probabilities"] == {"sz_foc": 0.2, "sz_gen_m": 0.25, "sz_gen_nm": 0.55}
    assert second["detected"] == 0.8


def test_events_of_a_detector_lie_in_the_recording_that_holds_them() -> None:
    onset_s, lasts_s, sure = np.array([3.0, 100.0, 105.5]), np.array([4.0, 2, 6]), np.ones(3)
    found = FileAnswer(
        GAP, EVENTS, 3.0, {}, onset_s=onset_s, duration_s=lasts_s, confidence=sure, detects=True
    )
    assert [(e.recording, e.onset_s, e.duration_s) for e in events_in(found)] == [
        ("r-a-1", 3, 4),
        ("r-a-2", 0, 2),
        ("r-a-2", 5.5, 6),
    ]
