"""Time of a pretraining step by each objective, over that by codes.

Run ``python bench/bench_objectives.py [repeats] [--device cuda] [--only NAMES]``; prints Markdown.
Sizes are those of the preset ``epilepsyfm``, on windows of [8, 23, 10 × 200], with the masks that
go with each objective. ``--study`` takes those of ``bench/study.py``: the preset ``demo``, windows
of [16, 23, 4 × 200], 128 codes.

Repeats are interleaved, so that a busy machine is busy for all; the table holds medians of
processor time (of wall time on a GPU), and their ratio to ``codes`` without its symmetric pass,
half of the patches of all windows hidden by region. Views count as windows: a contrastive step has
half as many.
"""

import argparse
import json
import time
from dataclasses import dataclass
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

LABELS = (
    *("Fp1-F7", "F7-T7", "T7-P7", "P7-O1", "Fp1-F3", "F3-C3", "C3-P3", "P3-O1", "Fp2-F4"),
    *("F4-C4", "C4-P4", "P4-O2", "Fp2-F8", "F8-T8", "T8-P8", "P8-O2", "Fz-Cz", "Cz-Pz"),
    *("P7-T7", "T7-FT9", "FT9-FT10", "FT10-T8", "T8-FT10"),
)
SHUFFLING = "pretext, shuffling"  # needs windows of six patches
STATISTIC, ONE = "latent, no teacher", "latent, one direction"
ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "codes": ("codes", {"objective.codes.symmetric": False}),
    "codes, symmetric": ("codes", {}),
    "reconstruct": ("reconstruct", {}),
    "reconstruct, waveform": ("reconstruct", {"objective.reconstruct.target": "waveform"}),
    "reconstruct, not pooled": ("reconstruct", {"objective.reconstruct.pooled": 0}),
    "autoregressive": ("autoregressive", {}),
    "autoregressive, patch": ("autoregressive", {"objective.autoregressive.target": "patch"}),
    "pretext": ("pretext", {}),
    SHUFFLING: ("pretext", {"objective.pretext.task": "temporal-shuffling"}),
    "contrastive": ("contrastive", {}),
    "contrastive, VICReg": ("contrastive", {"objective.contrastive.loss": "vicreg"}),
    "cpc": ("cpc", {}),
    STATISTIC: ("latent", {}),
    ONE: ("latent", {"objective.latent.directions": 1}),
    "latent, EMA teacher": ("latent", {"objective.latent.teacher": "ema"}),
    "codes and latent": ("codes,latent", {"masking.exact": "true"}),
    "codes and reconstruct": ("codes,reconstruct", {}),
    "reconstruct and latent": ("reconstruct,latent", {"masking.exact": "true"}),
}
"""Row -> objective, and settings beside its preset's."""
VIEWS = {"contrastive": 2}
"""Objective -> views of a window; it gets fewer windows by as much."""


@dataclass(frozen=True)
class Sizes:
    """A preset, and the windows of a step."""

    preset: str
    batch: int
    patches: int
    codes: int


WHOLE, STUDY = Sizes("epilepsyfm", 8, 10, 8192), Sizes("demo", 16, 4, 128)


SHORT = {
    "cpc": ("objective.cpc.ahead=2",),
    "pretext": ("objective.pretext.far=3",),
}
"""Objective -> its settings for windows of four patches."""


class Job:
    """A step by an objective, again and again on the same windows."""

    def __init__(
        self, name: str, settings: dict[str, Any], sizes: Sizes, device: torch.device
    ) -> None:
        sets = [f"{key}={value}" for key, value in settings.items()]
        sets += SHORT.get(name, ()) if sizes is STUDY else ()
        names = name.split(",")
        sets.append(f"objective.terms={json.dumps(names)}")
        presets = (sizes.preset, *reversed(names))
        config: PretrainConfig = resolve("pretrain", presets=presets, sets=sets, environment={})
        self.device, self.seconds = device, list[float]()
        encoder = build_encoder(config.encoder, 0)
        self.model = build_sum(encoder, config.objective, 0, Known(n_codes=sizes.codes)).to(device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4)
        self.tensors = tensors(self.model, config, device, sizes, VIEWS.get(name, 1))

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
    model: WeightedSum, config: PretrainConfig, device: torch.device, sizes: Sizes, views: int
) -> dict[str, Tensor]:
    """The tensors of a grain of windows of noise, fewer where each has several views."""
    n, n_patches = sizes.batch // views, sizes.patches
    placed = Geometry(*(np.stack([part] * n) for part in geometry(LABELS)))
    index, mask = np.arange(n), None
    named = {name: torch.from_numpy(part) for name, part in zip(GEOMETRY, placed, strict=True)}
    named["signal_uv"] = 30 * torch.randn(n, len(LABELS), n_patches * 200)
    if model.reads_masks:
        mask = draw_masks(config.masking, placed, n_patches, seed=0, step=0, samples=index)
        named["mask"] = torch.from_numpy(mask)
        named["hidden"] = torch.from_numpy(np.flatnonzero(mask))
    named["codes"] = torch.randint(sizes.codes, (n, len(LABELS), n_patches))
    plan = GrainPlan(0, 0, 0, index, placed, n_patches * 200, n_patches, mask)
    named |= {name: torch.from_numpy(array) for name, array in model.draw(plan).items()}
    return {name: tensor.to(device) for name, tensor in named.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("repeats", type=int, nargs="?", default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", default="", help="rows by their beginnings, comma-separated")
    parser.add_argument("--study", action="store_true")
    given = parser.parse_args()
    sizes = STUDY if given.study else WHOLE
    wanted = ("codes", *(n for n in given.only.split(",") if n)) if given.only else ("",)
    torch.manual_seed(0)
    rows = {row: job for row, job in ROWS.items() if row != SHUFFLING or not given.study}
    chosen = {row: job for row, job in rows.items() if row.startswith(wanted)}
    jobs = {row: Job(*job, sizes, torch.device(given.device)) for row, job in chosen.items()}
    for _ in range(given.repeats + 1):
        for job in jobs.values():
            job.run()
    print("| objective | s | over codes |\n|---|---|---|")
    base = median(jobs["codes"].seconds[1:])
    for row, job in jobs.items():
        seconds = median(job.seconds[1:])
        print(f"| {row} | {seconds:.3f} | {seconds / base:.2f} |")
    if {STATISTIC, ONE} <= set(jobs):
        many, one = (median(jobs[row].seconds[1:]) for row in (STATISTIC, ONE))
        print(f"\nThe statistic along 256 directions takes {many - one:.3f} s more than along one.")


if __name__ == "__main__":
    main()
