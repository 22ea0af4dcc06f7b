"""What a pretraining step must do at least: its matrix products and its attention, alone.

    OMP_NUM_THREADS=1 python bench/step_floor.py [repeats]

Sizes and steps are those of ``bench_encoder.py`` in float32, on one thread, beside a step of plain
LaBraM; all take turns, and processor time counts. Products are those of blocks and head, forward
and backward, on inputs that lie ready; attention is torch's kernel forward and backward. A step of
ours can be no shorter than both, so that plain LaBraM's step over them is the largest ratio that
this processor allows. Prints Markdown: medians, and the range over the repeats.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from statistics import median

import torch
from bench_encoder import BATCH, CODES, LABELS, PATCHES, inputs, masks, plain, step
from torch.nn import functional as F

from eegssl.config.resolve import resolve
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.objectives.config import CodesConfig, ObjectiveConfig
from eegssl.objectives.objective import Known
from eegssl.objectives.weighted_sum import build_sum

Job = Callable[[], object]
LENGTH = len(LABELS) * PATCHES
ROWS, PASSES, BLOCK_ROWS = BATCH * LENGTH, 2, 256
OURS, PLAIN = "step of eegssl", "step of plain LaBraM"
DENSE, ATTENTION = "products of eegssl's blocks and head", "attention of eegssl"


class Product:
    """A linear layer's three products for ``rows`` inputs: forward, and both gradients."""

    def __init__(self, rows: int, n_in: int, n_out: int) -> None:
        self.x, self.g = torch.randn(rows, n_in), torch.randn(rows, n_out)
        self.w, self.b = torch.randn(n_out, n_in), torch.randn(n_out)

    def run(self) -> None:
        """Make all three."""
        F.linear(self.x, self.w, self.b)
        self.g @ self.w
        self.g.t() @ self.x


def dense(config: EncoderConfig) -> Job:
    """Products of all blocks in both passes, and of the head; the last block is half spared."""
    width, ffn = config.width, config.ffn
    qkv, rest = (width, 3 * width), ((width, width), (width, ffn), (ffn, width))
    whole = [Product(ROWS, *shape) for shape in (qkv, *rest)]
    last = [Product(ROWS, *qkv), *(Product(ROWS // 2, *shape) for shape in rest)]
    blocks = PASSES * ((config.layers - 1) * whole + last)
    head = Product(BLOCK_ROWS, width, CODES)  # made block by block, as `code_loss` does
    return lambda: [one.run() for one in (*blocks, *[head] * (ROWS // BLOCK_ROWS))]


def attention(config: EncoderConfig) -> Job:
    """The attention of all blocks in both passes, forward and backward."""
    shape = (3, BATCH, config.heads, LENGTH, config.width // config.heads)
    heads = torch.randn(shape).requires_grad_()
    gradient = torch.randn(shape[1:])

    def run() -> None:
        for _ in range(PASSES * config.layers):
            torch.autograd.grad(F.scaled_dot_product_attention(*heads), heads, gradient)

    return run


def timed(jobs: dict[str, Job], repeats: int) -> dict[str, list[float]]:
    """Processor seconds of each job in each repeat, after one warm-up."""
    seen: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats + 1):
        for name, job in jobs.items():
            begun = time.process_time()
            job()
            seen[name].append(time.process_time() - begun)
    return {name: seconds[1:] for name, seconds in seen.items()}


def shown(values: Sequence[float]) -> str:
    return f"{median(values):.2f} | {min(values):.2f} to {max(values):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repeats", nargs="?", type=int, default=5)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = resolve("pretrain", presets=["epilepsyfm"], environment={}).encoder
    given, mask = inputs(torch.device("cpu")), masks()
    codes = torch.randint(CODES, mask.shape)
    objective = ObjectiveConfig(codes=CodesConfig(symmetric=True))
    model = build_sum(build_encoder(config, 0), objective, 0, Known(n_codes=CODES)).train()
    jobs = {
        OURS: step(model, given, mask, codes, bf16=False),
        PLAIN: plain(given[0], mask, codes, bf16=False),
        DENSE: dense(config),
        ATTENTION: attention(config),
    }
    seen = timed(jobs, repeats)
    floor = [a + b for a, b in zip(seen[DENSE], seen[ATTENTION], strict=True)]
    print(f"torch {torch.__version__}, one thread, {repeats} repeats\n")
    print("| job | processor, s | range |\n|---|---:|---:|")
    for name, seconds in {**seen, "floor: both of these": floor}.items():
        print(f"| {name} | {shown(seconds)} |")
    pairs = {
        "plain LaBraM's step over ours": (seen[PLAIN], seen[OURS]),
        "plain LaBraM's step over the floor": (seen[PLAIN], floor),
        "our step over the floor": (seen[OURS], floor),
    }
    print("\n| ratio | median | range |\n|---|---:|---:|")
    for name, (above, below) in pairs.items():
        print(f"| {name} | {shown([a / b for a, b in zip(above, below, strict=True)])} |")


if __name__ == "__main__":
    main()
