"""A model reads the layer that its probe has chosen, wherever it is loaded."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from clirun import Pipeline, done, eegssl, files_of, manifest_of
from slowparams import slow_except
from torch import nn

from eegssl.artifacts.reading import load
from eegssl.corpus.store import open_corpus
from eegssl.corpus.windows import Windows, tile
from eegssl.encoder.transformer import Block
from eegssl.tasks import jobs
from eegssl.tasks.labels import labels_kind
from eegssl.tasks.labels.model import TrainedModel, load_model, predict

TASK = ("--task", "seizure-detection")
BEST = ("--adapt", "probe", "--set", "adaptation.layer=best")


def finetune(tiny: Pipeline, out: Path, *more: object) -> dict[str, Any]:
    """What fine-tuning tells."""
    source = [tiny.recordings, "--encoder", tiny.encoder, *TASK, "--out", out]
    return done("finetune", *source, "--config", tiny.settings, *more)["facts"]


@pytest.fixture
def ruined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoders whose last layer is the same for all signals."""

    def load_and_ruin(encoder: nn.Module, *where: Any) -> None:
        weights(encoder, *where)
        nn.init.zeros_(encoder.norm.weight)

    weights = jobs.load_weights
    monkeypatch.setattr(jobs, "load_weights", load_and_ruin)


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by the number of windows whenever a block runs."""
    sizes: list[int] = []
    forward = Block.forward

    def counted(block: Block, tokens: torch.Tensor, *keys: Any) -> torch.Tensor:
        sizes.append(len(tokens))
        return forward(block, tokens, *keys)

    monkeypatch.setattr(Block, "forward", counted)
    return sizes


def some_windows(tiny: Pipeline) -> Windows:
    corpus = open_corpus([tiny.recordings])
    return tile(corpus, corpus.of_split("test"), 4.0)


def test_a_last_layer_that_knows_nothing_is_not_read(
    tiny: Pipeline,
    tmp_path: Path,
    ruined: None,
    blocks: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[TrainedModel] = []
    save = labels_kind.save_model
    monkeypatch.setattr(
        labels_kind, "save_model", lambda writer, model: made.append(model) or save(writer, model)
    )
    facts = finetune(tiny, tmp_path / "m", *BEST)
    told = facts["probe"]
    assert told["layer"] == 0
    assert told["by_layer"][0] > told["by_layer"][1] == 0.5
    counts = [sum(split.values()) for split in facts["windows"].values()]
    assert sum(blocks) == sum(counts)  # each window ran through the one block, once
    stored = json.loads((tmp_path / "m" / "model.json").read_text())
    assert stored["layer"] == 0
    assert manifest_of(tmp_path / "m")["config"]["adaptation"]["layer"] == "best"
    blocks.clear()
    windows = some_windows(tiny)
    loaded = load_model(load(tmp_path / "m", "model"), windows.corpus).classifier
    before, after = (
        predict(classifier, windows, 16, torch.device("cpu"))
        for classifier in (made[0].classifier, loaded)
    )
    np.testing.assert_array_equal(before, after)
    few = ("--set", "traces=0", "--set", "scoring.bootstrap_resamples=100")
    done("evaluate", tmp_path / "m", tiny.recordings, "--out", tmp_path / "e", *few)
    assert blocks == []
    told = eegssl("info", tmp_path / "m")
    assert "by_layer" in told.out


@pytest.mark.slow  # quick: the cache of attention in test_finetune_ways.py
def test_a_cache_changes_nothing_of_the_layer_that_is_chosen(
    tiny: Pipeline, tmp_path: Path, blocks: list[int]
) -> None:
    finetune(tiny, tmp_path / "plain", *BEST)
    cached = ("--set", f"cache={tmp_path / 'cache'}")
    finetune(tiny, tmp_path / "first", *BEST, *cached)
    blocks.clear()
    finetune(tiny, tmp_path / "second", *BEST, *cached)
    assert blocks == []
    for name in ("first", "second"):
        assert files_of(tmp_path / name) == files_of(tmp_path / "plain")
    assert len(list((tmp_path / "cache").iterdir())) == 2 * 2  # splits, layers
    finetune(tiny, tmp_path / "last", "--adapt", "probe", *cached)
    assert blocks == []


@pytest.mark.parametrize("way", slow_except(["attention", "prototypes"], "prototypes"))
def test_other_frozen_ways_read_the_layer_that_is_named(
    tiny: Pipeline, tmp_path: Path, blocks: list[int], way: str
) -> None:
    steps = ("--set", "training.steps=4") if way == "attention" else ()
    finetune(tiny, tmp_path / "m", "--adapt", way, "--set", "adaptation.layer=0", *steps)
    few = ("--set", "traces=0", "--set", "scoring.bootstrap_resamples=100")
    done("evaluate", tmp_path / "m", tiny.recordings, "--out", tmp_path / "e", *few)
    assert blocks == []


@pytest.mark.parametrize(
    ("way", "layer", "words"),
    [
        ("full", "best", "--adapt probe"),
        ("lora", 0, "trains the encoder"),
        ("scratch", "best", "leave it out"),
        ("two-stage", 1, "trains the encoder"),
        ("attention", "best", "chooses no layer"),
        ("prototypes", "best", "give the number"),
        ("probe", 2, "0 (below the first) to 1"),
        ("probe", -1, "adaptation.layer"),
        ("probe", "first", "adaptation.layer"),
    ],
)
def test_a_layer_that_can_not_be_read_is_refused_with_what_to_do(
    tiny: Pipeline, tmp_path: Path, way: str, layer: object, words: str
) -> None:
    call = ("finetune", tiny.recordings, "--encoder", tiny.encoder, *TASK, "--adapt", way)
    ran = eegssl(*call, "--out", tmp_path / "m", "--set", f"adaptation.layer={layer}")
    assert (ran.code, words in " ".join(ran.err.split())) == (2, True), ran.err
    assert not (tmp_path / "m" / "manifest.json").exists()
