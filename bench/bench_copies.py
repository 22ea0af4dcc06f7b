"""Memory of a corpus in the processes of a loader: how much each of them has of its own.

Run ``python bench/bench_copies.py [FOLDER] [--recordings 70000] [--workers 8]``; prints Markdown.
A corpus is simulated (``simulated_corpus.py``) and opened; workers are forked, and draw and read
batches. What a process has written since, reference counts among it, is its own: private bytes by
``/proc/PID/smaps_rollup``. The floor is workers that sleep.
"""

import argparse
import gc
import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from bench_loader import opened_codes, read
from simulated_corpus import write_corpus

from eegssl.corpus.config import SamplingConfig
from eegssl.corpus.sampling import sampler

GRAIN = 32
BATCHES = (0, 50, 400)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--recordings", type=int, default=70_000)
    parser.add_argument("--workers", type=int, default=8)
    args = parser.parse_args()
    if args.folder:
        run(args.folder, args.recordings, args.workers)
        return
    with TemporaryDirectory() as folder:
        run(Path(folder), args.recordings, args.workers)


def run(parent: Path, n: int, workers: int) -> None:
    folder = parent / str(n)
    if not folder.exists():
        folder.mkdir(parents=True)
        write_corpus(folder, n)
    before = memory_mb(os.getpid())
    codes = opened_codes(folder)
    draws = sampler(codes.windows, SamplingConfig(), GRAIN)
    draws.grains(GRAIN, seed=0, step=0)
    gc.collect()
    after = memory_mb(os.getpid())
    print(f"{n:,} recordings add {after['own'] - before['own']:.0f} MB to the main process.\n")
    print(f"{workers} forked workers, MB of its own in the median one\n")
    print("| batches | garbage collector | private | shared with the others (Pss) |")
    print("|---|---|---|---|")
    for frozen in (False, True):
        for batches in BATCHES:

            def job(worker: int, batches: int = batches) -> None:
                for step in range(batches):
                    read(codes, draws, GRAIN, 1000 * worker + step)
                gc.collect()

            own, pss = forked(job, workers, frozen)
            print(
                f"| {batches} | {'frozen' if frozen else 'as it is'} | {own:.0f} | {pss:.0f} |",
                flush=True,
            )


def forked(job: Callable[[int], object], n: int, frozen: bool) -> tuple[float, float]:
    """Private and proportional MB of the median worker after its job."""
    if frozen:
        gc.freeze()
    pids, ready = [], []
    for worker in range(n):
        here, there = os.pipe()
        pid = os.fork()
        if not pid:
            job(worker)
            os.write(there, b"1")
            time.sleep(3600)
        pids.append(pid)
        ready.append(here)
        os.close(there)
    for pipe in ready:
        os.read(pipe, 1)
    sizes = [memory_mb(pid) for pid in pids]
    for pid, pipe in zip(pids, ready, strict=True):
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(pipe)
    gc.unfreeze()
    own, pss = (float(np.median([size[key] for size in sizes])) for key in ("own", "pss"))
    return own, pss


def memory_mb(pid: int) -> dict[str, float]:
    """Private and proportional memory of a process that is no file's."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kb = {row.split(":")[0]: int(row.split()[1]) for row in rows}
    return {"own": (kb["Private_Dirty"]) / 1024, "pss": kb["Pss_Anon"] / 1024}


if __name__ == "__main__":
    main()
