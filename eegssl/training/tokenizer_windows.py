"""Start a codebook, and judge it, by a few windows or all."""

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.corpus.sampling import Sampler
from eegssl.corpus.windows import Windows
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.diagnostics import codebook_usage
from eegssl.tokenizer.tokenizer import Tokenizer
from eegssl.training.batches import to_tensors

_START_PATCHES_PER_CODE = 32  # for k-means
_WINDOWS_AT_ONCE = 16


def start_windows(
    draws: Sampler, settings: TokenizerConfig, seed: int
) -> list[tuple[torch.Tensor, ...]]:
    """Training windows drawn as the sampler weights them, with their geometry for a context.

    Without one a window is a single patch [n, 1, P], so that more of the corpus is seen.
    """
    train = draws.windows
    rng = np.random.default_rng([seed, 0xC0DE])
    wanted = settings.n_codes * _START_PATCHES_PER_CODE
    per_window = train.length // settings.patch_samples * min(train.by_width)
    if settings.context_layers:
        n_windows = min(len(train), -(-wanted // per_window))
        drawn = train.subset(np.sort(draws.spread(n_windows, rng)))
        return _batches(drawn)
    n_windows = min(len(train), max(1, wanted // min(per_window, 32)))
    patches: list[NDArray[np.float32]] = []
    for k in draws.spread(n_windows, rng):
        signal = train.batch(np.array([k])).signal_uv[0]
        cut = signal.shape[1] // settings.patch_samples * settings.patch_samples
        some = signal[:, :cut].reshape(-1, 1, settings.patch_samples)
        patches.append(some[rng.permutation(len(some))[:32]])
    return [(torch.from_numpy(np.concatenate(patches)),)]


def _batches(windows: Windows) -> list[tuple[torch.Tensor, ...]]:
    """Signals and geometry of all windows on the CPU, in batches of equally many channels."""
    index = windows.in_order(_WINDOWS_AT_ONCE)
    return [to_tensors(windows.batch(some), torch.device("cpu")) for some in index]


def sample_windows(
    windows: Windows, n_patches: int, patch_samples: int
) -> list[tuple[torch.Tensor, ...]]:
    """Windows with some ``n_patches`` and their geometry, the same whatever the seed."""
    per_window = windows.total_channels / len(windows) * (windows.length // patch_samples)
    n = min(max(round(n_patches / per_window), 1), len(windows))
    places = np.random.default_rng(0).choice(len(windows), n, replace=False)
    return _batches(windows.subset(np.sort(places)))


def tokenizer_scores(model: Tokenizer, val: Windows, batch_size: int) -> dict[str, float]:
    """Loss and terms over all validation windows, and how evenly codes are used."""
    device = next(model.parameters()).device
    sums: dict[str, float] = {}
    counts = np.zeros(model.config.n_codes, dtype=np.int64)
    for index in val.in_order(batch_size):
        output = model(*to_tensors(val.batch(index), device))
        tokens = model.tokens_of(output.codes).cpu().numpy()
        counts += np.bincount(tokens.ravel(), minlength=len(counts))
        for name, value in ({"loss": output.loss} | output.terms).items():
            sums[name] = sums.get(name, 0.0) + value.item() * len(index)
    usage = codebook_usage(counts)
    means = {name: value / len(val) for name, value in sums.items()}
    return means | {"perplexity": usage.perplexity, "codes_used": float(usage.used)}
