"""Cost of drawing, reading and masking batches of a corpus of any size, beside floors.

Run ``python bench/bench_loader.py [FOLDER] [--recordings 70000]``; prints Markdown. The corpus is
simulated (``simulated_corpus.py``) and made in FOLDER, or in one that is removed, beside another of
70 recordings. Files are in the system's cache: what a slow disk adds is not in the numbers. Medians
of wall and of processor time; what is compared is interleaved, so that a busy machine is busy for
all. One thread, but for the last table.

- A draw is beside NumPy's own, and beside one that goes through all windows, as eegssl's did.
- A batch is drawn, read and masked, its codes read too, with no file open yet that it needs. The
  floor reads the same bytes of signal by ``np.memmap``. The bar is 5 ms and 50 µs a window.
- Rates are of a loader whose batches are thrown away: processes of torch's ``DataLoader``, and
  threads, that ship float32 in µV or int16 with scales.
"""

# ruff: noqa: E402  (the pools of threads are set before NumPy starts them)
import os

for _pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import prod
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from simulated_corpus import PATCH, WINDOW_S, write_corpus

from eegssl.artifacts.contract import open_artifact
from eegssl.corpus.codes.tokens import CONTRACT, Codes, open_codes
from eegssl.corpus.config import SamplingConfig
from eegssl.corpus.sampling import Sampler, sampler
from eegssl.corpus.signals import blocks_of
from eegssl.corpus.store import open_corpus
from eegssl.corpus.windows import Windows, tile
from eegssl.masking.config import MaskingConfig
from eegssl.masking.draw import draw_masks

SMALL, GRAIN, STEPS = 70, 32, 120
WAYS = {"random": {}, "seizures": {"ictal_share": 0.2}, "epoch": {"order": "epoch"}}
Job = Callable[[int], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--recordings", type=int, default=70_000)
    parser.add_argument("--open", type=Path, help="open this corpus, print what it cost, and end")
    args = parser.parse_args()
    if args.open:
        print(json.dumps(opening(args.open)))
        return
    if args.folder:
        run(args.folder, args.recordings)
        return
    with TemporaryDirectory() as folder:
        run(Path(folder), args.recordings)


def run(parent: Path, n_recordings: int) -> None:
    folders = {n: parent / str(n) for n in (SMALL, n_recordings)}
    for n, folder in folders.items():
        if not folder.exists():
            folder.mkdir(parents=True)
            write_corpus(folder, n)
    print(f"Load of {os.cpu_count()} cores when this began: {os.getloadavg()[0]:.1f}\n")
    print_opening(folders)
    opened = {n: opened_codes(folder) for n, folder in folders.items()}
    print_draws(opened)
    print_batches(opened[n_recordings])
    print_rates(opened[n_recordings])


def opened_codes(folder: Path) -> Codes:
    corpus = open_corpus([folder / "recordings"])
    windows = tile(corpus, corpus.of_split("train"), WINDOW_S)
    return open_codes(open_artifact(folder / "tokens", CONTRACT), windows)


def opening(folder: Path) -> dict[str, float]:
    """Seconds and peak memory of opening a corpus in this process, NumPy imported."""
    wall, cpu = time.perf_counter(), time.process_time()
    sampler(opened_codes(folder).windows, SamplingConfig(), GRAIN)
    peak_mb = peak_kb() / 1024
    took = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall_s": took[0], "cpu_s": took[1], "peak_mb": peak_mb}


def peak_kb() -> int:
    """Most memory of this process; what getrusage says has that of its parent in it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))


def print_opening(folders: dict[int, Path]) -> None:
    print("Opening recordings and tokens, tiling and a sampler; a process of its own, imports not")
    print("counted as time\n\n| recordings | wall s | CPU s | peak MB |\n|---|---|---|---|")
    for n, folder in folders.items():
        command = [sys.executable, __file__, "--open", str(folder)]
        runs = [json.loads(subprocess.check_output(command)) for _ in range(3)]
        values = {name: median(run[name] for run in runs) for name in runs[0]}
        print(
            f"| {n:,} | {values['wall_s']:.2f} | {values['cpu_s']:.2f} | {values['peak_mb']:.0f} |"
        )


def listed_draw(windows: Windows) -> Callable[[int, int], object]:
    """Draws as they were: each goes through the numbers of channels and weights of all windows."""
    widths = windows.n_channels

    def draw(n: int, step: int) -> object:
        rng = np.random.default_rng([0, step])
        mass = np.ones(len(widths))
        counts = np.unique(widths)
        share = np.array([mass[widths == count].sum() for count in counts])
        count = rng.choice(counts, p=share / share.sum())
        places = np.flatnonzero((widths == count) & (mass > 0))
        return rng.choice(places, n, replace=False, p=mass[places] / mass[places].sum())

    return draw


def print_draws(opened: dict[int, Codes]) -> None:
    jobs: dict[tuple[str, int, int], Job] = {}
    for n, codes in opened.items():
        windows = codes.windows
        before = listed_draw(windows)
        for size in (GRAIN, 8 * GRAIN):
            for way, settings in WAYS.items():
                draws = sampler(windows, SamplingConfig(**settings), size)
                jobs[way, size, n] = lambda k, d=draws, b=size: d.grains(b, seed=0, step=k)
            jobs["floor: NumPy's choice", size, n] = lambda k, b=size, m=len(windows): (
                np.random.default_rng([0, k]).choice(m, b, replace=False)
            )
            jobs["before: all windows", size, n] = lambda k, b=size, d=before: d(b, k)
    slow = {key for key in jobs if key[0].startswith("before")}  # they empty the caches
    times = timed({key: job for key, job in jobs.items() if key not in slow}, STEPS)
    times |= timed({key: jobs[key] for key in slow}, 3)
    small, large = opened
    print(f"\nA draw, ms of processor time\n\n| way | batch | {small:,} recordings | {large:,} |")
    print("|---|---|---|---|")
    for way, size, n in jobs:
        if n == small:
            pair = [median(cpu for _, cpu in times[way, size, m]) * 1e3 for m in (small, large)]
            print(f"| {way} | {size} | {pair[0]:.3f} | {pair[1]:.3f} |")


def timed(jobs: dict, repeats: int) -> dict:
    """Wall and processor seconds of each repeat of each job, in turns."""
    times: dict = {key: [] for key in jobs}
    for step in range(repeats):
        for key, job in jobs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            job(step)
            times[key].append((time.perf_counter() - wall, time.process_time() - cpu))
    return times


def read(
    codes: Codes, draws: Sampler, size: int, step: int, *, raw: bool = False, coded: bool = True
) -> list:
    """The arrays of a batch: samples (and scales), geometry, masks, codes unless not ``coded``."""
    arrays = []
    for index in draws.grains(size, seed=0, step=step):
        pieces, geometry = codes.windows.pieces(index), codes.windows.geometry(index)
        signal = [pieces.values, pieces.scale_uv] if raw else [pieces.in_uv()]
        n_patches = codes.windows.length // PATCH
        masks = draw_masks(MaskingConfig(), geometry, n_patches, seed=0, step=step, samples=index)
        arrays.append([*signal, *geometry, masks, *([codes.of(index)] if coded else [])])
    return arrays


def mapped_anew(windows: Windows, draws: Sampler, size: int, step: int) -> None:
    """The floor: blocks of windows by ``np.memmap``, at an offset that is known."""
    for index in draws.grains(size, seed=1, step=step):
        for owner, start in zip(*windows.locate(index), strict=True):
            recording = windows.recordings[owner]
            n_blocks, length = blocks_of(recording.n_samples)
            shape = n_blocks, len(recording.channels), length
            offset = recording.path.stat().st_size - 2 * prod(shape)
            data = np.memmap(recording.path, "<i2", "r", offset - offset % 2, shape)
            np.array(data[start // length : -(-(start + windows.length) // length)])


def print_batches(codes: Codes) -> None:
    draws = sampler(codes.windows, SamplingConfig(), GRAIN)
    sizes = (16, 32, 64, 256)
    jobs: dict[tuple[str, int], Job] = {}
    for size in sizes:
        jobs["batch", size] = lambda k, b=size: read(codes, draws, b, 1000 * b + k)
        jobs["raw", size] = lambda k, b=size: read(codes, draws, b, 2000 * b + k, raw=True)
        jobs["uncoded", size] = lambda k, b=size: read(
            codes, draws, b, 3000 * b + k, raw=True, coded=False
        )
        jobs["floor", size] = lambda k, b=size: mapped_anew(codes.windows, draws, b, 1000 * b + k)
    times = timed(jobs, 25)
    print("\nA batch, its files not open yet, ms of wall (processor) time\n")
    print("| windows | µV, float32 | as stored, int16 | the same without codes |", end="")
    print(" floor: bytes by np.memmap | bar |\n|---|---|---|---|---|---|")
    for size in sizes:
        cells = [
            f"{median(w for w, _ in times[name, size]) * 1e3:.1f} "
            f"({median(c for _, c in times[name, size]) * 1e3:.1f})"
            for name in ("batch", "raw", "uncoded", "floor")
        ]
        print(f"| {size} | {' | '.join(cells)} | {5 + 0.05 * size:.1f} |")


def print_rates(codes: Codes) -> None:
    import torch
    from torch.utils.data import DataLoader, Dataset

    draws = sampler(codes.windows, SamplingConfig(), GRAIN)

    class Batches(Dataset):
        def __init__(self, raw: bool) -> None:
            self.raw = raw

        def __getitem__(self, step: int) -> list[list[torch.Tensor]]:
            arrays = read(codes, draws, GRAIN, step, raw=self.raw)
            return [[torch.from_numpy(array) for array in part] for part in arrays]

    def by_processes(n: int, raw: bool) -> Iterator[object]:
        options = {"prefetch_factor": 2} if n else {}
        steps = range(5000, 5000 + STEPS)
        same = lambda parts: parts  # noqa: E731
        return iter(
            DataLoader(
                Batches(raw),
                batch_size=None,
                sampler=steps,
                num_workers=n,
                collate_fn=same,
                **options,
            )
        )

    def by_threads(n: int, raw: bool) -> Iterator[object]:
        with ThreadPoolExecutor(n) as pool:
            yield from pool.map(Batches(raw).__getitem__, range(9000, 9000 + STEPS))

    print(f"\nWindows a second, batches of {GRAIN}, {torch.__version__}\n")
    print("| loader | µV, float32 | as stored, int16 |\n|---|---|---|")
    ways = {"in process": lambda raw: by_processes(0, raw)}
    ways |= {f"{n} process(es)": lambda raw, n=n: by_processes(n, raw) for n in (1, 2)}
    ways |= {f"{n} thread(s)": lambda raw, n=n: by_threads(n, raw) for n in (1, 2)}
    rates = {(way, raw): [] for way in ways for raw in (False, True)}
    for _ in range(3):
        for way, raw in rates:
            rates[way, raw].append(rate(ways[way](raw)))
    for way in ways:
        pair = [median(rates[way, raw]) for raw in (False, True)]
        print(f"| {way} | {pair[0]:,.0f} | {pair[1]:,.0f} |")


def rate(batches: Iterator[object]) -> float:
    """Windows a second after the first tenth of the batches."""
    for _ in range(STEPS // 10):
        next(batches)
    begun, n = time.perf_counter(), 0
    for _ in batches:
        n += GRAIN
    return n / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
