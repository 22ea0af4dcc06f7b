"""What pretraining would take on 8, 64 and 512 GPUs, worked out and not measured.

Run ``python bench/scaling.py``; prints Markdown, which ``docs/cluster.md`` holds. No GPU could be
had, so the share of a GPU's peak that a step reaches (MFU) and the speed of its connections are
assumptions, named as such. Counted are operations, by eegssl's own account of an encoder, and the
bytes of gradients that DDP hands over in one step, by a hook in a group of one.

A step's exchange is that of NCCL's rings: within a node over NVLink, between nodes each GPU by an
adapter of its own, one after the other, and nothing hidden behind the backward pass: DDP and FSDP2
hide most of it, so that the efficiencies here are lower bounds.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from eegssl.config.corpus_stages import PretrainConfig
from eegssl.config.resolve import resolve
from eegssl.encoder.architectures import build_encoder
from eegssl.objectives.objective import Known
from eegssl.objectives.weighted_sum import build_sum
from eegssl.training.fitting.peak_rate import peak_of_name

HOURS, PASSES, WINDOW_S = 27_000, 50, 10
CHANNELS, PATCHES, CODES = 23, 10, 8192
GRAIN, GRAINS = 32, 2
"""Windows of a grain, and grains of a rank in each step."""
H200, RTX_4090 = "NVIDIA H200", "NVIDIA GeForce RTX 4090"
PAPER_GPU_HOURS = 348
NODE = 8
NVLINK_GB_S, ADAPTER_GB_S, HOP_US = 450, 50, 20
"""Bytes each way per GPU within a node and between nodes, and the delay of one hop of a tree."""
MFU = {"epilepsyfm": 0.20, "large": 0.35}
SHOWN_MFU = (0.05, 0.10, 0.20, 0.35)
GPUS = (8, 64, 512)
AIM_HOURS = 30
PATCH_SAMPLES, SAMPLE_BYTES = 200, 2
FLOAT_BYTES, OPTIMIZER_BYTES = 4, 16
CPU_STEP_S, CPU_BATCH = 3.3318, 16
"""A step of ``epilepsyfm`` on one thread of a processor (``docs/benchmarks.md``)."""


@dataclass(frozen=True)
class Model:
    """A preset's encoder with its head."""

    name: str
    parameters: int
    layers: int
    flops: float
    """Operations of a step on one window."""
    gradient_bytes: int
    """Bytes that DDP exchanges in a step, counted."""


@dataclass(frozen=True)
class Exchange:
    """What one GPU sends in a step, and how long that takes."""

    n_bytes: float
    seconds: float


def model_of(name: str) -> Model:
    """Count a preset: its operations on a window whose patches are half hidden, its gradients."""
    config: PretrainConfig = resolve("pretrain", presets=[name], environment={})
    encoder = build_encoder(config.encoder, 0)
    model = build_sum(encoder, config.objective, 0, Known(n_codes=CODES))
    forward = model.flops((1, CHANNELS, PATCHES), CHANNELS * PATCHES // 2)
    assert forward
    parameters = sum(p.numel() for p in model.parameters())
    return Model(name, parameters, config.encoder.layers, 3 * forward, counted_bytes(model))


def peak(gpu: str) -> float:
    """Operations a second in bfloat16, by a data sheet."""
    rate = peak_of_name(gpu)
    assert rate
    return rate


def counted_bytes(model: nn.Module) -> int:
    """Bytes in the buckets that DDP exchanges after one backward pass."""
    seen: list[int] = []

    def hook(_: object, bucket: distributed.GradBucket) -> torch.futures.Future[Tensor]:
        seen.append(bucket.buffer().nbytes)
        done: torch.futures.Future[Tensor] = torch.futures.Future()
        done.set_result(bucket.buffer())
        return done

    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self) -> Tensor:
            return torch.stack([p.sum() for p in self.model.parameters()]).sum()

    store = distributed.HashStore()
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    parallel = DistributedDataParallel(Sum())
    parallel.register_comm_hook(None, hook)
    parallel().backward()
    distributed.destroy_process_group()
    return sum(seen)


def rings(n_bytes: float, n_gpus: int) -> Exchange:
    """One way around: a reduce-scatter or an all-gather of so many bytes over all GPUs."""
    nodes = n_gpus // NODE
    within = n_bytes * (NODE - 1) / NODE
    between = n_bytes / NODE * (nodes - 1) / nodes
    hops = math.log2(n_gpus) * HOP_US * 1e-6
    seconds = within / (NVLINK_GB_S * 1e9) + between / (ADAPTER_GB_S * 1e9) + hops
    return Exchange(n_bytes * (n_gpus - 1) / n_gpus, seconds)


def ddp(model: Model, n_gpus: int) -> Exchange:
    """Gradients reduced and gathered."""
    way = rings(model.gradient_bytes, n_gpus)
    return Exchange(2 * way.n_bytes, 2 * way.seconds)


def fsdp2(model: Model, n_gpus: int) -> Exchange:
    """Each block: weights gathered for both passes, gradients reduced once; all in float32."""
    way = rings(FLOAT_BYTES * model.parameters / model.layers, n_gpus)
    return Exchange(3 * model.layers * way.n_bytes, 3 * model.layers * way.seconds)


def step_s(model: Model, mfu: float) -> float:
    """Seconds that a GPU computes in a step."""
    return GRAIN * GRAINS * model.flops / (mfu * peak(H200))


def n_windows() -> float:
    return HOURS * PASSES * 3600 / WINDOW_S


def gpu_hours(model: Model, mfu: float) -> float:
    """Hours of one GPU for all passes, computing alone."""
    return n_windows() / (GRAIN * GRAINS) * step_s(model, mfu) / 3600


def percent(share: float) -> str:
    return f"{share * 100:.2g} %"


def row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def table(columns: list[str], rows: list[list[object]]) -> str:
    rules = ["---" if k == 0 else "---:" for k in range(len(columns))]
    return "\n".join([row(*columns), "|" + "|".join(rules) + "|", *(row(*cells) for cells in rows)])


def inputs(models: list[Model]) -> str:
    stated, assumed = "stated", "assumed, not measured"
    windows = f"{WINDOW_S} s of {CHANNELS} channels, {n_windows() / 1e6:,.0f} million of them"
    rows: list[list[object]] = [
        [f"windows for {PASSES} passes over {HOURS:,} h", windows, stated],
        ["windows of a GPU in a step", f"{GRAINS} grains of {GRAIN}", stated],
        ["peak of an H200, bfloat16", f"{peak(H200) / 1e12:.1f} TFLOP/s", "its data sheet"],
        ["NVLink, each way and GPU", f"{NVLINK_GB_S} GB/s", assumed],
        ["InfiniBand, each way and GPU", f"{ADAPTER_GB_S} GB/s", assumed],
        ["delay of a hop", f"{HOP_US} µs", assumed],
    ]
    for m in models:
        facts = {
            "parameters, head included": (f"{m.parameters / 1e6:.1f} million", "counted"),
            "operations of a step on a window": (f"{m.flops / 1e9:.1f} GFLOP", "counted"),
            "gradients that DDP exchanges": (f"{m.gradient_bytes / 1e6:.1f} MB", "counted"),
            "share of the peak (MFU)": (percent(MFU[m.name]), assumed),
        }
        rows += [[f"`{m.name}`: {name}", *values] for name, values in facts.items()]
    return table(["input", "value", "from"], rows)


def scaling(models: list[Model]) -> str:
    rows: list[list[object]] = []
    for m in models:
        compute = step_s(m, MFU[m.name])
        for n in GPUS:
            batch = GRAIN * GRAINS * n
            steps = f"{n_windows() / batch / 1000:,.0f}"
            cells: list[object] = [f"`{m.name}`, {n}", f"{batch:,}", steps, f"{compute * 1e3:.1f}"]
            for exchange in (ddp(m, n), fsdp2(m, n)):
                share = compute / (compute + exchange.seconds)
                cells += [f"{exchange.n_bytes / 1e6:.0f}", f"{exchange.seconds * 1e3:.2f}"]
                cells.append(percent(share))
            hours = gpu_hours(m, MFU[m.name]) * (compute + ddp(m, n).seconds) / compute
            rows.append([*cells, f"{hours / n:.2g}", f"{hours:.0f}"])
    columns = ["preset, GPUs", "global batch", "thousand steps", "compute, ms"]
    for name in ("DDP", "FSDP2"):
        columns += [f"{name}: MB", "ms", "efficiency at least"]
    return table([*columns, "hours (DDP)", "GPU-hours"], rows)


def memory(models: list[Model]) -> str:
    rows: list[list[object]] = []
    for m in models:
        whole = OPTIMIZER_BYTES * m.parameters / 1e9
        rows.append([f"`{m.name}`", f"{whole:.2f}", *(f"{whole / n:.3f}" for n in GPUS)])
    return table(["preset", "DDP", *(f"FSDP2, {n} GPUs" for n in GPUS)], rows)


def hours(models: list[Model]) -> str:
    rows: list[list[object]] = [
        [f"`{m.name}`", *(f"{gpu_hours(m, mfu):.0f}" for mfu in SHOWN_MFU)] for m in models
    ]
    return table(["preset", *(f"MFU {percent(mfu)}" for mfu in SHOWN_MFU)], rows)


def sentences(models: list[Model]) -> str:
    small, large = models
    least = percent(gpu_hours(small, 1.0) / AIM_HOURS)
    paper = PAPER_GPU_HOURS * peak(RTX_4090) / peak(H200)
    attained = CPU_BATCH * small.flops / CPU_STEP_S / 1e9
    rates = [GRAIN * GRAINS / step_s(m, MFU[m.name]) for m in models]
    megabytes = [rate * CHANNELS * PATCHES * PATCH_SAMPLES * SAMPLE_BYTES / 1e6 for rate in rates]
    spent = [f"{gpu_hours(m, MFU[m.name]):.0f} H200-hours" for m in models]
    lines = [
        f"`{small.name}` takes {spent[0]} if a step reaches {percent(MFU[small.name])} of the "
        f"peak, and {AIM_HOURS} if it reaches {least}.",
        f"`{large.name}` takes {spent[1]} at {percent(MFU[large.name])}.",
        f"The paper's {PAPER_GPU_HOURS} hours of an RTX 4090 ({peak(RTX_4090) / 1e12:.1f} TFLOP/s) "
        f"are {paper:.0f} of an H200, by the peaks alone.",
        f"At these rates the loader feeds a GPU {rates[0]:,.0f} windows a second "
        f"({megabytes[0]:.0f} MB of int16) for `{small.name}`, {rates[1]:,.0f} "
        f"({megabytes[1]:.0f} MB) for `{large.name}`.",
        f"Measured is a processor alone: {CPU_STEP_S * 1e3:,.0f} ms for a step of {CPU_BATCH} "
        f"windows of `{small.name}` on one thread, which are {attained:.0f} GFLOP/s.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def page() -> str:
    models = [model_of(name) for name in MFU]
    parts = [
        ("Inputs", inputs(models)),
        ("A step", scaling(models)),
        ("GB of weights, gradients and moments on each GPU", memory(models)),
        ("GPU-hours by MFU, without exchange", hours(models)),
    ]
    tables = "\n\n".join(f"**{title}**\n\n{text}" for title, text in parts)
    return f"{tables}\n\n{sentences(models)}"


if __name__ == "__main__":
    print(page())
