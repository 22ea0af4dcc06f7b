"""The demo, made smaller, learns what was planted in a synthetic corpus, and nothing else.

That planted seizures are found is shown quickly, on a tiny corpus, by ``test_pipeline.py``.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from eegssl.artifacts.context import Context, Result
from eegssl.config.resolve import resolve
from eegssl.stages import evaluate, finetune, preprocess, pretrain, synth, tokenize

pytestmark = pytest.mark.slow
TASK = "seizure-detection"


def settings(stage: str, *sets: str) -> Any:
    return resolve(stage, presets=["demo"], sets=sets, environment={})


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A folder with recordings and an encoder, and the encoder's result."""
    run = tmp_path_factory.mktemp("demo")
    plain = ("seizure_amplitude=1", "seizure_length=1", "artifact_load=1")
    small = ("n_subjects=20", "duration_s=300", *plain)
    synth.run(settings("synth", *small), Context(run / "edf"))
    preprocess.run(settings("preprocess"), [run / "edf"], Context(run / "recordings"))
    tokenize.run(settings("tokenize"), [run / "recordings"], Context(run / "tokens"))
    result = pretrain.run(
        settings("pretrain", "training.steps=400", "training.validate_every=400"),
        [run / "recordings"],
        run / "tokens",
        Context(run / "encoder"),
    )
    return run, result


def auroc(run: Path, name: str, *sets: str) -> float:
    """Test AUROC of windows of a model adapted with these settings."""
    config = settings("finetune", "training.steps=150", *sets)
    folders = [run / "recordings"]
    finetune.run(config, folders, run / "encoder", TASK, Context(run / name))
    evaluate.run(settings("evaluate"), run / name, folders, Context(run / f"{name}-evaluation"))
    scores = json.loads((run / f"{name}-evaluation" / "metrics.json").read_text())
    return float(scores["windows"]["auroc"])


def test_hidden_codes_are_predicted_twice_as_well_as_by_the_most_frequent(
    pretrained: tuple[Path, Result],
) -> None:
    scores = pretrained[1].facts["val"]
    for kind in ("region", "random"):
        assert scores[f"accuracy_{kind}"] >= 2 * scores[f"most_frequent_accuracy_{kind}"]


def test_seizures_of_held_out_subjects_are_told_from_background(
    pretrained: tuple[Path, Result],
) -> None:
    assert auroc(pretrained[0], "model") >= 0.9


def test_permuted_labels_leave_nothing_to_learn(pretrained: tuple[Path, Result]) -> None:
    assert abs(auroc(pretrained[0], "permuted", "task.permute_labels=true") - 0.5) <= 0.1
