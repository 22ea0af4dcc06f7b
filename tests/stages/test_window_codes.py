"""tokenize with a context: the codes that it stores are those of whole windows in their places."""

from pathlib import Path

import numpy as np
import torch
from clirun import Pipeline, done, manifest_of

from eegssl.api import load_tokenizer
from eegssl.corpus.store import open_corpus


def test_stored_codes_are_those_of_windows_with_their_geometry(
    tiny: Pipeline, tmp_path: Path
) -> None:
    out = tmp_path / "tokens"
    context = ("--set", "tokenizer.context_layers=1", "--set", "training.steps=2")
    facts = done(*tiny.command("tokenize", out), *context)["facts"]
    assert facts["codes_depend_on"] == "window"
    assert manifest_of(tiny.tokens)["facts"]["codes_depend_on"] == "patch"
    corpus, tokenizer = open_corpus([tiny.recordings]), load_tokenizer(out)
    recording = corpus.of_split("val")[0]
    stored = np.load(out / "codes" / f"{recording.id}.npy", allow_pickle=False)
    signal_uv = torch.from_numpy(corpus.read_uv(recording, 800, 1600))[None]
    geometry = [torch.from_numpy(part)[None] for part in corpus.geometry(recording.channels)]
    codes = tokenizer.encode(signal_uv, *geometry)[0].numpy()
    assert np.array_equal(stored[:, 4:8], codes)
