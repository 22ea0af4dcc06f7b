"""Time and memory of looking at many files, and of finding copies among many recordings.

Run ``python bench/bench_scale.py FOLDER [--files 1000 5000 20000] [--seconds 7]``; prints Markdown.
The files are synthetic stubs of EDF, one a subject, of 23 signals of noise at 200 Hz, labelled as
TUH's, made in FOLDER and kept there. Each number of files is looked at (``preprocess --plan``) in a
process of its own: what has to stay the same is the time a file; the memory of the main process
grows by what it keeps of a file. Stubs of one second (``--seconds 1``) are refused as too short.

Copies are found among simulated sketches, 256 hashes each, some of which are copies of another.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from multiprocessing import forkserver
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from eegssl.artifacts.context import Context
from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.corpus.audits.duplicates import find_duplicates
from eegssl.io.edf.edf_writer import write_edf
from eegssl.signal.waveform import Sketches
from eegssl.stages import preprocess

ELECTRODES = (
    *("FP1", "F7", "T3", "T5", "O1", "F3", "C3", "P3", "FP2", "F8", "T4", "T6", "O2", "F4", "C4"),
    *("P4", "FZ", "CZ", "PZ", "A1", "A2"),
)
CHANNELS = (*(f"EEG {name}-REF" for name in ELECTRODES), "EEG EKG1-REF", "PHOTIC-REF")
SFREQ_HZ, PER_FOLDER, HASHES = 200, 500, 256
SOME = 1000
"""Searches one by one, as was done for each recording."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, nargs="*", default=[1000, 5000, 20000])
    parser.add_argument("--seconds", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--sketches", type=int, nargs="*", default=[5000, 20000, 70000])
    parser.add_argument("--look", action="store_true", help="look at FOLDER, print the cost, end")
    args = parser.parse_args()
    if args.look:
        print(json.dumps(looked(args.folder, args.jobs)))
        return
    os.environ["EEGSSL_PRIVATE"] = str(args.folder / "private")
    print(f"Load of {os.cpu_count()} cores when this began: {os.getloadavg()[0]:.1f}\n")
    print_looks(args.folder, args.files, args.seconds, args.jobs)
    print_copies(args.sketches)


def write_stubs(folder: Path, n: int, seconds: int) -> Path:
    """A folder of ``n`` files that are all different: one header, other samples."""
    if folder.exists():
        return folder
    shape = len(CHANNELS), seconds * SFREQ_HZ
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((256, *shape)) * 10
    with TemporaryDirectory() as scratch:
        one = write_edf(Path(scratch) / "one.edf", noise[0], CHANNELS, SFREQ_HZ).read_bytes()
    header = 256 * (int(one[252:256]) + 1)
    record = (len(one) - header) // seconds
    wide = 2 * len(CHANNELS) * SFREQ_HZ
    for k in range(n):
        if k % PER_FOLDER == 0:
            at = folder / f"{k // PER_FOLDER:04d}"
            at.mkdir(parents=True)
        two = noise[k % 128] + noise[128 + k // 128 % 128]  # no two files are of one signal
        samples = np.round(two * (1 + k / n) + rng.integers(-9, 10)).astype("<i2") * 10
        parts = samples.reshape(len(CHANNELS), seconds, SFREQ_HZ).swapaxes(0, 1)
        body = bytearray(one)
        for r in range(seconds):
            begin = header + r * record
            body[begin : begin + wide] = parts[r].tobytes()
        person = at / f"s{k:06d}"
        person.mkdir()
        (person / "a.edf").write_bytes(body)
    return folder


def looked(edf: Path, jobs: int) -> dict[str, float]:
    """Seconds and peak memory of `preprocess --plan`."""
    begun = time.perf_counter()
    with TemporaryDirectory() as out:
        result = preprocess.run(
            PreprocessConfig(),
            [edf],
            Context(Path(out) / "plan"),
            jobs=jobs,
            part=preprocess.Part.PLAN,
        )
    wall_s = time.perf_counter() - begun
    forkserver._forkserver._stop()  # so that its workers are counted
    own, others = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "wall_s": wall_s,
        "cpu_s": sum(use.ru_utime + use.ru_stime for use in (own, others)),
        "main_cpu_s": own.ru_utime + own.ru_stime,
        "readable": result.facts["readable"],
        "main_mb": own.ru_maxrss / 1024,
        "worker_mb": others.ru_maxrss / 1024,
    }


def print_looks(folder: Path, files: list[int], seconds: int, jobs: int) -> None:
    print(f"Looking at stubs of {seconds} s, {jobs} process(es)\n")
    print("| files | readable | wall s | CPU, ms a file | of which main | main MB | a worker MB |")
    print("|---|---|---|---|---|---|---|")
    for n in files:
        edf = write_stubs(folder / f"{n}-of-{seconds}s", n, seconds)
        command = [sys.executable, __file__, str(edf), "--look", "--jobs", str(jobs)]
        run = json.loads(subprocess.check_output(command))
        print(
            f"| {n:,} | {run['readable']:,} | {run['wall_s']:.1f} | {1e3 * run['cpu_s'] / n:.2f} | "
            f"{1e3 * run['main_cpu_s'] / n:.2f} | {run['main_mb']:.0f} | {run['worker_mb']:.0f} |",
            flush=True,
        )


def print_copies(sizes: list[int]) -> None:
    print("\nCopies among simulated sketches\n")
    print("| recordings | pairs | copies | CPU s | of a search for each recording, CPU s |")
    print("|---|---|---|---|---|")
    rng = np.random.default_rng(0)
    for n in sizes:
        hashes = np.sort(rng.integers(0, 2**32, (n, HASHES), dtype=np.uint32), axis=1)
        hashes[1::100] = hashes[0::100][: len(hashes[1::100])]
        rows = [
            {"recording": f"r-{k:012x}", "subject": f"s-{k:012x}", "file": "", "sketch": sketch}
            for k, sketch in enumerate(hashes)
        ]
        splits = {row["subject"]: "train" for row in rows}
        begun = time.process_time()
        copies = find_duplicates(rows, splits, "subject")
        took = time.process_time() - begun
        index = Sketches({row["recording"]: row["sketch"] for row in rows})
        begun = time.process_time()
        for sketch in hashes[:SOME]:
            index.like(sketch)
        each = (time.process_time() - begun) / SOME * n
        pairs = n * (n - 1) // 2
        print(f"| {n:,} | {pairs:,} | {len(copies):,} | {took:.2f} | {each:.0f} |", flush=True)


if __name__ == "__main__":
    main()
