"""Speed of the synthetic corpus on one core, beside a floor: white noise, quantised and written.

Run ``python bench/bench_synth.py [seconds]``; prints one Markdown table. Repeats are interleaved,
the table holds medians, CPU time beside wall time, and seconds of EEG per second of CPU.
"""

# ruff: noqa: E402  (the pools of threads are set before NumPy starts them)
import os

for _pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from eegssl.io.edf.edf_writer import EdfSignal, EdfWriter
from eegssl.stages.synth import write_recording
from eegssl.synth.anatomy import build_head
from eegssl.synth.config import SynthConfig
from eegssl.synth.schedule import plan_recording
from eegssl.synth.subject import draw_subjects

REPEATS = 5


def write_floor(folder: Path, sfreq_hz: int, duration_s: int, channels: int) -> None:
    """White noise in blocks of 8 s, rounded to int16 and written raw."""
    rng = np.random.default_rng(0)
    with (folder / "floor.raw").open("wb") as stream:
        for _ in range(duration_s // 8):
            noise = rng.standard_normal((channels, 8 * sfreq_hz), dtype=np.float32)
            stream.write((noise * 100).astype(np.int16).tobytes())


def write_noise_edf(folder: Path, sfreq_hz: int, duration_s: int, channels: int) -> None:
    """The same noise through the EDF+ writer."""
    rng = np.random.default_rng(0)
    signals = [EdfSignal(f"E{i}") for i in range(channels)]
    with EdfWriter(folder / "noise.edf", signals, sfreq_hz) as writer:
        for _ in range(duration_s // 8):
            writer.append(rng.standard_normal((channels, 8 * sfreq_hz), dtype=np.float32))


def timed(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    duration_s = int(sys.argv[1]) if len(sys.argv) > 1 else 3600
    start = time.perf_counter()
    head = build_head()
    print(f"head model, once: {time.perf_counter() - start:.2f} s\n")
    print(f"{duration_s} s of EEG, one core, median of {REPEATS}\n")
    print("| what | Hz | channels | wall s | CPU s | × real time (CPU) | × floor |")
    print("|---|---|---|---|---|---|---|")
    for sfreq_hz in (256, 512):
        config = SynthConfig(duration_s=duration_s, sfreqs_hz=(sfreq_hz,), seed=1)
        ill = (s for s in draw_subjects(config) if s.reference == "linked-ears" and s.has_epilepsy)
        plan = plan_recording(config, next(ill), 0)
        channels = 19 + plan.subject.has_ecg
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            works: dict[str, Callable[[], object]] = {
                "floor: white noise, int16": lambda f=folder, s=sfreq_hz, c=channels: write_floor(
                    f, s, duration_s, c
                ),
                "white noise, EDF+": lambda f=folder, s=sfreq_hz, c=channels: write_noise_edf(
                    f, s, duration_s, c
                ),
                "synthetic EEG": lambda f=folder, p=plan: write_recording(p, head, f),
            }
            times: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
            for _ in range(REPEATS):
                for name, work in works.items():
                    times[name].append(timed(work))
        floor = median(cpu for _, cpu in times["floor: white noise, int16"])
        for name, pairs in times.items():
            wall, cpu = median(w for w, _ in pairs), median(c for _, c in pairs)
            print(
                f"| {name} | {sfreq_hz} | {channels} | {wall:.2f} | {cpu:.2f} "
                f"| {duration_s / cpu:.0f} | {cpu / floor:.1f} |"
            )
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of the process: {peak_mib:.0f} MiB (head model and imports included)")


if __name__ == "__main__":
    main()
