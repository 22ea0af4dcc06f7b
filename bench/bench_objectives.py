"""Time of a pretraining step by each objective, over that by codes.

Run ``python bench/bench_objectives.py [repeats] [--device cuda] [--only NAMES]``; prints Markdown.
Sizes are those of the preset ``epilepsyfm``, on windows of [8, 23, 10 × 200], with the masks that
go with each objective. Repeats are interleaved, so that a busy machine is busy for all; the table
holds medians of processor time (of wall time on a GPU), and their ratio to ``codes`` without its
symmetric pass, half of the patches of all windows hidden by region. Views count as windows: a
contrastive step has half as many.
"""

import argparse
import time
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from eegssl.config.corpus_stages import PretrainConfig
from eegssl.config.resolve import resolve
from eegssl.encoder.architectures import build_encoder
from eegssl.masking.draw import draw_masks
from eegssl.objectives.grain import GEOMETRY, GrainPlan
from eegssl.objectives.objective import Known
from eegssl.objectives.weighted_sum import WeightedSum, build_sum
from eegssl.signal.channels.electrodes import Geometry, geometry

BATCH, PATCHES, CODES = 8, 10, 8192
LABELS = (
    *("Fp1-F7", "F7-T7", "T7-P7", "P7-O1", "Fp1-F3", "F3-C3", "C3-P3", "P3-O1", "Fp2-F4"),
    *("F4-C4", "C4-P4", "P4-O2", "Fp2-F8", "F8-T8", "T8-P8", "P8-O2", "Fz-Cz", "Cz-Pz"),
    *("P7-T7", "T7-FT9", "FT9-FT10", "FT10-T8", "T8-FT10"),
)
ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "codes": ("codes", {"objective.codes.symmetric": False}),
    "codes, symmetric": ("codes", {}),
    "reconstruct": ("reconstruct", {}),
    "reconstruct, waveform": ("reconstruct", {"objective.reconstruct.target": "waveform"}),
    "reconstruct, not pooled": ("reconstruct", {"objective.reconstruct.pooled": 0}),
    "autoregressive": ("autoregressive", {}),
    "autoregressive, patch": ("autoregressive", {"objective.autoregressive.target": "patch"}),
    "pretext": ("pretext", {}),
    "pretext, shuffling": ("pretext", {"objective.pretext.task": "temporal-shuffling"}),
    "contrastive": ("contrastive", {}),
    "contrastive, VICReg": ("contrastive", {"objective.contrastive.loss": "vicreg"}),
    "cpc": ("cpc", {}),
    "latent, no teacher": ("latent", {}),
    "latent, EMA teacher": ("latent", {"objective.latent.teacher": "ema"}),
}
"""Row -> objective, and settings beside its preset's."""
VIEWS = {"contrastive": 2}
"""Objective -> views of a window; it gets fewer windows by as much."""


class Job:
    """A step by an objective, again and again on the same windows."""

    def __init__(self, name: str, settings: dict[str, Any], device: torch.device) -> None:
        sets = tuple(f"{key}={value}" for key, value in settings.items())
        presets = ("epilepsyfm", name)
        config: PretrainConfig = resolve("pretrain", presets=presets, sets=sets, environment={})
        self.device, self.seconds = device, list[float]()
        encoder = build_encoder(config.encoder, 0)
        self.model = build_sum(encoder, config.objective, 0, Known(n_codes=CODES)).to(device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4)
        self.tensors = tensors(self.model, config, device, BATCH // VIEWS.get(name, 1))

    def run(self) -> None:
        """Forward, backward, clip, AdamW, and what follows an update."""
        self._wait()
        clock = time.perf_counter if self.device.type == "cuda" else time.process_time
        start, model = clock(), self.model
        output = model.together([self.tensors]) if model.of_whole_batch else model(self.tensors)
        self.optimizer.zero_grad()
        output["loss"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 3.0)
        self.optimizer.step()
        model.end()
        self._wait()
        self.seconds.append(clock() - start)

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def tensors(
    model: WeightedSum, config: PretrainConfig, device: torch.device, n: int
) -> dict[str, Tensor]:
    """The tensors of a grain of n windows of noise."""
    placed = Geometry(*(np.stack([part] * n) for part in geometry(LABELS)))
    index, mask = np.arange(n), None
    named = {name: torch.from_numpy(part) for name, part in zip(GEOMETRY, placed, strict=True)}
    named["signal_uv"] = 30 * torch.randn(n, len(LABELS), PATCHES * 200)
    if model.reads_masks:
        mask = draw_masks(config.masking, placed, PATCHES, seed=0, step=0, samples=index)
        named["mask"] = torch.from_numpy(mask)
        named["hidden"] = torch.from_numpy(np.flatnonzero(mask))
    named["codes"] = torch.randint(CODES, (n, len(LABELS), PATCHES))
    plan = GrainPlan(0, 0, 0, index, placed, PATCHES * 200, PATCHES, mask)
    named |= {name: torch.from_numpy(array) for name, array in model.draw(plan).items()}
    return {name: tensor.to(device) for name, tensor in named.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("repeats", type=int, nargs="?", default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", default="", help="rows by their beginnings, comma-separated")
    given = parser.parse_args()
    wanted = ("codes", *(n for n in given.only.split(",") if n)) if given.only else ("",)
    torch.manual_seed(0)
    chosen = {row: job for row, job in ROWS.items() if row.startswith(wanted)}
    jobs = {row: Job(*job, torch.device(given.device)) for row, job in chosen.items()}
    for _ in range(given.repeats + 1):
        for job in jobs.values():
            job.run()
    print("| objective | s | over codes |\n|---|---|---|")
    base = median(jobs["codes"].seconds[1:])
    for row, job in jobs.items():
        seconds = median(job.seconds[1:])
        print(f"| {row} | {seconds:.3f} | {seconds / base:.2f} |")


if __name__ == "__main__":
    main()
