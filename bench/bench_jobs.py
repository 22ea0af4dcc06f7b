"""The stage preprocess in one and in two processes, beside what two processes of the machine give.

Run ``python bench/bench_jobs.py [hours] [repeats]``; prints Markdown. The corpus is synthetic: a
file for each hour of 23 channels at 256 Hz, each of another subject, read from the page cache. The
command is run as a user runs it, with its start, its look, its pages and its end; repeats are
interleaved. The ceiling is the work on one file (`bench_preprocess.whole_stage`), done as often by
one process and by two at once: caches and memory that the cores share bound it.
"""

# ruff: noqa: E402  (the pools of threads are set before NumPy starts them)
import os

for _pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"

import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from bench_preprocess import CHANNELS, ELECTRODES, SFREQ_HZ, whole_stage

from eegssl.io.edf.edf_writer import write_edf

FILES_AT_ONCE = 6


def main() -> None:
    hours = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = write_corpus(folder / "edf", hours)
        times: dict[str, list[float]] = {"1": [], "2": [], "one": [], "two": []}
        for _ in range(repeats):
            for jobs in ("1", "2"):
                times[jobs].append(of_command(folder, jobs))
            times["one"].append(of_workers(files, folder, 1))
            times["two"].append(of_workers(files, folder, 2))
    print(
        f"{hours} files of an hour, {repeats} repeats, load {os.getloadavg()[0]:.1f} at the end\n"
    )
    print("| | one process, s | two, s | ratio |\n|---|---|---|---|")
    for words, one, two in (
        ("`eegssl preprocess`, all of it", "1", "2"),
        (f"the work on {FILES_AT_ONCE} files alone (ceiling)", "one", "two"),
    ):
        a, b = median(times[one]), median(times[two])
        print(f"| {words} | {a:.2f} | {b:.2f} | {a / b:.2f} |")


def write_corpus(folder: Path, hours: int) -> list[Path]:
    """A file of noise for each hour, of a subject of its own."""
    rng, paths = np.random.default_rng(0), []
    for k in range(hours):
        path = folder / f"sub-{k:03d}" / "a.edf"
        path.parent.mkdir(parents=True)
        signal_uv = 30 * rng.standard_normal((CHANNELS, int(SFREQ_HZ) * 3600), np.float32)
        write_edf(path, signal_uv, ELECTRODES, int(SFREQ_HZ))
        paths.append(path)
    return paths


def of_command(folder: Path, jobs: str) -> float:
    """Seconds of the command."""
    out = folder / f"out{jobs}"
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "eegssl", "preprocess", str(folder / "edf")]
    begin = time.perf_counter()
    subprocess.run(
        [*command, "--out", str(out), "--jobs", jobs], check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - begin


def of_workers(files: list[Path], folder: Path, n: int) -> float:
    """Seconds that ``n`` processes, which are ready, take for some files together."""
    with multiprocessing.Pool(n) as pool:
        pool.map(ready, range(n), chunksize=1)
        begin = time.perf_counter()
        tasks = [(path, folder / f"alone{k}") for k, path in enumerate(files[:FILES_AT_ONCE])]
        pool.starmap(into, tasks, chunksize=1)
        return time.perf_counter() - begin


def ready(_: int) -> None:
    time.sleep(0.2)


def into(path: Path, out: Path) -> None:
    """Do all that preprocess does with a file, in a new folder."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    whole_stage(path, out)


if __name__ == "__main__":
    main()
