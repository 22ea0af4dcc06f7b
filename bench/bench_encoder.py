"""Speed of the encoder and of a pretraining step, beside their floor and a plain LaBraM.

Run ``python bench/bench_encoder.py [repeats] [--device cuda] [--compile]``; prints Markdown. Sizes
are those of the preset ``epilepsyfm``, on windows of [16, 23, 10 × 200]. Repeats are interleaved,
so that a busy machine is busy for all, and the tables hold medians of wall and of processor time.
Beside other work, set ``OMP_WAIT_POLICY=PASSIVE``: threads that wait for each other spin otherwise,
and where a core is taken, both times grow severalfold.

- The floor of the forward pass is its matrix products alone, on inputs that lie ready: the same
  shapes, attention by the same kernel; no norms, activations, convolutions or additions.
- The forward pass is also timed with QK-norm and LayerScale, beside the same floor.
- The step is symmetric masked-code prediction with cached codes: forward, backward, clip, AdamW.
  Its peer is the plain LaBraM of ``labram_plain.py``, with the same mask ratio and codes.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from statistics import median

import numpy as np
import torch
from labram_plain import PlainPretraining, plain_optimizer, plain_step
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.config.corpus_stages import PretrainConfig
from eegssl.config.resolve import resolve
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.encoder import Encoder, flat_places
from eegssl.masking.config import MaskingConfig
from eegssl.masking.draw import draw_masks
from eegssl.objectives.config import CodesConfig, ObjectiveConfig
from eegssl.objectives.grain import GEOMETRY
from eegssl.objectives.objective import Known
from eegssl.objectives.weighted_sum import WeightedSum, build_sum
from eegssl.signal.channels.electrodes import Geometry, geometry

BATCH, PATCHES, CODES = 16, 10, 8192
LABELS = (
    *("Fp1-F7", "F7-T7", "T7-P7", "P7-O1", "Fp1-F3", "F3-C3", "C3-P3", "P3-O1", "Fp2-F4"),
    *("F4-C4", "C4-P4", "P4-O2", "Fp2-F8", "F8-T8", "T8-P8", "P8-O2", "Fz-Cz", "Cz-Pz"),
    *("P7-T7", "T7-FT9", "FT9-FT10", "FT10-T8", "T8-FT10"),
)
Job = Callable[[], object]


def autocast(device: torch.device, bf16: bool) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16, enabled=bf16)


def inputs(device: torch.device) -> list[Tensor]:
    """A signal in µV and the geometry of 23 channels."""
    signal_uv = 30 * torch.randn(BATCH, len(LABELS), PATCHES * 200)
    placed = [torch.from_numpy(np.stack([part] * BATCH)) for part in geometry(LABELS)]
    return [tensor.to(device) for tensor in (signal_uv, *placed)]


def masks(step: int = 0) -> Tensor:
    """The masks of one batch [B, C, N], as the stage makes them."""
    placed = Geometry(*(np.stack([part] * BATCH) for part in geometry(LABELS)))
    config = MaskingConfig(kind="region", ratio=0.5)
    drawn = draw_masks(config, placed, PATCHES, seed=0, step=step, samples=np.arange(BATCH))
    return torch.from_numpy(drawn)


def products(encoder: Encoder, device: torch.device, bf16: bool) -> Job:
    """The matrix products of a forward pass, alone."""
    config = encoder.config
    dtype = torch.bfloat16 if bf16 else torch.float32
    rows, length, width = BATCH * len(LABELS) * PATCHES, len(LABELS) * PATCHES, config.width
    shapes = [(width, 3 * width), (width, width), (width, config.ffn), (config.ffn, width)]
    calls = [
        (torch.randn(rows, i, device=device).to(dtype), torch.randn(o, i, device=device).to(dtype))
        for i, o in shapes
    ]
    patch = torch.randn(rows, config.patch_samples, device=device)
    spectral = encoder.spectral
    packets = spectral.matrix
    ends = [encoder.temporal.project, spectral.energies, spectral.coefficients]
    embedding = [
        (torch.randn(rows, m.in_features, device=device).to(dtype), m.weight.to(dtype))
        for m in ends
    ]
    heads = torch.randn(3, BATCH, config.heads, length, width // config.heads, device=device)
    q, k, v = heads.to(dtype)

    def run() -> None:
        patch @ packets
        for x, w in embedding:
            F.linear(x, w)
        for _ in range(config.layers):
            for x, w in calls:
                F.linear(x, w)
            F.scaled_dot_product_attention(q, k, v)

    return torch.no_grad()(run)


def forward(encoder: Encoder, given: Sequence[Tensor], bf16: bool) -> Job:
    @torch.no_grad()
    def run() -> None:
        with autocast(given[0].device, bf16):
            encoder(*given)

    return run


NAMES = ("signal_uv", *GEOMETRY, "mask", "codes", "hidden", "codes.visible")


def tensors(given: Sequence[Tensor], mask: Tensor, codes: Tensor) -> dict[str, Tensor]:
    """The tensors of a grain by name, for masked codes."""
    values = (*given, mask, codes, flat_places(mask), flat_places(~mask))
    return dict(zip(NAMES, values, strict=True))


def step(
    model: WeightedSum, given: Sequence[Tensor], mask: Tensor, codes: Tensor, bf16: bool
) -> Job:
    """A step of ours, as ``training.loop`` takes it."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, betas=(0.9, 0.98))
    grain = tensors(given, mask, codes)

    def run() -> None:
        with autocast(mask.device, bf16):
            loss = model(grain)["loss"]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 3.0)
        optimizer.step()

    return run


def plain(signal_uv: Tensor, mask: Tensor, codes: Tensor, bf16: bool) -> Job:
    """A step of the plain LaBraM."""
    torch.manual_seed(0)
    model = PlainPretraining().to(mask.device).train()
    optimizer = plain_optimizer(model)
    flat, truth = mask.flatten(1), codes.flatten(1)
    return lambda: plain_step(model, optimizer, signal_uv, flat, truth, bf16)


def timed(jobs: dict[str, Job], repeats: int, device: torch.device) -> dict[str, tuple[float, ...]]:
    """Median wall and processor seconds of each job, interleaved, after one warm-up."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for repeat in range(repeats + 1):
        for name, job in jobs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            job()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if repeat:
                seen[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: tuple(median(column) for column in zip(*rows, strict=True))
        for name, rows in seen.items()
    }


def table(title: str, results: dict[str, tuple[float, ...]], pairs: Sequence[tuple[str, ...]]):
    """Markdown rows, and below them how jobs compare: (name, what is divided, by what, target)."""
    print(f"\n### {title}\n\n| job | wall, ms | processor, ms |\n|---|---:|---:|")
    for name, (wall, cpu) in results.items():
        print(f"| {name} | {wall * 1e3:.1f} | {cpu * 1e3:.1f} |")
    print()
    for name, above, below, target in pairs:
        ratios = [a / b for a, b in zip(results[above], results[below], strict=True)]
        print(f"- {name}: {ratios[0]:.2f} by wall, {ratios[1]:.2f} by processor time ({target})")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("repeats", nargs="?", type=int, default=7)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    device = torch.device(options.device)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    config: PretrainConfig = resolve("pretrain", presets=["epilepsyfm"], environment={})
    given, mask = inputs(device), masks().to(device)
    codes = torch.randint(CODES, mask.shape, device=device)
    encoder = build_encoder(config.encoder, 0).to(device).eval()
    switches = {"qk_norm": True, "layer_scale": 0.1}
    scaled = build_encoder(config.encoder.model_copy(update=switches), 0).to(device).eval()
    made = {"forward": encoder, "forward with QK-norm, LayerScale": scaled}
    if options.compile:
        made = {name: torch.compile(one) for name, one in made.items()}
    setting = f"{options.threads} threads, {options.repeats} repeats"
    print(f"torch {torch.__version__}, {device}, {setting}")

    jobs = {}
    for name, bf16 in (("float32", False), ("bf16", True)):
        for what, one in made.items():
            jobs[f"{what}, {name}"] = forward(one, given, bf16)
        jobs[f"its matrix products, {name}"] = products(encoder, device, bf16)
    results = timed(jobs, options.repeats, device)
    targets = zip(made, ("at most 1.15", "at most 1.35"), strict=True)
    pairs = [
        (f"{what}, {n}", f"{what}, {n}", f"its matrix products, {n}", target)
        for what, target in targets
        for n in ("float32", "bf16")
    ]
    table("Forward", results, pairs)

    jobs = {}
    for name, bf16 in (("float32", False), ("bf16", True)):
        fresh = build_encoder(config.encoder, 0)
        objective = ObjectiveConfig(codes=CodesConfig(symmetric=True))
        model = build_sum(fresh, objective, 0, Known(n_codes=CODES)).to(device).train()
        trained = torch.compile(model) if options.compile else model
        jobs[f"eegssl, {name}"] = step(trained, given, mask, codes, bf16)
        jobs[f"plain LaBraM, {name}"] = plain(given[0], mask, codes, bf16)
    jobs["masks of a batch"] = masks
    results = timed(jobs, options.repeats, device)
    default = "bf16"
    pairs = [
        ("float32", "plain LaBraM, float32", "eegssl, float32", "at least 1.6"),
        ("default precision", "plain LaBraM, float32", f"eegssl, {default}", "at least 1.4"),
        ("bf16 against bf16", "plain LaBraM, bf16", "eegssl, bf16", "at least 1"),
        ("masks, share of a step", "masks of a batch", f"eegssl, {default}", "below 0.01"),
    ]
    table("Pretraining step, codes cached", results, pairs)


if __name__ == "__main__":
    main()
