"""Speed of reading and cleaning an hour of EEG on one core, beside a floor and the usual readers.

Run ``python bench/bench_preprocess.py [seconds]``; prints one Markdown table. The recording is
synthetic, 23 channels at 256 Hz. Repeats are interleaved; the table holds medians and ranges of
wall time, and each median as a multiple of the floor, measured in the same run.
"""

# ruff: noqa: E402  (the pools of threads are set before NumPy starts them)
import os

for _pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import mne
import numpy as np
import pyedflib

from eegssl.corpus.signals import map_signal, write_signal
from eegssl.io.edf import iter_signals, read_header
from eegssl.io.edf_writer import write_edf
from eegssl.signal.config import FilterConfig
from eegssl.signal.filters import clean

REPEATS, CHANNELS, SFREQ_HZ = 5, 23, 256
mne.set_log_level("ERROR")


def read_with_pyedflib(path: Path) -> None:
    """All signals as pyedflib gives them."""
    with pyedflib.EdfReader(str(path)) as reader:
        for k in range(CHANNELS):
            reader.readSignal(k)


def clean_with_mne(signal_uv: np.ndarray) -> None:
    """The same chain by mne: band-pass, notch, resampling by FFT."""
    x = mne.filter.filter_data(signal_uv, SFREQ_HZ, 0.5, 70.0, verbose=False)
    x = mne.filter.notch_filter(x, SFREQ_HZ, 60.0, filter_length="auto", verbose=False)
    mne.filter.resample(x, up=200.0, down=SFREQ_HZ, verbose=False)


def random_windows(path: Path) -> None:
    """A thousand random windows of 10 s from the stored recording."""
    stored, rng = map_signal(path), np.random.default_rng(0)
    for start in rng.integers(0, stored.data.shape[1] - 2000, 1000):
        stored.read_uv(int(start), int(start) + 2000)


def main() -> None:
    duration_s = int(sys.argv[1]) if len(sys.argv) > 1 else 3600
    rng = np.random.default_rng(0)
    signal = 30 * rng.standard_normal((CHANNELS, SFREQ_HZ * duration_s))
    with tempfile.TemporaryDirectory() as name:
        edf, stored = Path(name, "a.edf"), Path(name, "a.safetensors")
        write_edf(edf, signal, [f"E{k}" for k in range(CHANNELS)], SFREQ_HZ)
        cleaned = clean(signal, SFREQ_HZ, FilterConfig(), 60.0).signal_uv
        write_signal(stored, cleaned)
        work: dict[str, Callable[[], object]] = {
            "floor: copy the float32 signal": signal.astype(np.float32).copy,
            "read EDF, eegssl": lambda: list(iter_signals(read_header(edf), range(CHANNELS))),
            "read EDF, mne": lambda: mne.io.read_raw_edf(edf, preload=True),
            "read EDF, pyedflib": lambda: read_with_pyedflib(edf),
            "clean, eegssl": lambda: clean(signal, SFREQ_HZ, FilterConfig(), 60.0),
            "clean, mne": lambda: clean_with_mne(signal),
            "store int16": lambda: write_signal(stored, cleaned),
            "1,000 random windows [23, 2000]": lambda: random_windows(stored),
        }
        seconds: dict[str, list[float]] = {label: [] for label in work}
        for _ in range(REPEATS):
            for label, call in work.items():
                start = time.perf_counter()
                call()
                seconds[label].append(time.perf_counter() - start)
    floor = median(next(iter(seconds.values())))
    print(f"{duration_s} s of EEG, {CHANNELS} channels, {SFREQ_HZ} Hz, {REPEATS} repeats\n")
    print("| work | median s | min-max s | × floor |\n|---|---|---|---|")
    for label, times in seconds.items():
        spread = f"{min(times):.3f}-{max(times):.3f}"
        print(f"| {label} | {median(times):.3f} | {spread} | {median(times) / floor:.1f} |")


if __name__ == "__main__":
    main()
