"""Which recordings are corrupted, and what is told of the others."""

from pathlib import Path

import numpy as np
import pytest
from planted_windows import TASK, planted, windows_of

from eegssl.artifacts.context import Context
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.labelled import LabelledWindows
from eegssl.errors import InputError
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.threshold import Threshold
from eegssl.signal.corruptions.config import CorruptionsConfig
from eegssl.tasks.base import PREDICTIONS
from eegssl.tasks.labels.answers import as_predictions
from eegssl.tasks.labels.corrupted.corrupted_tables import (
    read_curves,
    table_name,
    write_corrupted,
)
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.table import read_table, write_table

SCORING = ScoringConfig(shortest_event_recording_s=0)


def answer(labelled: LabelledWindows) -> Predictions:
    """A detector by size: the larger the window, the likelier a seizure."""
    signal_uv = [labelled.windows.batch(np.array([k])).signal_uv[0] for k in range(len(labelled))]
    size = np.array([np.std(one) for one in signal_uv])
    high = size / (size + 25)
    threshold = Threshold(0.5)
    about = {"leaks": []}
    p = np.stack([1 - high, high], axis=1)
    return as_predictions(labelled, p, TASK, threshold, None, about)


def corrupted(
    folder: Path, config: CorruptionsConfig, *montages: tuple[str, ...]
) -> tuple[ArtifactWriter, Context]:
    """Tables of the corrupted windows of a recording of each montage, beside the clean one."""
    labelled = windows_of([planted(folder, k, names) for k, names in enumerate(montages)])
    writer = ArtifactWriter(folder / "out", "evaluation", {}, 0, ())
    context = Context(writer.path)
    with writer.writing(PREDICTIONS) as path:
        write_table(path, answer(labelled))
    write_corrupted(writer, labelled, answer, config, context)
    return writer, context


FULL, MIDLINE, BIPOLAR = ("F7", "T7", "O2", "Cz"), ("Fz", "Cz", "Pz"), ("Fp1-F7", "F7-T7", "T7-P7")


def test_recordings_that_lack_what_is_corrupted_are_left_out_with_counts(tmp_path: Path) -> None:
    config = CorruptionsConfig(kinds=("muscle",), severities=(3,))
    writer, context = corrupted(tmp_path, config, FULL, MIDLINE, FULL)
    words = "corruption muscle can't be done to 1 of 3 recording(s): no temporal channel"
    assert context.warnings == [f"{words}; they are left out of its scores"]
    clean = read_table(writer / PREDICTIONS, Predictions)
    noisy = read_table(writer / table_name("muscle", 3), Predictions)
    assert len(noisy.truth) == len(clean.truth) * 2 // 3
    curve = read_curves(writer.path, SCORING)["muscle"]
    assert list(curve) == [0, 3]
    assert curve[0].units.ids == curve[3].units.ids
    assert len(curve[0].subjects) == 2
    assert noisy.about["corruption"] == {"kind": "muscle", "severity": 3, "level": 20.0}
    assert noisy.about["threshold"] == clean.about["threshold"]


def test_what_no_recording_takes_is_refused_by_name(tmp_path: Path) -> None:
    config = CorruptionsConfig(kinds=("white", "reference"), severities=(1,))
    with pytest.raises(InputError, match=r"reference can't be done to 2 of 2.*derivations"):
        corrupted(tmp_path, config, BIPOLAR, BIPOLAR)


def test_among_all_it_is_left_out_and_told(tmp_path: Path) -> None:
    config = CorruptionsConfig(kinds="all", severities=(1,))
    writer, context = corrupted(tmp_path, config, BIPOLAR, BIPOLAR)
    assert any("reference can't be done to 2 of 2" in one for one in context.warnings)
    assert "reference" not in read_curves(writer.path, SCORING)
    assert len(read_curves(writer.path, SCORING)) == 8


def test_a_detector_of_size_answers_by_what_was_added(tmp_path: Path) -> None:
    config = CorruptionsConfig(kinds=("white",), severities=(1, 5))
    writer, _ = corrupted(tmp_path, config, FULL)
    curve = read_curves(writer.path, SCORING)["white"]
    p = {severity: one.units.answers[:, 1] for severity, one in curve.items()}
    assert (p[5] > p[1]).all()
    assert (p[1] > p[0]).mean() > 0.8
