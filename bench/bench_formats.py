"""Time of the whole stage for an hour of EEG in each format that mne reads, beside EDF.

Run ``python bench/bench_formats.py [seconds] [repeats]``; prints Markdown. The recording is the
synthetic one of ``bench_preprocess.py``: 23 channels at 256 Hz, in the page cache, one thread. What
is timed is all that ``preprocess`` does with a file: look, read, clean, flag, write, hash. Repeats
are interleaved, and the tables hold medians; mne is imported before.
"""

# ruff: noqa: E402  (the pools of threads are set before NumPy starts them)
import os

for _pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import mne.io  # noqa: F401
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

import eegfiles
from bench_preprocess import CHANNELS, ELECTRODES, SFREQ_HZ, time_all, whole_stage

from eegssl.io.edf.edf_writer import write_edf
from eegssl.io.formats.through_mne import mne_reader

EDF = "EDF, without mne"


def files(folder: Path, signal_uv: np.ndarray) -> dict[str, Path]:
    """The recording in each format, by name; EDF comes first."""
    common = (ELECTRODES[:CHANNELS], signal_uv, int(SFREQ_HZ))
    return {
        EDF: write_edf(folder / "a.edf", signal_uv, ELECTRODES[:CHANNELS], SFREQ_HZ),
        "BrainVision, int16": eegfiles.write_brainvision(folder / "b.vhdr", *common),
        "EEGLAB, float32 in the .set": eegfiles.write_set(folder / "c.set", *common),
        "EEGLAB, float32 in an .fdt": eegfiles.write_set(folder / "d.set", *common, apart=True),
        "FIF, float32": eegfiles.write_fif(folder / "e_raw.fif", *common),
        "GDF, int16": eegfiles.write_gdf(folder / "f.gdf", *common),
        "CNT, int16": eegfiles.write_cnt(folder / "g.cnt", *common),
    }


def stage(path: Path, out: Path) -> None:
    """The whole stage, with the file opened anew as in a worker that had another before."""
    mne_reader._raw.cache_clear()
    mne_reader._block.cache_clear()
    whole_stage(path, out)


def main(seconds: int = 3600, repeats: int = 5) -> None:
    """Write the files, time them, and print one table."""
    rng = np.random.default_rng(0)
    signal_uv = np.round(rng.normal(0, 30, (CHANNELS, seconds * int(SFREQ_HZ))), 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work: dict[str, Callable[[], object]] = {
            label: partial(stage, path, folder) for label, path in files(folder, signal_uv).items()
        }
        times = time_all(work, repeats)
    edf = median(times[EDF][1])
    print("| format | median s | CPU s | CPU: × EDF |\n|---|---|---|---|")
    for label, (wall, cpu) in times.items():
        row = f"{median(wall):.2f} | {median(cpu):.2f} | {median(cpu) / edf:.1f}"
        print(f"| {label} | {row} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
