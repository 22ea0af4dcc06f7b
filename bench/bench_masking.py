"""Time to make the masks of a batch, beside a pretraining step, and what the masks are like.

Run ``python bench/bench_masking.py``; prints Markdown tables. One thread; kinds are interleaved,
steps are fresh, and the table holds medians. A step of LaBraM's size takes about 3 s on two cores;
masks may take 1 % of it.
"""

# ruff: noqa: E402  (the pools of threads are set before NumPy starts them)
import os

for _pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"

import time
from collections.abc import Callable, Sequence
from itertools import product
from statistics import median

import numpy as np

from eegssl.masking.config import MaskingConfig
from eegssl.masking.determined import determined, electrode_pairs
from eegssl.masking.draw import draw_masks
from eegssl.masking.entropy import patch_entropy
from eegssl.signal.channels.electrodes import Geometry, geometry
from eegssl.signal.channels.positions import BEHIND_EARS, EARS, positions

REPEATS = 40
BATCH, N_PATCHES, PATCH = 16, 10, 200
STEP_S = 3.0
KINDS = ("random", "entropy", "block", "region-time", "region", "mixed")
# fmt: off
CHB_MIT = (
    "FP1-F7", "F7-T7", "T7-P7", "P7-O1", "FP1-F3", "F3-C3", "C3-P3", "P3-O1", "FP2-F4", "F4-C4",
    "C4-P4", "P4-O2", "FP2-F8", "F8-T8", "T8-P8", "P8-O2", "FZ-CZ", "CZ-PZ", "P7-T7", "T7-FT9",
    "FT9-FT10", "FT10-T8", "T8-P8",
)
TEN_TWENTY = (
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8", "P7", "P3", "Pz",
    "P4", "P8", "O1", "O2",
)
# fmt: on
TEN_TEN = tuple(n for n in positions() if n not in EARS and n not in BEHIND_EARS)
MONTAGES = {"CHB-MIT": CHB_MIT, "10-20": TEN_TWENTY, "10-10": TEN_TEN}


def timed(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def masks_of(config: MaskingConfig, channels: Sequence[str]) -> Callable[[int], np.ndarray]:
    """Step -> masks [B, C, N]."""
    where = Geometry(*(np.repeat(field[None], BATCH, axis=0) for field in geometry(channels)))
    weights = np.random.default_rng(0).random((BATCH, len(channels), N_PATCHES))
    samples = np.arange(BATCH)
    return lambda step: draw_masks(
        config, where, N_PATCHES, seed=0, step=step, samples=samples, weights=weights
    )


def speed() -> None:
    works = {
        (name, kind, exact): masks_of(MaskingConfig(kind=kind, exact=exact), channels)
        for (name, channels), kind, exact in product(MONTAGES.items(), KINDS, (False, True))
    }
    times: dict[tuple[str, str, bool], list[tuple[float, float]]] = {key: [] for key in works}
    for step in range(REPEATS):
        for key, work in works.items():
            times[key].append(timed(lambda work=work, step=step: work(step)))
    print(f"Masks of a batch of {BATCH} windows of {N_PATCHES} patches, one thread\n")
    print("| montage | channels | kind | exact | wall ms | CPU ms | of a 3 s step |")
    print("|---|---|---|---|---|---|---|")
    for (name, kind, exact), pairs in times.items():
        wall, cpu = median(w for w, _ in pairs), median(c for _, c in pairs)
        print(
            f"| {name} | {len(MONTAGES[name])} | {kind} | {'yes' if exact else 'no'} "
            f"| {wall * 1e3:.2f} | {cpu * 1e3:.2f} | {wall / STEP_S:.3%} |"
        )


def what_they_are_like() -> None:
    print("\nShare hidden, and how much of it visible channels determine exactly; 640 masks each\n")
    print("| montage | kind | exact | hidden, mean ± SD | determined | … of its complement |")
    print("|---|---|---|---|---|---|")
    for (name, channels), kind, exact in product(MONTAGES.items(), KINDS, (False, True)):
        if exact and kind in ("random", "entropy"):
            continue
        work = masks_of(MaskingConfig(kind=kind, exact=exact), channels)
        masks = np.concatenate([work(step) for step in range(40)])
        ratios, pairs = masks.mean(axis=(1, 2)), electrode_pairs(channels)
        share, of_complement = (determined(pairs, m).sum() / m.sum() for m in (masks, ~masks))
        print(
            f"| {name} | {kind} | {'yes' if exact else 'no'} "
            f"| {ratios.mean():.3f} ± {ratios.std():.3f} | {share:.2%} | {of_complement:.2%} |"
        )


def entropy() -> None:
    signal = np.random.default_rng(0).standard_normal((BATCH, 23, N_PATCHES * PATCH))
    pairs = [timed(lambda: patch_entropy(signal.astype(np.float32), PATCH)) for _ in range(10)]
    wall, cpu = median(w for w, _ in pairs), median(c for _, c in pairs)
    hour = wall * 3600 / (BATCH * N_PATCHES)
    print(
        f"\nEntropy of the patches of a batch of {BATCH} × 23 × {N_PATCHES}: {wall * 1e3:.0f} ms "
        f"(CPU {cpu * 1e3:.0f}), {hour:.2f} s for an hour of 23 channels"
    )


if __name__ == "__main__":
    speed()
    what_they_are_like()
    entropy()
