"""Models fitted on the beginning of recordings and scored on their end, from EDF to report."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, manifest_of
from downstream import (
    RATE_HZ,
    SECONDS,
    Chain,
    chain_of,
    preprocess,
    refused,
    sines,
    white,
    without_targets,
    write_signals,
)
from smallmatrix import results

IN_TIME = {"in_time": "[0.4, 0.3]", "gap_s": 1}
FITTED_S = 0.7 * SECONDS
"""Where training and validation end."""


def wild_after(k: int, begin_s: float) -> np.ndarray:
    """A sine, and from a time on something else."""
    signal = sines(k)
    later = signal[:, round(begin_s * RATE_HZ) :]
    later[:] = 100 * np.random.default_rng([31, k]).standard_normal(later.shape)
    return signal


@pytest.fixture(scope="module")
def steady(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """Sines, a model that was fitted in time and its evaluation; the encoder knows other people."""
    chain = chain_of(tmp_path_factory.mktemp("in-time"), tiny, sines)
    chain.scored("uv", **IN_TIME)
    return chain


def test_who_is_fitted_on_is_scored_and_the_result_says_so(steady: Chain) -> None:
    model = manifest_of(steady.root / "uv-model")
    evaluation = manifest_of(steady.root / "uv-evaluation")
    tested = {
        row["recording"]
        for row in pq.read_table(steady.root / "uv-evaluation/predictions.parquet").to_pylist()
    }
    assert tested <= set(model["facts"]["in_time"]["recordings"])
    assert tested <= set(model["fitted_on"]["recordings"])
    assert model["facts"]["within_subject"]
    assert evaluation["facts"]["within_subject"]
    assert not evaluation["facts"]["leaks"]
    page = (steady.root / "uv-evaluation/report.html").read_text()
    assert "Within-subject" in page


def test_the_end_of_a_recording_changes_no_weight(steady: Chain, tmp_path: Path) -> None:
    edf = write_signals(tmp_path / "edf", lambda k: wild_after(k, FITTED_S + 0.5))
    other = Chain(tmp_path, steady.encoder)
    preprocess(edf, other.causal, "causal")
    models = []
    for chain, name in ((steady, "own"), (other, "other")):
        done(*without_targets(chain.finetune(tmp_path / name, **IN_TIME)))
        models.append((tmp_path / name / "model.safetensors").read_bytes())
    assert models[0] == models[1]


def test_recordings_that_were_cut_anew_are_refused(steady: Chain, tmp_path: Path) -> None:
    """Their end may be what was the middle when the model was fitted."""
    edf = write_signals(tmp_path / "edf", lambda k: sines(k)[:, : -round(4 * RATE_HZ)])
    other = Chain(tmp_path, steady.encoder)
    preprocess(edf, other.causal, "causal")
    preprocess(edf, other.zero, "zero")
    refused(eegssl(*other.evaluate(steady.root / "uv-model", tmp_path / "out")), (4,), "recording")


def test_the_same_name_and_length_are_not_the_same_recording(
    tiny: Pipeline, tmp_path: Path
) -> None:
    """Cut 8 s later, what is scored of a recording is what the model was validated on."""
    chain = chain_of(tmp_path / "own", tiny, lambda k: white(k, SECONDS + 8)[:, 8 * RATE_HZ :])
    done(*without_targets(chain.finetune(tmp_path / "model", **IN_TIME)))
    edf = write_signals(tmp_path / "edf", lambda k: white(k, SECONDS + 8)[:, : SECONDS * RATE_HZ])
    other = preprocess(edf, tmp_path / "causal", "causal")
    refused(eegssl("evaluate", tmp_path / "model", other, "--out", tmp_path / "out"), (4,))


def test_a_signal_that_another_recording_was_fitted_on_is_refused(
    tiny: Pipeline, tmp_path: Path
) -> None:
    edf = write_signals(tmp_path / "edf", lambda k: white(1))
    half = ("--set", "splits.test=0.5", "--set", "splits.val=0.17")
    causal = preprocess(edf, tmp_path / "causal", "causal", *half)
    chain = Chain(tmp_path, tiny.encoder)
    done(*without_targets(chain.finetune(tmp_path / "model", **IN_TIME)))
    ran = eegssl("evaluate", tmp_path / "model", causal, "--out", tmp_path / "out")
    refused(ran, (4,), "waveform")


def test_a_leaderboard_says_that_a_task_is_within_subject(steady: Chain, tmp_path: Path) -> None:
    times = "context_s = 8\nhorizon_s = 2\nstride_s = 2\nhead.window_s = 4.0\n"
    few = 'baselines = { methods = ["mean"] }\nin_time = [0.4, 0.3]\ngap_s = 1\n'
    (tmp_path / "matrix.toml").write_text(
        f'recordings = ["{steady.causal}"]\nadaptations = ["probe"]\n'
        f'[encoders]\ntiny.path = "{steady.encoder}"\n'
        f'[tasks.own]\ntask = "forecast-short"\n[tasks.own.overrides]\n{times}{few}'
        '[finetune.training]\nsteps = 2\nbatch_size = 2\nvalidate_every = 1\ndevice = "cpu"\n'
    )
    out = tmp_path / "benchmark"
    done("benchmark", tmp_path / "matrix.toml", "--out", out)
    assert manifest_of(out)["facts"]["within_subject"]
    assert "Within-subject" in (out / "leaderboard.html").read_text()
    rows = results(out)
    assert all(row["within_subject"] for row in rows)


@pytest.mark.slow
def test_an_encoder_that_has_seen_them_is_told_and_then_refused(
    tiny: Pipeline, steady: Chain, tmp_path: Path
) -> None:
    own, other = (
        preprocess(
            steady.root / "edf",
            tmp_path / f"fold{fold}",
            "causal",
            *("--set", "splits.folds=6", "--set", f"splits.fold={fold}"),
        )
        for fold in (0, 2)
    )
    tokens, encoder, model = (tmp_path / name for name in ("tokens", "encoder", "model"))
    small = ("--config", tiny.settings)
    done("tokenize", other, "--out", tokens, *small)
    done("pretrain", other, "--tokens", tokens, "--out", encoder, *small)
    words = without_targets(Chain(tmp_path, encoder).finetune(model, **IN_TIME))
    ran = eegssl(*[own if word == tmp_path / "causal" else word for word in words])
    assert (ran.code, "evaluate will refuse" in ran.err) == (0, True), ran.err
    refused(eegssl("evaluate", model, own, "--out", tmp_path / "out"), (4,), "recording")
    done("evaluate", model, own, "--out", tmp_path / "out", "--allow-leak")
    assert manifest_of(tmp_path / "out")["facts"]["leaks"]


def test_other_people_are_no_leak(steady: Chain) -> None:
    """Their ends are scored alike, though nothing was fitted on their beginnings."""
    out = steady.root / "all"
    done(*steady.evaluate(steady.root / "uv-model", out, "--set", "split=all"))
    recordings = pq.read_table(out / "predictions.parquet")["recording"].to_pylist()
    assert len(set(recordings)) == 6


def test_a_split_in_time_needs_long_recordings(steady: Chain, tmp_path: Path) -> None:
    words = steady.finetune(tmp_path / "model", in_time="[0.4, 0.3]", gap_s=10)
    refused(eegssl(*words), (3,), "each of its three parts")


def test_info_tells_what_each_part_holds_and_what_is_missing_once(steady: Chain) -> None:
    told = ("info", "--task", "forecast-short", steady.causal)
    short = ("--set", "task.in_time=[0.4, 0.3]", "--set", "task.gap_s=1")
    sizes = ("--set", "task.context_s=8", "--set", "task.horizon_s=2", "--set", "task.stride_s=2")
    splits = done(*told, *short, *sizes)["splits"]
    assert [splits[name]["pairs"] for name in ("train", "val", "test")] == [4, 1, 1]
    ran = eegssl(*told, *short)
    refused(ran, (3,), "each of its three parts")


def test_phases_can_be_split_in_time_too(tiny: Pipeline, tmp_path: Path) -> None:
    chain = chain_of(tmp_path, tiny, sines, "frequency-phase")
    own = {f"forecast__{name}": value for name, value in IN_TIME.items()}
    out = chain.scored("phase", forecast__context_s=6, **own)
    assert manifest_of(chain.root / "phase-model")["facts"]["within_subject"]
    assert "Within-subject" in (out / "report.html").read_text()
    t_s = pq.read_table(out / "predictions.parquet")["t_s"].to_numpy()
    assert t_s.min() >= FITTED_S + 1 + 6


@pytest.mark.slow
def test_folds_fit_each_subject_on_its_own_beginning_and_score_its_end(
    steady: Chain, tmp_path: Path
) -> None:
    done(*steady.finetune(tmp_path / "folds", "--folds", 3, **IN_TIME))
    facts = manifest_of(tmp_path / "folds")["facts"]
    assert (len(facts["subjects"]), facts["within_subject"]) == (6, True)
