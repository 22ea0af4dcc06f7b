"""What data workers give a pretraining, by the loader that it uses, beside nothing but waiting.

Run ``python bench/bench_workers.py [--steps 200]``; prints Markdown. Windows of 10 s and 23
channels of a simulated corpus, whose files are in the system's cache; steps of 64 windows in two
grains, read, masked, with codes, and shipped as int16. Nothing is trained: batches are thrown
away. Wall time depends on what else runs; processor time of the workers and of the process that
receives is told apart. What the receiving process takes bounds any number of workers.
"""

# ruff: noqa: E402  (the pools of threads are set before NumPy starts them)
import os

for _pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"

import argparse
import resource
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from simulated_corpus import write_corpus

from eegssl.artifacts.contract import open_artifact
from eegssl.config.corpus_stages import PretrainConfig
from eegssl.config.resolve import resolve
from eegssl.corpus.codes.tokens import CONTRACT, open_codes
from eegssl.corpus.config import SamplingConfig
from eegssl.corpus.sampling import sampler
from eegssl.corpus.store import open_corpus
from eegssl.corpus.windows import tile
from eegssl.encoder.architectures import build_encoder
from eegssl.objectives.objective import Known
from eegssl.objectives.weighted_sum import build_sum
from eegssl.training.fitting.loader import read_ahead
from eegssl.training.pretraining.grain_reader import GrainReader
from eegssl.training.pretraining.pretraining_steps import PretrainingSteps

RECORDINGS, WINDOW_S, N_CODES, BATCH, GRAIN = 200, 10, 4096, 64, 32
WARM_UP = 10
NEEDED = {"epilepsyfm": 9_448, "large": 1_526}
"""Windows a second that an H200 is reckoned to take (``bench/scaling.py``)."""
Times = tuple[float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=200)
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(f"Load of {os.cpu_count()} cores when this began: {os.getloadavg()[0]:.1f}\n")
    with TemporaryDirectory() as folder:
        steps = steps_of(Path(folder))
        print("| workers | windows a s, wall | workers, ms a window | receiving, ms a window |")
        print("|---|---|---|---|")
        for n_workers in (0, 1, 2):
            wall_s, workers_s, own_s = timed(steps, args.steps, n_workers)
            n = args.steps * BATCH
            print(
                f"| {n_workers} | {n / wall_s:,.0f} | {1e3 * workers_s / n:.3f} | "
                f"{1e3 * own_s / n:.3f} |"
            )
            if n_workers == 1:
                rates = n / workers_s, n / own_s
    print(f"\nOne worker: {rates[0]:,.0f} windows a second of its processor time; received are at")
    print(f"most {rates[1]:,.0f}. An H200 is reckoned to take:\n")
    for name, needed in NEEDED.items():
        print(f"- `{name}`: {needed:,} a second, {needed / rates[0]:.1f} workers")


def steps_of(folder: Path) -> PretrainingSteps:
    """Steps of pretraining the preset `epilepsyfm` on a simulated corpus."""
    recordings, tokens = write_corpus(folder, RECORDINGS, window_s=WINDOW_S)
    config = resolve("pretrain", presets=("epilepsyfm",))
    assert isinstance(config, PretrainConfig)
    corpus = open_corpus([recordings])
    windows = tile(corpus, corpus.of_split("train"), WINDOW_S)
    codes = open_codes(open_artifact(tokens, CONTRACT), windows)
    model = build_sum(build_encoder(config.encoder, 0), config.objective, 0, Known(n_codes=N_CODES))
    reader = GrainReader(windows, codes, config.encoder, config.masking).of_model(model)
    draws = sampler(windows, SamplingConfig(grain=GRAIN), BATCH)
    return PretrainingSteps(model, reader, draws, BATCH, 0)


def timed(steps: PretrainingSteps, n: int, n_workers: int) -> Times:
    """Seconds of wall, of the workers' processors and of this one's, for ``n`` steps.

    Workers count from their start, and read ahead some steps more than are taken.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with closing(read_ahead(steps, 0, n + WARM_UP, torch.device("cpu"), n_workers)) as ahead:
        for _ in range(WARM_UP):
            next(ahead)
        wall, own = time.perf_counter(), time.process_time()
        for _ in range(n):
            next(ahead)
        took = time.perf_counter() - wall, time.process_time() - own
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took[0], spent * n / (n + WARM_UP), took[1]


if __name__ == "__main__":
    main()
