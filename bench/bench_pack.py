"""Random windows from recordings in files of their own and in packs, beside copies in memory.

Run ``python bench/bench_pack.py [FOLDER]``; prints Markdown. The corpus is simulated noise of 23
channels at 200 Hz (``simulated_corpus.py``), made in FOLDER or in one that is removed. What is
compared takes turns, so that a busy machine is busy for all; medians, one thread. Files are in the
system's cache and processor time is measured, but for what is cold.

- *Open already*: windows of as many recordings as a corpus keeps open.
- *To be opened*: windows of all recordings, nearly each of one that is not open.
- *Cold*: the same by the clock, each file dropped from the system's cache before (Linux). The floor
  reads the blocks of as many windows from one file, at random places, by nothing but ``pread``.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from simulated_corpus import CHANNELS, SFREQ_HZ, hashed_ids, write_recordings

from eegssl.corpus.signals import LONGEST_BLOCK
from eegssl.corpus.store import OPEN_SIGNALS, Corpus, open_corpus

SHAPE = (len(CHANNELS), 2000)
WINDOWS, TURNS, COLD_TURNS = 2000, 15, 3
Job = Callable[[int], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--recordings", type=int, default=4000)
    parser.add_argument("--seconds", type=int, default=60, help="of each recording")
    parser.add_argument("--pack-mb", type=int, default=100)
    args = parser.parse_args()
    if args.folder:
        run(args.folder, args)
        return
    with TemporaryDirectory() as folder:
        run(Path(folder), args)


def run(folder: Path, args: argparse.Namespace) -> None:
    one, other = folder / "recordings", folder / "packed"
    if not one.exists():
        write_recordings(one, hashed_ids(args.recordings), seconds=args.seconds)
        for path in (one / "signals").iterdir():  # links to few files, which a cache would hold
            data = path.read_bytes()
            path.unlink()
            path.write_bytes(data)
    command = ["pack", str(one), "--out", str(other), "--pack-mb", str(args.pack_mb)]
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "eegssl", *command], check=True, capture_output=True)
    print(f"packed in {time.perf_counter() - begun:.1f} s\n")
    corpora = {"files": open_corpus([one]), "packs": open_corpus([other])}
    n_files = {"files": len(list((one / "signals").iterdir()))}
    n_files["packs"] = len(list((other / "signals").iterdir()))
    jobs: dict[tuple[str, str], Job] = {("memory", ""): copied}
    n_all = len(corpora["files"].recordings)
    for way, corpus in corpora.items():
        jobs[way, "open"] = lambda k, c=corpus: windows(c, OPEN_SIGNALS, k)
        jobs[way, "all"] = lambda k, c=corpus: windows(c, n_all, k)
        path = {"files": one, "packs": other}[way]
        jobs[way, "folder"] = lambda k, p=path: open_corpus([p])
    print_table(timed(jobs), n_files, n_all)
    pack = min((other / "signals").iterdir())
    print_cold(
        {
            "files": ([*(one / "signals").iterdir()], jobs["files", "all"]),
            "packs": ([*(other / "signals").iterdir()], jobs["packs", "all"]),
            "blocks of the first pack by `pread` (floor)": (
                [pack],
                lambda k: pread(pack, k),
            ),
        }
    )


def windows(corpus: Corpus, n_recordings: int, turn: int) -> None:
    """Random windows of the first so many recordings, as they are stored."""
    rng = np.random.default_rng(turn)
    recordings, room = corpus.recordings[:n_recordings], np.empty(SHAPE, np.int16)
    for k in rng.integers(0, len(recordings), WINDOWS).tolist():
        one = recordings[k]
        start = int(rng.integers(0, one.n_samples - SHAPE[1]))
        corpus.signal(one).read_into(room, range(SHAPE[0]), start)


_MEMORY = np.ones((3000, *SHAPE), np.int16)


def copied(turn: int) -> None:
    """As many windows copied from random places in memory."""
    rng, room = np.random.default_rng(turn), np.empty(SHAPE, np.int16)
    for k in rng.integers(0, len(_MEMORY), WINDOWS).tolist():
        rng.integers(0, SFREQ_HZ)
        room[:] = _MEMORY[k]


def pread(path: Path, turn: int) -> None:
    """Read as many bytes as the blocks of a window, as often, from random places of a file."""
    rng, n_bytes = np.random.default_rng(turn), 2 * SHAPE[0] * (SHAPE[1] + LONGEST_BLOCK)
    places = rng.integers(0, path.stat().st_size - n_bytes, WINDOWS).tolist()
    with path.open("rb") as stream:
        for place in places:
            os.pread(stream.fileno(), n_bytes, place)


def forget(paths: list[Path]) -> None:
    """Drop files from the system's cache."""
    os.sync()
    for path in paths:
        with path.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def print_cold(jobs: dict[str, tuple[list[Path], Job]]) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(COLD_TURNS):
        for name, (paths, job) in jobs.items():
            forget(paths)
            begun = time.perf_counter()
            job(1000 + turn)
            seconds[name].append(time.perf_counter() - begun)
    print("\n| cold | windows a second, by the clock | from … to |\n|---|---|---|")
    for name, values in seconds.items():
        rates = sorted(WINDOWS / value for value in values)
        print(f"| {name} | {median(rates):,.0f} | {rates[0]:,.0f} … {rates[-1]:,.0f} |")


def timed(jobs: dict[tuple[str, str], Job]) -> dict[tuple[str, str], float]:
    """Median processor seconds of each job, in turns; the first turn opens what stays open."""
    times: dict[tuple[str, str], list[float]] = {key: [] for key in jobs}
    for turn in range(TURNS + 1):
        for key, job in jobs.items():
            begun = time.process_time()
            job(turn)
            times[key].append(time.process_time() - begun)
    return {key: median(values[1:]) for key, values in times.items()}


def print_table(seconds: dict[tuple[str, str], float], n_files: dict[str, int], n_all: int) -> None:
    floor = seconds["memory", ""]
    print(f"windows {list(SHAPE)}, int16, of {n_all:,} recordings; copied in memory: ", end="")
    print(f"{WINDOWS / floor:,.0f} a second\n")
    print("| signals in | files | windows a second, open already | share of copies |", end="")
    print(" to be opened | share of copies | folder opened in, s |")
    print("|---|---|---|---|---|---|---|")
    for way, n in n_files.items():
        cells = []
        for which in ("open", "all"):
            took = seconds[way, which]
            cells += [f"{WINDOWS / took:,.0f}", f"{100 * floor / took:.0f} %"]
        print(f"| {way} | {n:,} | {' | '.join(cells)} | {seconds[way, 'folder']:.2f} |")


if __name__ == "__main__":
    main()
