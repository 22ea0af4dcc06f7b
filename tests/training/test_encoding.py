"""Encoding in batches: codes and entropies of one window at a time, on any number of threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from corpora import corpus, stored
from numpy.typing import NDArray

from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import ArtifactError
from eegssl.masking.entropy import patch_entropy
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.tokenizer import Tokenizer, build_tokenizer
from eegssl.training import encoding
from eegssl.training.encoding import PatchCoder, share_unlike_float32

LENGTH, PATCH = 400, 100
SETTINGS = TokenizerConfig(sfreq_hz=100.0, patch_samples=PATCH, top_hz=40.0, n_codes=64)
KINDS = {
    "cosine": {},
    "residual": {"quantizer": "residual", "n_codebooks": 2},
    "random-projection": {"quantizer": "random-projection"},
    "context": {"context_layers": 1, "width": 32},
}


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of the usual ones."""
    monkeypatch.setattr(encoding, "_PATCHES_AT_ONCE", 1024)


@pytest.fixture(scope="module")
def signals(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Recordings of 2, 8 and 3 channels; 303 windows of the first fill three batches."""
    folder, rng = tmp_path_factory.mktemp("signals"), np.random.default_rng(0)
    shapes = {0: (2, 303 * LENGTH + 77), 1: (8, 3 * LENGTH), 2: (3, LENGTH + 399)}
    walks = {k: 20 * rng.standard_normal(shape).cumsum(axis=1) % 300 for k, shape in shapes.items()}
    return corpus(*(stored(folder, k, walk) for k, walk in walks.items()))


def tokenizer(kind: str, signals: Corpus) -> Tokenizer:
    model = build_tokenizer(TokenizerConfig(**SETTINGS.model_dump() | KINDS[kind]), 0).eval()
    first = signals.recordings[0]
    windows = torch.from_numpy(signals.read_uv(first, 0, 20 * LENGTH).reshape(2, 20, LENGTH))
    placed = [torch.from_numpy(part) for part in signals.geometry(first.channels)]
    model.start_codebook_on(
        [(windows.transpose(0, 1), *(p.expand(20, *p.shape) for p in placed))], 0
    )
    return model


def one_window_at_a_time(
    model: Tokenizer, signals: Corpus, recording: Recording
) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    geometry = [torch.from_numpy(part)[None] for part in signals.geometry(recording.channels)]
    entropies, codes = [], []
    for start in range(0, recording.n_samples - LENGTH + 1, LENGTH):
        signal_uv = signals.read_uv(recording, start, start + LENGTH)
        entropies.append(patch_entropy(signal_uv, PATCH))
        tokens = model.tokens_of(model.encode(torch.from_numpy(signal_uv)[None], *geometry))
        codes.append(tokens[0].numpy())
    return np.concatenate(entropies, 1).astype(np.float16), np.concatenate(codes, 1)


@contextmanager
def threads(n: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    yield
    assert torch.get_num_threads() == n, "encoding leaves another number of threads"
    torch.set_num_threads(before)


@pytest.mark.parametrize("kind", KINDS)
def test_batches_code_as_single_windows_do(signals: Corpus, kind: str) -> None:
    model = tokenizer(kind, signals)
    coder = PatchCoder(model, signals, LENGTH)
    with threads(2):
        encoded = list(coder.encode(signals.recordings))
    assert [recording for recording, _ in encoded] == list(signals.recordings)
    for recording, (entropies, codes) in encoded:
        expected = one_window_at_a_time(model, signals, recording)
        assert codes.shape == coder.shape_of(recording)
        assert codes.dtype == np.uint8
        assert np.array_equal(entropies, expected[0])
        assert np.array_equal(codes, expected[1])
    assert len(np.unique(encoded[0][1][1])) > 16, "there are codes to confuse"


def test_codes_do_not_depend_on_threads_or_company(signals: Corpus) -> None:
    coder = PatchCoder(tokenizer("cosine", signals), signals, LENGTH)
    made = {}
    for n in (1, 3):
        with threads(n):
            made[n] = {r.id: patches for r, patches in coder.encode(signals.recordings)}
    last = signals.recordings[2]
    ((_, alone),) = coder.encode([last])
    for patches in (made[1], made[3], {last.id: alone}):
        for id_, (entropies, codes) in patches.items():
            assert np.array_equal(entropies, made[1][id_][0])
            assert np.array_equal(codes, made[1][id_][1])


def test_a_cut_signal_ends_the_encoding_with_its_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noise = corpus(*(stored(tmp_path, k, rng.standard_normal((2, 900))) for k in range(3)))
    model = build_tokenizer(SETTINGS, 0).eval()
    path = noise.recordings[1].path
    path.write_bytes(path.read_bytes()[:-100])
    with threads(2), pytest.raises(ArtifactError, match="r-001"):
        list(PatchCoder(model, noise, LENGTH).encode(noise.recordings))


def test_bfloat16_changes_few_codes_and_their_share_is_told(signals: Corpus) -> None:
    model, first = tokenizer("cosine", signals), signals.recordings[0]
    ((_, (entropies, exact)),) = PatchCoder(model, signals, LENGTH).encode([first])
    ((_, (same, low)),) = PatchCoder(model, signals, LENGTH, bfloat16=True).encode([first])
    assert np.array_equal(entropies, same)
    assert 0 < (exact != low).mean() < 0.1
    n_windows = first.n_samples // LENGTH
    signal_uv = torch.from_numpy(signals.read_uv(first, 0, n_windows * LENGTH))
    windows = signal_uv.unflatten(1, (n_windows, LENGTH)).transpose(0, 1)
    share = share_unlike_float32(model, [(part,) for part in windows.split(500)])
    assert share == pytest.approx((exact != low).mean(), abs=1e-3)
