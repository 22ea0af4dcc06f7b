"""Speed of two ranks with a thread each, beside one process with two threads.

Run ``python bench/bench_ranks.py [repeats]``; prints Markdown. Both train the encoder of the preset
``epilepsyfm`` on the same global batch: 32 windows of [23, 10 × 200] in two grains, by the one
loop, over gloo. Rates are windows a second after the first steps; repeats are interleaved, and the
table holds medians.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import torch
from bench_encoder import BATCH, CODES, NAMES, inputs, masks, tensors
from torch import Tensor, distributed

from eegssl.config.corpus_stages import PretrainConfig
from eegssl.config.resolve import resolve
from eegssl.encoder.architectures import build_encoder
from eegssl.objectives.objective import Known
from eegssl.objectives.weighted_sum import WeightedSum, build_sum
from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.loop import fit
from eegssl.training.fitting.steps import Part, Steps, of_this_rank

GRAINS, WARM, STEPS = 2, 2, 6


class Grains(Steps):
    """The same two grains at every step."""

    window_s = 10.0

    def __init__(self, model: WeightedSum) -> None:
        self.model = model
        self.parts = [self._part(place) for place in range(GRAINS)]

    def _part(self, place: int) -> Part:
        torch.manual_seed(place)
        mask = masks(place)
        codes = torch.randint(CODES, mask.shape)
        window = inputs(torch.device("cpu"))
        n_windows, n_channels, n_patches = mask.shape
        count = self.model.counted((n_windows, n_channels, n_patches), int(mask.sum()))
        return Part(tuple(tensors(window, mask, codes).values()), count, BATCH)

    def read(self, step: int) -> list[Part]:
        """This rank's grains."""
        return of_this_rank(self.parts)

    def terms(self, *given: Tensor) -> dict[str, Tensor]:
        """The loss of a grain."""
        return {"loss": self.model(dict(zip(NAMES, given, strict=True)))["loss"]}


def train(rank: int, n_ranks: int, folder: Path) -> None:
    """Train on this rank; rank 0 writes the windows a second of each step."""
    torch.set_num_threads(2 // n_ranks)
    if n_ranks > 1:
        meeting = f"file://{folder / 'meet'}"
        distributed.init_process_group("gloo", meeting, rank=rank, world_size=n_ranks)
    config = resolve("pretrain", presets=["epilepsyfm"])
    assert isinstance(config, PretrainConfig)
    model = build_sum(build_encoder(config.encoder, 0), config.objective, 0, Known(n_codes=CODES))
    plan = TrainingConfig(steps=WARM + STEPS, log_every=1, device="cpu")
    rates: list[float] = []
    fit(
        model,
        Grains(model),
        plan,
        seed=0,
        folder=folder,
        metrics=folder / "metrics.jsonl",
        on_row=lambda _, speed: rates.append(speed["windows_per_s"]),
    )
    if rank == 0:
        (folder / "rates.json").write_text(json.dumps(rates[WARM:]))
    if n_ranks > 1:
        distributed.barrier()
        distributed.destroy_process_group()


def rate(n_ranks: int) -> float:
    """Median windows a second of a run by so many ranks."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, __file__, "--rank"]
        ranks = [
            subprocess.Popen([*command, str(rank), str(n_ranks), scratch])
            for rank in range(n_ranks)
        ]
        for rank in ranks:
            rank.wait()
        return median(json.loads((Path(scratch) / "rates.json").read_text()))


def main() -> None:
    if sys.argv[1:2] == ["--rank"]:
        train(int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
        return
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rates: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(repeats):
        for n_ranks, of in rates.items():
            of.append(rate(n_ranks))
    one, two = (median(of) for of in rates.values())
    print(f"| processes | windows/s, median of {repeats} | least and most |")
    print("|---|---|---|")
    for n_ranks, of in rates.items():
        name = "one, two threads" if n_ranks == 1 else "two ranks, a thread each"
        print(f"| {name} | {median(of):.2f} | {min(of):.2f} to {max(of):.2f} |")
    print(f"\ntwo ranks make {two / one:.2f} × the windows of one process (aim: .9)")


if __name__ == "__main__":
    main()
