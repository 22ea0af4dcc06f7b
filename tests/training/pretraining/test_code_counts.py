"""Codes of training windows are counted once, where tokenize could do it."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from corpora import corpus, recording

from eegssl.corpus.codes.tokens import Codes, patch_path, write_patches
from eegssl.corpus.windows import tile
from eegssl.training.history import USAGE
from eegssl.training.pretraining.validation import code_counts

N_CODES = 7


@pytest.mark.parametrize(("n_used", "told_right"), [(3, True), (2, True), (3, False)])
def test_counts_are_those_of_the_windows_whoever_counted_them(
    tmp_path: Path, n_used: int, told_right: bool
) -> None:
    """All recordings, some of them, and all beside a count of other patches."""
    ones = [recording(k, 8.0 + 4 * k) for k in range(3)]
    windows = tile(corpus(*ones), ones[:n_used], 4.0)
    rng, arrays = np.random.default_rng(0), []
    (tmp_path / "codes").mkdir()
    for one in ones:
        arrays.append(rng.integers(0, N_CODES, (2, one.n_samples // 400 * 4)).astype(np.uint8))
        write_patches(patch_path(tmp_path, "codes", one.id), arrays[-1])
    counted = [np.bincount(a.ravel(), minlength=N_CODES) for a in arrays]
    stored = np.sum(counted, axis=0) + (0 if told_right else 5)
    text = json.dumps({"train": stored.tolist(), "val": stored.tolist()})
    (tmp_path / USAGE).write_text(text)
    artifact: Any = SimpleNamespace(path=tmp_path)
    train = Codes(artifact, windows, 4, N_CODES)
    if n_used == 3 and told_right:  # nothing else has to be there
        for one in ones:
            patch_path(tmp_path, "codes", one.id).unlink()
    tokens: Any = tmp_path
    np.testing.assert_array_equal(code_counts(tokens, train), np.sum(counted[:n_used], axis=0))
