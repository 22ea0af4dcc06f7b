"""What a head reads of windows: from a frozen encoder computed once, and kept on disk if wanted.

Files are named after all that they follow from (weights, windows, recordings, pooling), so that
another head on the same encoder and windows finds them. They are plain float32 arrays.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eegssl.adaptation.classifier import Classifier
from eegssl.artifacts.atomic import atomic_path, hash_json
from eegssl.corpus.windows import Windows
from eegssl.training.batches import to_tensors

_AT_ONCE = 64  # windows a forward pass; part of what the last bits of an embedding depend on
_GB = 1e9

Features = Callable[[NDArray[np.int64]], Tensor]
"""Windows at an index, of equally many channels -> what `Classifier.classify` reads."""


@dataclass(frozen=True)
class Cache:
    """Where embeddings of frozen encoders are kept, and how many GB those of single patches may
    take; these are computed anew in each step where they need more."""

    folder: Path
    most_gb: float


def features_of(
    classifier: Classifier, windows: Windows, device: torch.device, cache: Cache | None = None
) -> Features:
    """How a head gets what it reads of these windows.

    A frozen encoder embeds each window once. Pooled embeddings are held in memory, those of single
    patches stay on disk.
    """

    def compute(index: NDArray[np.int64]) -> Tensor:
        return classifier.embed(*to_tensors(windows.batch(index), device).inputs)

    if not classifier.frozen:
        return compute
    if classifier.attention is None:
        kept = torch.from_numpy(np.array(_pooled(classifier, windows, compute, cache))).to(device)
        return lambda index: kept[torch.from_numpy(index).to(device)]
    if cache is None or _patch_gb(classifier, windows) > cache.most_gb:
        return compute
    parts = _by_bucket(classifier, windows, compute, cache)
    place = np.zeros(len(windows), dtype=np.int64)
    for bucket in windows.in_order(len(windows)):
        place[bucket] = np.arange(len(bucket))

    def look_up(index: NDArray[np.int64]) -> Tensor:
        part = parts[int(windows.n_channels[index[0]])]
        return torch.from_numpy(part[place[index]]).to(device)

    return look_up


def _pooled(
    classifier: Classifier, windows: Windows, compute: Features, cache: Cache | None
) -> NDArray[np.float32]:
    """Pooled embeddings [n, ...] of all windows."""
    path = cache.folder / f"{_key(classifier, windows)}.npy" if cache else None
    if path and (found := _read(path, len(windows))) is not None:
        return found
    made: NDArray[np.float32] | None = None
    for index in windows.in_order(_AT_ONCE):
        batch = compute(index).float().cpu().numpy()
        if made is None:
            made = np.empty((len(windows), *batch.shape[1:]), np.float32)
        made[index] = batch
    assert made is not None
    if path:
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, made, allow_pickle=False)
    return made


def _by_bucket(
    classifier: Classifier, windows: Windows, compute: Features, cache: Cache
) -> dict[int, NDArray[np.float32]]:
    """Number of channels -> embeddings [n, C, N, D] of the windows that have so many, on disk."""
    key, found = _key(classifier, windows), {}
    for bucket in windows.in_order(len(windows)):
        channels = int(windows.n_channels[bucket[0]])
        path = cache.folder / f"{key}-{channels}.npy"
        if _read(path, len(bucket)) is None:
            shape = (len(bucket), *_patch_shape(classifier, windows, channels))
            with atomic_path(path) as temporary:
                array = np.lib.format.open_memmap(temporary, "w+", np.float32, shape)
                for k in range(0, len(bucket), _AT_ONCE):
                    part = compute(bucket[k : k + _AT_ONCE]).float().cpu().numpy()
                    array[k : k + _AT_ONCE] = part
                array.flush()
        stored = _read(path, len(bucket))
        assert stored is not None
        found[channels] = stored
    return found


def _patch_shape(classifier: Classifier, windows: Windows, channels: int) -> tuple[int, int, int]:
    config = classifier.encoder.config
    return channels, windows.length // config.patch_samples, config.width


def _patch_gb(classifier: Classifier, windows: Windows) -> float:
    """GB that embeddings of every patch of these windows take."""
    return 4 * int(np.prod(_patch_shape(classifier, windows, int(windows.n_channels.sum())))) / _GB


def _read(path: Path, n: int) -> NDArray[np.float32] | None:
    """A stored array of ``n`` rows, on disk still; None where there is none that is whole."""
    try:
        array: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return array if array.dtype == np.float32 and len(array) == n else None


def _key(classifier: Classifier, windows: Windows) -> str:
    """Hash of all that embeddings follow from."""
    weights = hashlib.sha256()
    for name, tensor in sorted(classifier.encoder.state_dict().items()):
        weights.update(name.encode())
        weights.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    cut = hashlib.sha256(windows.owner.tobytes() + windows.start.tobytes())
    said: dict[str, Any] = {
        "encoder": classifier.encoder.config.model_dump(mode="json"),
        "weights": weights.hexdigest(),
        "pooling": "none" if classifier.attention else classifier.config.pooling,
        "per_patch": classifier.per_patch,
        "device": next(classifier.parameters()).device.type,
        "torch": torch.__version__,
        "inputs": windows.corpus.inputs(),
        "recordings": [r.id for r in windows.recordings],
        "windows": [cut.hexdigest(), windows.length],
    }
    return hash_json(said)
