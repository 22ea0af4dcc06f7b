"""Speed of pretraining on a GPU: windows/s, share of its peak, memory, wait for data.

Run ``python bench/bench_gpu.py [--out FILE.json] [--workers 8]``; under eight minutes on one GPU.
Prints Markdown and writes the same as JSON. Without a GPU it says so, and measures nothing;
``--device cpu --tiny`` runs the same code on a small model.

Trained by the loop, loader and sampler of ``eegssl pretrain``, on noise in files as preprocess and
tokenize write them: windows of 23 channels and 10 s, cached codes, symmetric masks, bfloat16. The
peer is a step of the plain LaBraM of ``labram_plain.py`` on a batch of the same size that lies
ready on the GPU, in the precision of its code (float32) and in bfloat16.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import simulated_corpus
import torch
from labram_plain import PlainPretraining, plain_optimizer, plain_step

from eegssl.artifacts.reading import load
from eegssl.config.corpus_stages import PretrainConfig
from eegssl.config.resolve import resolve
from eegssl.corpus.codes.tokens import open_codes
from eegssl.corpus.sampling import sampler
from eegssl.corpus.store import open_corpus
from eegssl.corpus.windows import tile
from eegssl.encoder.architectures import build_encoder
from eegssl.objectives.objective import Known
from eegssl.objectives.weighted_sum import build_sum
from eegssl.training.fitting.loop import fit
from eegssl.training.pretraining.grain_reader import GrainReader
from eegssl.training.pretraining.pretraining_steps import PretrainingSteps
from eegssl.training.weights import TOKENS

CHANNELS, WINDOW_S = len(simulated_corpus.CHANNELS), 10
LOGGED, ROWS = 10, 8
"""Steps of a row, and rows; the first two warm up."""
AIMS = {"large: share of the peak": 0.35, "epilepsyfm: times plain LaBraM": 3.0}


@dataclass(frozen=True)
class Size:
    """What is measured of a preset."""

    preset: str
    batch_size: int
    grain: int


SIZES = (Size("epilepsyfm", 256, 64), Size("large", 64, 32))
TINY = (Size("tiny", 4, 2),)


def measured(size: Size, folders: tuple[Path, Path], options: argparse.Namespace) -> dict[str, Any]:
    """Train for some steps; medians of the rows of speed that follow the first two."""
    log_every = 2 if options.tiny else LOGGED
    sets = [
        *(f"training.steps={ROWS * log_every}", f"training.log_every={log_every}"),
        *(f"training.batch_size={size.batch_size}", f"sampling.grain={size.grain}"),
        *("training.precision=bfloat16", "objective.codes.symmetric=true", *options.set),
    ]
    config: PretrainConfig = resolve("pretrain", presets=[size.preset], sets=sets, environment={})
    device = torch.device(options.device)
    corpus, tokens = open_corpus([folders[0]]), load(folders[1], TOKENS.kind)
    window_s = tokens.manifest.facts["window_s"]
    train = open_codes(tokens, tile(corpus, corpus.of_split("train"), window_s))
    draws = sampler(train.windows, config.sampling, size.batch_size)
    n_codes = tokens.manifest.facts["n_codes"]
    encoder = build_encoder(config.encoder, 0)
    model = build_sum(encoder, config.objective, 0, Known(n_codes=n_codes)).to(device)
    reader = GrainReader(train.windows, train, encoder.config, config.masking).of_model(model)
    steps = PretrainingSteps(model, reader, draws, size.batch_size, 0)
    rows: list[dict[str, Any]] = []
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as scratch:
        fit(
            *(model, steps, config.training),
            seed=0,
            folder=Path(scratch),
            metrics=Path(scratch) / "metrics.jsonl",
            num_workers=options.workers,
            on_row=lambda _, speed: rows.append(dict(speed)),
        )
    parts = steps.read(0)
    flops = (steps.flops(parts) or 0) / sum(part.n_windows for part in parts)
    rate = median(row["windows_per_s"] for row in rows[2:])
    return {
        "preset": size.preset,
        "batch": size.batch_size,
        "parameters": sum(p.numel() for p in model.parameters()),
        "gflop_of_a_window": flops / 1e9,
        "windows_per_s": rate,
        "tflops": rate * flops / 1e12,
        "mfu": rows[-1]["mfu"] and median(row["mfu"] for row in rows[2:]),
        "memory_gb": max(row["memory_mb"] for row in rows) / 1e3,
        "data_wait": median(row["data_wait"] for row in rows[2:]),
    }


def plain(size: Size, bf16: bool, options: argparse.Namespace) -> float:
    """Windows a second of plain LaBraM."""
    device, patches = torch.device(options.device), WINDOW_S
    model = PlainPretraining().to(device).train()
    optimizer = plain_optimizer(model)
    signal_uv = 30 * torch.randn(size.batch_size, CHANNELS, patches * 200, device=device)
    mask = torch.rand(size.batch_size, CHANNELS * patches, device=device) < 0.5
    codes = torch.randint(simulated_corpus.N_CODES, mask.shape, device=device)
    work = (model, optimizer, signal_uv, mask, codes, bf16)
    n = 1 if options.tiny else 10
    seconds(lambda: plain_step(*work), n, device)
    return n * size.batch_size / seconds(lambda: plain_step(*work), n, device)


def seconds(job: Callable[[], None], n: int, device: torch.device) -> float:
    """Seconds of so many calls."""
    begin = time.perf_counter()
    for _ in range(n):
        job()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begin


def show(results: dict[str, Any]) -> None:
    print(f"{results['device']}, torch {results['torch']}, {results['workers']} data workers\n")
    print("| preset | batch | windows/s | TFLOP/s | MFU | GB | data wait | × plain LaBraM |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for row in results["presets"]:
        mfu = "n/a" if row["mfu"] is None else f"{row['mfu']:.1%}"
        print(
            f"| `{row['preset']}` | {row['batch']} | {row['windows_per_s']:,.0f} | "
            f"{row['tflops']:.3g} | {mfu} | {row['memory_gb']:.2f} | {row['data_wait']:.1%} | "
            f"{row['windows_per_s'] / row['plain_float32']:.2f} (bfloat16: "
            f"{row['windows_per_s'] / row['plain_bfloat16']:.2f}) |"
        )
    print(f"\nAims: {', '.join(f'{name} at least {aim:g}' for name, aim in AIMS.items())}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="a small model, a few steps")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--set", action="append", default=[], help="a setting of pretrain")
    parser.add_argument("--out", type=Path, default=Path("run/bench_gpu.json"))
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("no CUDA device: not measured")
        return
    cuda = options.device == "cuda"
    results: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if cuda else options.device,
        "torch": torch.__version__,
        "workers": options.workers,
        "presets": [],
    }
    with tempfile.TemporaryDirectory() as scratch:
        n = 20 if options.tiny else 200
        folders = simulated_corpus.write_corpus(Path(scratch), n, window_s=WINDOW_S)
        for size in TINY if options.tiny else SIZES:
            row = measured(size, folders, options)
            for name, bf16 in (("float32", False), ("bfloat16", True)):
                row[f"plain_{name}"] = plain(size, bf16, options)
            results["presets"].append(row)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    show(results)


if __name__ == "__main__":
    main()
