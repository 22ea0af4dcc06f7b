"""Encode recordings in batches of windows: codes and entropies of patches.

A batch holds windows of one recording, as many on any machine, and each thread computes by itself.
So codes depend neither on the number of threads nor on what else is encoded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eegssl.corpus.codes.in_threads import in_order
from eegssl.corpus.codes.tokens import code_dtype
from eegssl.corpus.store import Corpus, Recording
from eegssl.masking.entropy import patch_entropy
from eegssl.tokenizer.tokenizer import Tokenizer

_PATCHES_AT_ONCE = 4096
"""Of a batch, where a window has no more; larger ones gained nothing on a processor. Ours."""
Patches = tuple[NDArray[np.float16], NDArray[np.integer[Any]]]
"""Entropies and codes, [C, windows · N] each."""


@dataclass(frozen=True)
class _Batch:
    """Windows of a recording that are encoded together."""

    recording: Recording
    start: int
    """First sample."""
    n_windows: int


@dataclass(frozen=True)
class PatchCoder:
    """A tokenizer in evaluation mode, on its device, and the tiling that it encodes."""

    model: Tokenizer
    corpus: Corpus
    length: int
    """Samples of a window."""
    bfloat16: bool = False
    """Whether the forward pass is in bfloat16; look-ups are in float32 always."""

    def shape_of(self, recording: Recording) -> tuple[int, int]:
        """Channels and patches of a recording, those of whole windows alone."""
        per_window = self.length // self.model.config.patch_samples
        return len(recording.channels), recording.n_samples // self.length * per_window

    def encode(self, recordings: Sequence[Recording]) -> Iterator[tuple[Recording, Patches]]:
        """Each recording with its entropies and codes, in order.

        As many threads as torch has work at once, while the last results are taken.
        """
        n_threads = torch.get_num_threads()
        batches = (batch for recording in recordings for batch in self._batches(recording))
        alone = partial(torch.set_num_threads, 1)
        made = in_order(self._patches_of, batches, n_threads, alone)
        try:
            for recording, parts in groupby(made, key=lambda pair: pair[0].recording):
                entropies, codes = zip(*(patches for _, patches in parts), strict=True)
                yield recording, (np.concatenate(entropies, 1), np.concatenate(codes, 1))
        finally:
            torch.set_num_threads(n_threads)  # also of threads that torch makes from now on

    def _batches(self, recording: Recording) -> Iterator[_Batch]:
        n_channels, n_patches = self.shape_of(recording)
        n_windows = recording.n_samples // self.length
        most = max(1, _PATCHES_AT_ONCE * n_windows // (n_channels * n_patches))
        for first in range(0, n_windows, most):
            yield _Batch(recording, first * self.length, min(most, n_windows - first))

    def _patches_of(self, batch: _Batch) -> Patches:
        """Entropies and codes of a batch."""
        stop = batch.start + batch.n_windows * self.length
        signal_uv = self.corpus.read_uv(batch.recording, batch.start, stop)
        entropies = patch_entropy(signal_uv, self.model.config.patch_samples)
        dtype = code_dtype(self.model.config.n_codes)
        return entropies.astype(np.float16), self._codes(signal_uv, batch).astype(dtype)

    def _codes(self, signal_uv: NDArray[np.float32], batch: _Batch) -> NDArray[np.int64]:
        """Codes [C, windows · N] of the signal [C, T] of a batch."""
        device = next(self.model.parameters()).device
        shape = batch.n_windows, self.length
        windows = torch.from_numpy(signal_uv).to(device).unflatten(1, shape).transpose(0, 1)
        geometry = [
            torch.from_numpy(part).to(device).expand(batch.n_windows, *part.shape)
            for part in self.corpus.geometry(batch.recording.channels)
        ]
        tokens = _tokens(self.model, (windows.contiguous(), *geometry), bfloat16=self.bfloat16)
        codes: NDArray[np.int64] = tokens.transpose(0, 1).flatten(1).cpu().numpy()
        return codes


def share_unlike_float32(model: Tokenizer, samples: Sequence[Sequence[Tensor]]) -> float:
    """Share of patches whose code is another in bfloat16; samples are windows with geometry."""
    device = next(model.parameters()).device
    n_unlike = n_patches = 0
    for sample in samples:
        inputs = [part.to(device) for part in sample]
        tokens, others = (_tokens(model, inputs, bfloat16=of) for of in (False, True))
        n_unlike += int((tokens != others).sum())
        n_patches += tokens.numel()
    return n_unlike / n_patches


def _tokens(model: Tokenizer, inputs: Sequence[Tensor], *, bfloat16: bool) -> Tensor:
    """Codes [B, C, N] of windows and their geometry."""
    with torch.autocast(inputs[0].device.type, torch.bfloat16, enabled=bfloat16):
        return model.tokens_of(model.encode(*inputs))
