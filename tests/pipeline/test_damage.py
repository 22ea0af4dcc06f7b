"""A damaged, edited, unfinished or foreign artifact: exit 4, and both sides named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of
from tinycorpus import write_corpus

Copied = Callable[[str], Path]

READERS: dict[str, Callable[[Pipeline, Path, Path], list[object]]] = {
    "recordings": lambda tiny, bad, out: ["tokenize", bad, "--out", out],
    "tokens": lambda tiny, bad, out: [
        *("pretrain", tiny.recordings, "--tokens", bad, "--out", out),
        *("--config", tiny.settings),
    ],
    "encoder": lambda tiny, bad, out: [
        *("finetune", tiny.recordings, "--encoder", bad, "--task", "seizure-detection"),
        *("--out", out, "--config", tiny.settings),
    ],
    "model": lambda tiny, bad, out: ["evaluate", bad, tiny.recordings, "--out", out],
}
"""Artifact -> the command that reads it next."""

WEIGHTS = [
    ("tokens", "tokenizer.safetensors"),
    ("encoder", "encoder.safetensors"),
    ("model", "model.safetensors"),
]
BULK = [("recordings", "signals/*.safetensors"), ("tokens", "codes/*.npy")]


def refused(tiny: Pipeline, bad: Path, *words: object) -> str:
    """What the next command says of a bad artifact: exit 4, these words, and nothing made."""
    out = bad.parent / "next"
    ran = eegssl(*READERS[bad.name](tiny, bad, out))
    assert ran.code == 4, f"exit {ran.code}: {ran.err}"
    for word in words:
        assert str(word) in ran.err
    assert not (out / "manifest.json").exists()
    return ran.err


def truncate(path: Path, share: float = 0.5) -> tuple[int, int]:
    """Cut a file; its size now and before."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path.stat().st_size, len(data)


@pytest.mark.parametrize(("name", "pattern"), WEIGHTS + BULK)
def test_a_truncated_tensor_file_is_named_with_both_sizes(
    tiny: Pipeline, copied: Copied, name: str, pattern: str
) -> None:
    path = sorted(copied(name).glob(pattern))[0]
    now, before = truncate(path)
    refused(tiny, path.parents[pattern.count("/")], path, now, before)


@pytest.mark.parametrize(("name", "pattern"), WEIGHTS)
def test_one_changed_byte_of_the_weights_is_seen(
    tiny: Pipeline, copied: Copied, name: str, pattern: str
) -> None:
    path = copied(name) / pattern
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(bytes(data))
    refused(tiny, path.parent, path, manifest_of(path.parent)["files"][pattern]["sha256"][:12])


@pytest.mark.parametrize(("name", "pattern"), BULK)
def test_info_and_the_same_command_see_truncated_signals_and_codes(
    tiny: Pipeline, copied: Copied, name: str, pattern: str
) -> None:
    bad = copied(name)
    path = sorted(bad.glob(pattern))[0]
    truncate(path)
    stage = {"recordings": "preprocess", "tokens": "tokenize"}[name]
    again = eegssl(*tiny.command(stage, bad))
    told = eegssl("info", bad)
    assert (again.code, told.code) == (4, 4)
    assert str(path) in again.err
    assert str(path) in told.err


@pytest.mark.parametrize("name", list(READERS))
def test_an_edited_manifest_is_named_with_both_hashes(
    tiny: Pipeline, copied: Copied, name: str
) -> None:
    bad = copied(name)
    manifest = manifest_of(bad)
    manifest["seed"] = 7
    (bad / "manifest.json").write_text(json.dumps(manifest))
    refused(tiny, bad, bad / "manifest.json", manifest["id"][:12])


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", '{"kind": "encoder"', '{"kind": "encoder"}', "\x00\x01", "\xff"],
)
def test_a_manifest_that_is_no_manifest_is_refused(
    tiny: Pipeline, copied: Copied, text: str
) -> None:
    bad = copied("encoder")
    (bad / "manifest.json").write_bytes(text.encode("latin-1"))
    refused(tiny, bad, bad / "manifest.json")


@pytest.mark.parametrize("field", ["config", "inputs", "facts", "files", "fitted_on", "id"])
def test_a_manifest_without_a_field_is_refused(tiny: Pipeline, copied: Copied, field: str) -> None:
    bad = copied("encoder")
    manifest = manifest_of(bad)
    del manifest[field]
    (bad / "manifest.json").write_text(json.dumps(manifest))
    refused(tiny, bad, bad / "manifest.json")


@pytest.mark.parametrize(
    ("name", "pattern"),
    [*WEIGHTS, *BULK]
    + [("recordings", n) for n in ("recordings.parquet", "events.parquet", "splits.tsv")]
    + [("tokens", n) for n in ("codes.parquet", "tokenizer.json")]
    + [("encoder", "encoder.json"), ("model", "threshold.json"), ("model", "task.json")],
)
def test_a_missing_file_is_named(tiny: Pipeline, copied: Copied, name: str, pattern: str) -> None:
    path = sorted(copied(name).glob(pattern))[0]
    path.unlink()
    refused(tiny, path.parents[pattern.count("/")], path, "missing")


@pytest.mark.parametrize(
    ("name", "file"),
    [("recordings", "splits.tsv"), ("model", "threshold.json"), ("encoder", "encoder.json")],
)
def test_an_edited_file_is_named(tiny: Pipeline, copied: Copied, name: str, file: str) -> None:
    path = copied(name) / file
    text = path.read_text()
    path.write_text(text.replace("train", "test") if "train" in text else text.replace("1", "2"))
    refused(tiny, path.parent, path)


@pytest.mark.parametrize(
    ("kind", "theirs", "ours", "way_on"),
    [
        ("encoder", 99, 4, "make an encoder again with `eegssl pretrain`"),
        ("recordings", 4, 5, "make recordings again with `eegssl preprocess`"),
    ],
)
def test_a_schema_of_another_time_is_named_with_ours_and_a_way_on(
    tiny: Pipeline, copied: Copied, kind: str, theirs: int, ours: int, way_on: str
) -> None:
    """Signals of recordings lay channel after channel before schema 5."""
    bad = copied(kind)
    manifest = manifest_of(bad) | {"schema_version": theirs}
    (bad / "manifest.json").write_text(json.dumps(manifest))
    refused(tiny, bad, f"schema {theirs}", f"schema {ours}", way_on)


@pytest.mark.slow
def test_tokens_of_other_recordings_are_refused_with_both_sides(
    tiny: Pipeline, tmp_path: Path
) -> None:
    other = Pipeline(tmp_path / "other", tiny.edf, tiny.settings, seed=5)
    other.make(("preprocess",))
    command = ["pretrain", other.recordings, "--tokens", tiny.tokens, "--out", tmp_path / "out"]
    ran = eegssl(*command)
    assert ran.code == 4
    ids = [manifest_of(p.recordings)["id"][:12] for p in (tiny, other)]
    for word in (str(tiny.tokens), str(other.recordings), *ids):
        assert word in ran.err
    assert not (tmp_path / "out").exists()


def test_tokens_of_one_of_two_folders_are_refused(tiny: Pipeline, tmp_path: Path) -> None:
    edf = write_corpus(tmp_path / "edf", range(20, 23))
    done("preprocess", edf, "--out", tmp_path / "more", "--jobs", 1)
    both = [tiny.recordings, tmp_path / "more"]
    ran = eegssl("pretrain", *both, "--tokens", tiny.tokens, "--out", tmp_path / "out")
    assert ran.code == 4
    assert str(tmp_path / "more") in ran.err
    assert str(tiny.tokens) in ran.err


@pytest.mark.parametrize("name", list(READERS))
def test_the_wrong_kind_is_named_with_the_right_one(
    tiny: Pipeline, copied: Copied, tmp_path: Path, name: str
) -> None:
    for other in set(READERS) - {name}:
        bad = tmp_path / name
        shutil.copytree(tiny.root / other, bad)
        told = refused(tiny, bad, bad, name)
        assert f"holds {other}" in told
        shutil.rmtree(bad)


@pytest.mark.parametrize("name", list(READERS))
def test_what_is_no_artifact_is_refused(tiny: Pipeline, tmp_path: Path, name: str) -> None:
    bad = tmp_path / name
    refused(tiny, bad, bad)
    bad.mkdir()
    (bad / "notes.txt").write_text("mine")
    refused(tiny, bad, bad, "manifest.json")
    assert eegssl("info", bad).code == 4
    assert (bad / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", list(READERS))
def test_an_unfinished_artifact_is_refused(tiny: Pipeline, copied: Copied, name: str) -> None:
    bad = copied(name)
    (bad / "manifest.json").rename(bad / "eegssl-plan.json")
    refused(tiny, bad, bad, "unfinished")


@pytest.mark.slow
def test_an_encoder_for_another_rate_is_named_with_the_recordings(
    tiny: Pipeline, tmp_path: Path
) -> None:
    slow, edf = tmp_path / "slow", write_corpus(tmp_path / "edf", range(20, 23))
    rate = ("--set", "filter.sfreq_hz=100", "--set", "filter.high_hz=40")
    done("preprocess", edf, "--out", slow, "--jobs", 1, *rate)
    assert manifest_of(slow)["facts"]["sfreq_hz"] == 100
    for k, command in enumerate(
        (
            ["finetune", slow, "--encoder", tiny.encoder, "--task", "seizure-detection"],
            ["evaluate", tiny.model, slow, "--set", "split=all"],
            ["tokenize", slow, "--tokenizer", tiny.tokens],
            ["tokenize", slow, tiny.recordings],
        )
    ):
        ran = eegssl(*command, "--out", tmp_path / str(k))
        assert ran.code == 4, f"{command[0]}: exit {ran.code}: {ran.err}"
        assert "200" in ran.err
        assert "100" in ran.err
        assert not (tmp_path / str(k) / "manifest.json").exists()


def test_subjects_that_the_model_was_fitted_on_are_not_scored(
    tiny: Pipeline, tmp_path: Path
) -> None:
    out = tmp_path / "evaluation"
    everyone = eegssl(*tiny.command("evaluate", out), "--set", "split=all")
    other = Pipeline(tmp_path / "other", tiny.edf, tiny.settings, seed=1)
    other.make(("preprocess",))
    shuffled = eegssl("evaluate", tiny.model, other.recordings, "--out", out)
    for ran in (everyone, shuffled):
        assert ran.code == 4
        assert "fitted on" in ran.err
        assert str(tiny.model) in ran.err
    assert not out.exists()


def test_subjects_that_something_upstream_was_fitted_on_are_not_scored(
    tiny: Pipeline, tmp_path: Path
) -> None:
    """Encoder of one split, model of another: the model's own test subjects were pretrained on."""
    other = Pipeline(tmp_path, tiny.edf, tiny.settings, seed=1)
    other.make(("preprocess",))
    task = ("--task", "seizure-detection", "--config", tiny.settings)
    model = tmp_path / "model"
    done("finetune", other.recordings, "--encoder", tiny.encoder, *task, "--out", model)
    ran = eegssl("evaluate", model, other.recordings, "--out", tmp_path / "evaluation")
    assert ran.code == 4
    assert "upstream" in ran.err
    assert not (tmp_path / "evaluation").exists()


@pytest.mark.slow
def test_a_random_encoder_was_fitted_on_nobody_upstream(
    tiny: Pipeline, tmp_path: Path, undrawn: None
) -> None:
    other = Pipeline(tmp_path, tiny.edf, tiny.settings, seed=1)
    done(*other.command("preprocess"), "--set", "look.recordings=0")
    task = ("--task", "seizure-detection", "--config", tiny.settings)
    model = tmp_path / "model"
    command = ["finetune", other.recordings, "--encoder", tiny.encoder, *task, "--out", model]
    done(*command, "--set", "encoder_weights=random")
    done("evaluate", model, other.recordings, "--out", tmp_path / "evaluation")


def test_damage_is_mended_by_overwrite_and_only_then(copied: Copied, tiny: Pipeline) -> None:
    bad = copied("encoder")
    truncate(bad / "encoder.safetensors")
    before = files_of(bad)
    command = tiny.command("pretrain", bad)
    assert eegssl(*command).code == 4
    assert files_of(bad) == before
    assert eegssl(*command, "--overwrite").code == 0
    assert files_of(bad) == files_of(tiny.encoder)
