"""Speed of the tokenizer on two threads: its look-up and its encoding, each beside its reference.

Run ``python bench/bench_tokenizer.py [repeats]``; prints one Markdown table. A repeat runs the work
and its reference one after the other on fresh vectors or signals, so that a busy machine slows
both; the table holds medians, the middle half of the ratios as noise, and CPU beside wall time.

The peer is LaBraM's tokenizer as its paper and code give it, see ``labram_plain.py``; it encodes
a patch by a transformer over its window, ours by the patch alone. Most of the difference is that.
"""

import sys
import time
from collections.abc import Callable
from statistics import median, quantiles

import torch
from labram_plain import PlainTokenizer
from torch import Tensor
from torch.nn.functional import normalize

from eegssl.config.resolve import resolve
from eegssl.tokenizer.lookup import nearest_codes
from eegssl.tokenizer.tokenizer import build_tokenizer

THREADS = 2
SHAPE = (16, 23, 2000)
Work = Callable[[Tensor], object]


def timed(work: Work, given: Tensor) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work(given)
    return time.perf_counter() - wall, time.process_time() - cpu


def compare(
    name: str, ours: Work, reference: Work, fresh: Callable[[int], Tensor], repeats: int
) -> str:
    """One line of the table: both works, interleaved, on the same fresh input."""
    for work in (ours, reference):
        work(fresh(0))
    pairs = []
    for repeat in range(1, repeats + 1):
        given = fresh(repeat)
        order = (ours, reference) if repeat % 2 else (reference, ours)
        times = {work: timed(work, given) for work in order}
        pairs.append((times[ours], times[reference]))
    wall = [median(times[side][0] for times in pairs) for side in (0, 1)]
    cpu = [median(times[side][1] for times in pairs) for side in (0, 1)]
    ratios = quantiles([reference[0] / ours[0] for ours, reference in pairs], n=4)
    return (
        f"| {name} | {wall[0] * 1e3:.0f} | {wall[1] * 1e3:.0f} | {cpu[0] * 1e3:.0f} "
        f"| {cpu[1] * 1e3:.0f} | {ratios[1]:.2f} | {ratios[0]:.2f} to {ratios[2]:.2f} |"
    )


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    torch.set_num_threads(THREADS)
    config = resolve("tokenize", presets=["epilepsyfm"], environment={}).tokenizer
    tokenizer = build_tokenizer(config, 0).eval()
    peer = PlainTokenizer().eval()
    codebook = tokenizer.quantizer.codebook
    rows = SHAPE[0] * SHAPE[1] * SHAPE[2] // config.patch_samples

    def generator(seed: int) -> torch.Generator:
        return torch.Generator().manual_seed(seed)

    def vectors(seed: int) -> Tensor:
        return normalize(torch.randn(rows, config.code_dim, generator=generator(seed)), dim=-1)

    def signal_uv(seed: int) -> Tensor:
        return 30 * torch.randn(SHAPE, generator=generator(seed))

    print(f"{THREADS} threads, median of {repeats} interleaved repeats, float32\n")
    print("| work | ms | reference ms | CPU ms | reference CPU ms | times faster | half of them |")
    print("|---|---|---|---|---|---|---|")
    with torch.no_grad():
        name = f"look-up {rows} in {len(codebook)} × {config.code_dim}; torch.cdist + argmin"
        print(
            compare(
                name,
                lambda v: nearest_codes(v, codebook),
                lambda v: torch.cdist(v, codebook).argmin(dim=-1),
                vectors,
                repeats,
            )
        )
        name = f"encode {list(SHAPE)}; plain LaBraM tokenizer"
        print(compare(name, tokenizer.encode, peer.encode, signal_uv, repeats))


if __name__ == "__main__":
    main()
