"""Compute what a head reads of windows; cache embeddings of frozen encoders.

Cached files are plain float32 arrays. Their names hash all that they depend on (weights, windows,
recordings, layer, pooling), so that another head on the same encoder and windows finds them.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eegssl.adaptation.classifier import Classifier
from eegssl.artifacts.atomic import atomic_path, hash_json
from eegssl.artifacts.system_errors import system_errors
from eegssl.corpus.windows import Windows
from eegssl.regular_files import require_regular
from eegssl.training.batches import to_tensors

_AT_ONCE = 64  # windows per forward pass; the last bits of an embedding depend on it
_READ_AT_ONCE = 1024
_GB = 1e9
_OnDisk = np.memmap[Any, np.dtype[np.float32]]

Features = Callable[[NDArray[np.int64]], Tensor]
"""Windows at an index, of equally many channels -> what `Classifier.classify` reads."""


@dataclass(frozen=True)
class Cache:
    """Folder of cached embeddings of frozen encoders, and the GB that those of patches may take.

    Where patches need more, each step computes them again.
    """

    folder: Path
    most_gb: float


def features_of(
    classifier: Classifier, windows: Windows, device: torch.device, cache: Cache | None = None
) -> Features:
    """A function from indices of these windows to what a head reads of them.

    A frozen encoder embeds each window once: pooled embeddings stay in memory, those of single
    patches on disk. An encoder that trains embeds the windows of each call.
    """
    windows = as_read(classifier, windows)

    def compute(index: NDArray[np.int64]) -> Tensor:
        return classifier.embed(*to_tensors(windows.batch(index), device))

    if not classifier.frozen:
        return compute
    if classifier.attention is None:
        pooled = torch.from_numpy(np.array(_pooled(classifier, windows, compute, cache)))
        on_device = pooled.to(device)
        return lambda index: on_device[torch.from_numpy(index).to(device, non_blocking=True)]
    if cache is None or _patch_gb(classifier, windows) > cache.most_gb:
        return compute
    parts = _by_bucket(classifier, windows, compute, cache)
    place = np.zeros(len(windows), dtype=np.int64)
    for bucket in windows.in_order(len(windows)):
        place[bucket] = np.arange(len(bucket))

    def look_up(index: NDArray[np.int64]) -> Tensor:
        part = parts[int(windows.n_channels[index[0]])]
        return torch.from_numpy(part[place[index]]).to(device, non_blocking=True)

    return look_up


def features_in_order(classifier: Classifier, windows: Windows, device: torch.device) -> Features:
    """`features_of` for indices that are asked for once each, in the order of the windows.

    Embeddings are those of the same passes to the last bit, and few of them are in memory.
    """
    if not classifier.frozen or classifier.attention is not None:
        return features_of(classifier, windows, device)
    windows = as_read(classifier, windows)
    passes = windows.in_order(_AT_ONCE)
    rows: dict[int, Tensor] = {}

    def take(index: NDArray[np.int64]) -> Tensor:
        places = index.tolist()
        while not rows.keys() >= set(places):
            ahead = next(passes)
            pooled = classifier.embed(*to_tensors(windows.batch(ahead), device)).float()
            rows.update(zip(ahead.tolist(), pooled, strict=True))
        return torch.stack([rows.pop(place) for place in places])

    return take


@torch.no_grad()
def embed_windows(
    classifier: Classifier, windows: Windows, device: torch.device, cache: Cache | None = None
) -> NDArray[np.float64]:
    """Pooled embeddings [n, W] of windows, in their order, from a frozen classifier."""
    classifier.to(device).eval()
    features = features_of(classifier, windows, device, cache)
    batches = ((index, features(index).cpu().double()) for index in windows.in_order(_READ_AT_ONCE))
    return _gathered(batches, len(windows), np.float64)


@torch.no_grad()
def cache_layers(
    classifier: Classifier, windows: Windows, device: torch.device, cache: Cache
) -> None:
    """Cache the pooled embeddings of windows of every layer, from one pass of a frozen encoder."""
    classifier.to(device).eval()
    windows = as_read(classifier, windows)
    layers = range(classifier.depth + 1)
    paths = [cache.folder / f"{key}.npy" for key in _keys(classifier, windows, layers)]
    if all(_read(path, len(windows)) is not None for path in paths):
        return
    with ExitStack() as written:
        temporary = [written.enter_context(atomic_path(path)) for path in paths]
        arrays: list[_OnDisk] = []
        for index in windows.in_order(_AT_ONCE):
            inputs = to_tensors(windows.batch(index), device)
            for layer, pooled in enumerate(classifier.embed_layers(*inputs)):
                if layer == len(arrays):
                    arrays.append(_open(temporary[layer], (len(windows), *pooled.shape[1:])))
                arrays[layer][index] = pooled.float().cpu().numpy()
        for array in arrays:
            array.flush()


def as_read(classifier: Classifier, windows: Windows) -> Windows:
    """The windows, of the channels that the classifier reads."""
    return windows.of_channels(classifier.channels) if classifier.channels else windows


def _pooled(
    classifier: Classifier, windows: Windows, compute: Features, cache: Cache | None
) -> NDArray[np.float32]:
    """Pooled embeddings [n, ...] of all windows."""
    (key,) = _keys(classifier, windows, [classifier.layer]) if cache else ("",)
    path = cache.folder / f"{key}.npy" if cache else None
    if path and (stored := _read(path, len(windows))) is not None:
        return stored
    batches = ((index, compute(index).float()) for index in windows.in_order(_AT_ONCE))
    pooled = _gathered(batches, len(windows), np.float32)
    if path:
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, pooled, allow_pickle=False)
    return pooled


def _gathered(
    batches: Iterable[tuple[NDArray[np.int64], Tensor]], n: int, dtype: type[np.floating]
) -> NDArray[Any]:
    """Rows [n, ...] of batches, each row at its index."""
    rows: NDArray[Any] | None = None
    for index, batch in batches:
        if rows is None:
            rows = np.empty((n, *batch.shape[1:]), dtype)
        rows[index] = batch.cpu().numpy()
    assert rows is not None
    return rows


def _by_bucket(
    classifier: Classifier, windows: Windows, compute: Features, cache: Cache
) -> dict[int, NDArray[np.float32]]:
    """Number of channels -> embeddings [n, C, N, D] of the windows with so many, on disk."""
    (key,), parts = _keys(classifier, windows, [classifier.layer]), {}
    for bucket in windows.in_order(len(windows)):
        channels = int(windows.n_channels[bucket[0]])
        path = cache.folder / f"{key}-{channels}.npy"
        if _read(path, len(bucket)) is None:
            shape = (len(bucket), *_patch_shape(classifier, windows, channels))
            with atomic_path(path) as temporary:
                array = _open(temporary, shape)
                for k in range(0, len(bucket), _AT_ONCE):
                    part = compute(bucket[k : k + _AT_ONCE]).float().cpu().numpy()
                    array[k : k + _AT_ONCE] = part
                array.flush()
        stored = _read(path, len(bucket))
        assert stored is not None
        parts[channels] = stored
    return parts


def _patch_shape(classifier: Classifier, windows: Windows, channels: int) -> tuple[int, int, int]:
    config = classifier.encoder.config
    return channels, windows.length // config.patch_samples, config.width


def _patch_gb(classifier: Classifier, windows: Windows) -> float:
    """Size in GB of the embeddings of all patches of these windows."""
    return 4 * int(np.prod(_patch_shape(classifier, windows, windows.total_channels))) / _GB


def _open(path: Path, shape: tuple[int, ...]) -> _OnDisk:
    """Make an array on disk, to be filled; OSError where there is no room for it."""
    array: _OnDisk = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    with path.open("r+b") as stream, system_errors(path, array.nbytes):
        os.posix_fallocate(stream.fileno(), 0, os.fstat(stream.fileno()).st_size)
    return array


def _read(path: Path, n: int) -> NDArray[np.float32] | None:
    """A stored array of ``n`` rows, mapped from disk; None if it is missing or incomplete."""
    try:
        array: NDArray[np.float32] = np.load(
            require_regular(path), mmap_mode="r", allow_pickle=False
        )
    except (OSError, ValueError, EOFError):
        return None
    return array if array.dtype == np.float32 and len(array) == n else None


def _keys(classifier: Classifier, windows: Windows, layers: Iterable[int]) -> list[str]:
    """Hashes of all that the embeddings of these layers depend on."""
    weights = hashlib.sha256()
    for name, tensor in sorted(classifier.encoder.state_dict().items()):
        weights.update(name.encode())
        weights.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    cut = hashlib.sha256(windows.owner.tobytes() + windows.start.tobytes())
    dependencies: dict[str, Any] = {
        "encoder": classifier.encoder.config.model_dump(mode="json"),
        "weights": weights.hexdigest(),
        "pooling": "none" if classifier.attention else classifier.config.pooling,
        "per_patch": classifier.per_patch,
        "device": next(classifier.parameters()).device.type,
        "torch": torch.__version__,
        "inputs": windows.corpus.inputs(),
        "recordings": [r.id for r in windows.recordings],
        "windows": [cut.hexdigest(), windows.length],
        "channels": windows.channels,
    }
    if windows.alteration:
        dependencies["alteration"] = windows.alteration
    if windows.montages:
        dependencies["montages"] = [windows.channels_of(k) for k in range(len(windows))]
    return [hash_json({**dependencies, "layer": layer}) for layer in layers]
