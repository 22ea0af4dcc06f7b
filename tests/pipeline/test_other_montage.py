"""Channels unlike those of training are told by every command that uses an encoder or model."""

from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, manifest_of

QUICK = ("--adapt", "probe")
WORDS = "recordings have derivations"


@pytest.fixture(scope="module")
def derivations(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny corpus as derivations; the encoder of `tiny` saw referential channels."""
    out = tmp_path_factory.mktemp("banana") / "recordings"
    done("preprocess", tiny.edf, "--out", out, "--jobs", 1, "--set", "montage.reference=banana")
    return out


@pytest.mark.slow
def test_finetune_and_evaluate_tell_of_channels_that_an_encoder_never_saw(
    tiny: Pipeline, derivations: Path, tmp_path: Path
) -> None:
    model, task = tmp_path / "model", ("--task", "seizure-detection")
    made = done(
        *("finetune", derivations, "--encoder", tiny.encoder, "--out", model, *task, *QUICK)
    )
    told = [w for w in made["warnings"] if WORDS in w]
    assert len(told) == 1
    assert "16 of 16 recordings" in told[0]
    assert "the encoder was trained on referential channels alone" in told[0]
    assert "--set montage.reference=keep" in told[0]
    assert manifest_of(model)["facts"]["montages"] == ["derivations"]
    assert manifest_of(model)["facts"]["warnings"] == made["warnings"]

    scored = done("evaluate", model, derivations, "--out", tmp_path / "scores", "--allow-leak")
    assert sum(WORDS in w for w in scored["warnings"]) == 1

    back = done("evaluate", model, tiny.recordings, "--out", tmp_path / "back", "--allow-leak")
    (told_of_model,) = [w for w in back["warnings"] if "have referential channels" in w]
    assert "the model was fine-tuned on derivations alone" in told_of_model
    assert "--set montage.reference=banana" in told_of_model


def test_nothing_is_told_where_the_channels_fit(tiny: Pipeline) -> None:
    for folder in (tiny.model, tiny.evaluation):
        warnings = manifest_of(folder)["facts"]["warnings"]
        assert not [w for w in warnings if "channels" in w and "trained on" in w]


def test_random_weights_saw_nothing(tiny: Pipeline, derivations: Path, tmp_path: Path) -> None:
    random = ("--set", "encoder_weights=random", *QUICK)
    made = done(
        *("finetune", derivations, "--encoder", tiny.encoder, "--out", tmp_path / "model"),
        *("--task", "seizure-detection", *random),
    )
    assert not [w for w in made["warnings"] if WORDS in w]


@pytest.mark.slow
def test_a_benchmark_tells_it_too(tiny: Pipeline, derivations: Path, tmp_path: Path) -> None:
    matrix = tmp_path / "matrix.toml"
    matrix.write_text(
        f'recordings = ["{derivations}"]\nbaselines = []\n'
        f'[encoders.ours]\npath = "{tiny.encoder}"\n'
        '[tasks.seizure]\ntask = "seizure-detection"\n'
    )
    made = done("benchmark", matrix, "--out", tmp_path / "out")
    assert [w for w in made["warnings"] if WORDS in w]


def test_another_rate_is_refused_with_the_setting(tiny: Pipeline, tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    rate = ("--set", "filter.sfreq_hz=128", "--set", "filter.high_hz=40")
    done("preprocess", tiny.edf, "--out", slow, "--jobs", 1, *rate)
    ran = eegssl(
        *("finetune", slow, "--encoder", tiny.encoder, "--out", tmp_path / "model"),
        *("--task", "seizure-detection"),
    )
    assert ran.code == 4
    assert "--set filter.sfreq_hz=200" in ran.err
    ran = eegssl("evaluate", tiny.model, slow, "--out", tmp_path / "scores", "--allow-leak")
    assert ran.code == 4
    assert "--set filter.sfreq_hz=200" in ran.err
