"""tokenize and pretrain where seizures matter: sampling, the atlas, usage by split."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of
from slowparams import slow_except
from tinycorpus import write_recording

from eegssl.tokenizer.diagnostics import codebook_usage

HALF = ("--set", "sampling.ictal_share=0.5")


def codes_of(tokens: Path) -> np.ndarray:
    return np.concatenate([np.load(p).ravel() for p in sorted((tokens / "codes").iterdir())])


def test_the_atlas_counts_every_code_of_train_and_val_and_no_other(tiny: Pipeline) -> None:
    rows = pq.read_table(tiny.tokens / "atlas.parquet").to_pylist()
    counts = np.bincount(codes_of(tiny.tokens), minlength=16)
    assert {r["code"]: r["count"] for r in rows} == {
        k: n for k, n in enumerate(counts.tolist()) if n
    }
    facts = manifest_of(tiny.tokens)["facts"]["atlas"]
    fitted = manifest_of(tiny.tokens)["fitted_on"]["subjects"]
    both, one = facts["subjects_with_both_classes"], facts["subjects_with_one_class"]
    assert both + one == len(fitted) < 8


def test_usage_is_told_by_split(tiny: Pipeline) -> None:
    told = json.loads((tiny.tokens / "codebook.json").read_text())
    for split in ("train", "val"):
        usage = codebook_usage(np.array(told[split]))
        assert told["usage"][split]["perplexity"] == usage.perplexity
        assert told["usage"][split]["used"] == usage.used
    assert set(told) == {"train", "val", "usage", "quality"}


def test_the_quality_of_codes_stands_in_facts_file_and_page(tiny: Pipeline) -> None:
    facts = manifest_of(tiny.tokens)["facts"]
    quality = facts["quality"]
    assert quality == json.loads((tiny.tokens / "codebook.json").read_text())["quality"]
    assert 0 <= quality["keep_shifted_50ms"] <= 1
    assert quality["n_patches"] == facts["patches"]["val"]
    page = (tiny.tokens / "atlas.html").read_text()
    for name in ("r2", "kmeans_r2"):
        assert f"{quality[name]['alpha']:.3f}" in page
        assert f"{quality[name]['all']:.3f}" in page
    wins = quality["kmeans_r2"]["all"] > quality["r2"]["all"]
    told = [text for text in facts["warnings"] if "by k-means" in text]
    assert len(told) == wins


def test_a_starving_codebook_is_warned_of_with_what_to_do(tiny: Pipeline, tmp_path: Path) -> None:
    more = ("--set", "tokenizer.n_codes=4096", "--set", "training.steps=1")
    document = done(*tiny.command("tokenize", tmp_path / "out"), *more)
    usage = json.loads((tmp_path / "out" / "codebook.json").read_text())["usage"]["val"]
    starves = usage["perplexity"] < min(4096, usage["n_patches"] / 30) / 4
    said = [text for text in document["facts"]["warnings"] if "the codebook starves" in text]
    assert bool(said) == starves
    assert any("fewer codes" in text or "expected at most" in text for text in
               document["facts"]["warnings"])  # fmt: skip


@pytest.mark.parametrize("stage", slow_except(["tokenize", "pretrain"], "pretrain"))
def test_training_on_more_seizures_gives_another_model_the_same_every_time(
    tiny: Pipeline, tmp_path: Path, stage: str
) -> None:
    outs = [tmp_path / name for name in "ab"]
    for out in outs:
        done(*tiny.command(stage, out), *HALF)
    first, second = (files_of(out) for out in outs)
    assert first == second
    name = {"tokenize": "tokenizer", "pretrain": "encoder"}[stage]
    assert first[f"{name}.safetensors"] != files_of(tiny.out(stage))[f"{name}.safetensors"]


def test_seizures_that_are_not_there_cannot_be_drawn(tiny: Pipeline, tmp_path: Path) -> None:
    calm = tmp_path / "edf"
    for k in range(4):
        folder = calm / f"sub-{k}"
        folder.mkdir(parents=True)
        write_recording(folder / f"sub-{k}_eeg.edf", k, 16, None)
    done("preprocess", calm, "--out", tmp_path / "recordings", "--jobs", 1)
    command = ["tokenize", tmp_path / "recordings", "--config", tiny.settings]
    ran = eegssl(*command, "--out", tmp_path / "out", *HALF)
    assert ran.code == 2
    assert "none of the" in ran.err
    assert "overlaps a seizure" in ran.err
    assert not (tmp_path / "out").exists()
    facts = done(*command, "--out", tmp_path / "out")["facts"]
    assert facts["atlas"]["seizures"] == facts["ictal_windows_train"] == 0


def test_a_share_of_subjects_trains_and_all_get_codes(tiny: Pipeline, tmp_path: Path) -> None:
    some = ("--set", "sampling.subjects_fraction=0.4", "--set", "training.steps=1")
    tokens, encoder = tmp_path / "tokens", tmp_path / "encoder"
    done(*tiny.command("tokenize", tokens), *some)
    assert len(codes_of(tokens)) == len(codes_of(tiny.tokens))
    preset = ("--preset", "tiny", "--json")
    done("pretrain", tiny.recordings, "--tokens", tokens, "--out", encoder, *preset, *some)
    fitted = [set(manifest_of(one)["fitted_on"]["subjects"]) for one in (tokens, tiny.tokens)]
    assert fitted[0] < fitted[1]
    assert set(manifest_of(encoder)["fitted_on"]["subjects"]) == fitted[0]
