"""``--objective``: what is minimised, what it needs, and what is refused; by the command line."""

from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, manifest_of


def pretrain(tiny: Pipeline, out: Path, objective: str, *more: object) -> dict:
    """The facts of a pretraining of two steps without tokens."""
    source = [tiny.recordings, "--config", tiny.settings, "--objective", objective]
    short = ("--set", "training.steps=2", "--out", out)
    return done("pretrain", *source, *short, *more)["facts"]


def refused(tiny: Pipeline, out: Path, *more: object) -> str:
    """What a pretraining says that is refused as a configuration."""
    ran = eegssl("pretrain", tiny.recordings, "--config", tiny.settings, "--out", out, *more)
    assert ran.code == 2, ran.err
    assert not (out / "manifest.json").exists()
    return " ".join(ran.err.split())


def settings(*values: str) -> list[str]:
    return [word for value in values for word in ("--set", value)]


def test_the_next_code_is_learned_by_a_causal_encoder(tiny: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "e"
    facts = pretrain(tiny, out, "autoregressive", "--tokens", tiny.tokens)
    assert facts["objective"] == ["autoregressive"]
    assert facts["masking"] is None
    assert facts["val"].keys() >= {"loss", "constant_loss", "accuracy", "repeat_accuracy"}
    assert manifest_of(out)["config"]["encoder"]["causal"] is True
    source = [tiny.recordings, "--encoder", out, "--task", "seizure-detection"]
    plan = ("--set", "training.steps=2", "--out", tmp_path / "m")
    done("finetune", *source, "--config", tiny.settings, *plan)
    assert '"causal": true' in (tmp_path / "m" / "encoder.json").read_text()


def test_the_next_spectrum_needs_no_tokens(tiny: Pipeline, tmp_path: Path) -> None:
    target = settings("objective.autoregressive.target=patch")
    val = pretrain(tiny, tmp_path / "e", "autoregressive", *target)["val"]
    assert val.keys() >= {"loss", "constant_loss", "repeat_loss"}


@pytest.mark.parametrize("task", ["relative-positioning", "temporal-shuffling"])
def test_slices_are_placed_in_time(tiny: Pipeline, tmp_path: Path, task: str) -> None:
    chosen = settings(f"objective.pretext.task={task}")
    val = pretrain(tiny, tmp_path / "e", "pretext", *chosen)["val"]
    assert val["chance"] == 0.5
    assert 0 <= val["accuracy"] <= 1


def test_a_sum_tells_the_terms_of_each(tiny: Pipeline, tmp_path: Path) -> None:
    more = settings("objective.pretext.near=1", "objective.pretext.far=2")
    weighted = settings("objective.codes.weight=2", "objective.pretext.weight=0.5")
    tokens = ("--tokens", tiny.tokens)
    facts = pretrain(tiny, tmp_path / "e", "codes,pretext", *tokens, *more, *weighted)
    val, kind = facts["val"], facts["masking"]
    assert facts["objective"] == ["codes", "pretext"]
    assert kind == "region"  # the masks that go with codes
    for suffix in ("region", "random"):
        parts = 2 * val[f"codes_loss_{suffix}"] + 0.5 * val[f"pretext_loss_{suffix}"]
        assert val[f"loss_{suffix}"] == pytest.approx(parts)
        assert f"codes_unigram_loss_{suffix}" in val
        assert f"pretext_accuracy_{suffix}" in val


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--objective", "pretxt"], "no objective 'pretxt'; did you mean 'pretext'?"),
        (["--objective", "codes"], "codes predicts tokens, and there are none: give --tokens"),
        (["--objective", "autoregressive"], "choose an objective without tokens: "),
        (["--objective", "pretext", "--set", "window_s=1"], "needs windows of 5 patches or more"),
        (["--objective", "pretext", "--set", "masking.ratio=0.3"], "pretext hides no patches"),
        (
            ["--objective", "pretext", "--set", "objective.codes.symmetric=true"],
            "codes is not among the objectives (pretext)",
        ),
        (
            ["--objective", "autoregressive", "--set", "encoder.normalise=zscore"],
            "normalise is zscore",
        ),
        (
            [
                *("--objective", "autoregressive", "--set", "encoder.causal=false"),
                *("--set", "objective.autoregressive.target=patch"),
            ],
            "set encoder.causal=true",
        ),
        (["--objective", "codes", "--set", "masking.kind=entropy"], "give --tokens"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_contradicts_an_objective_is_refused(
    tiny: Pipeline, tmp_path: Path, flags: list[str], told: str
) -> None:
    assert told in refused(tiny, tmp_path / "e", *flags)


def test_tokens_that_nothing_reads_are_refused(tiny: Pipeline, tmp_path: Path) -> None:
    patch = settings("objective.autoregressive.target=patch")
    for flags in (["--objective", "pretext"], ["--objective", "autoregressive", *patch]):
        told = refused(tiny, tmp_path / "e", "--tokens", tiny.tokens, *flags)
        assert "--tokens is given, and nothing reads them" in told


def test_an_objective_twice_is_refused(tiny: Pipeline, tmp_path: Path) -> None:
    assert "named twice" in refused(tiny, tmp_path / "e", "--objective", "pretext,pretext")
