"""Long recordings of noise, written and told of block by block, for tests and measurements."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eegssl.io.edf.edf_writer import EdfSignal, EdfWriter

ELECTRODES = (
    *("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8"),
    *("P7", "P3", "Pz", "P4", "P8", "O1", "O2", "FT9", "FT10", "Oz", "Fpz"),
)
"""23 electrodes of the 10-10 system."""
_BLOCK_S = 60


def write_long_edf(
    path: Path,
    duration_s: int,
    names: Sequence[str] = ELECTRODES,
    sfreq_hz: int = 256,
    *,
    seed: int = 0,
    annotations: Sequence[tuple[float, float, str]] = (),
) -> Path:
    """Write noise of 30 µV, in whole seconds; no more than a minute of it is in memory.

    ``annotations`` are (onset_s, duration_s, text).
    """
    rng = np.random.default_rng(seed)
    signals = [EdfSignal(name, physical_max=500.0) for name in names]
    with EdfWriter(path, signals, sfreq_hz, annotations=annotations) as writer:
        for start_s in range(0, duration_s, _BLOCK_S):
            n_samples = min(_BLOCK_S, duration_s - start_s) * sfreq_hz
            noise = rng.standard_normal((len(names), n_samples), np.float32)
            noise *= 30
            writer.append(noise)
    return path


def memory_mb(which: str) -> float:
    """This process's memory in 10^6 bytes, by its name in Linux: ``VmHWM`` is the peak of all."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(which))
