"""Speed of predict on a night of EEG, by parts, beside plain LaBraM's forward pass.

Run ``python bench/bench_predict.py [hours ...]``; prints Markdown, for one hour unless told
otherwise. The recording is noise: 23 channels at 256 Hz; the model has the sizes of ``epilepsyfm``,
reads windows of 10 s without overlap in float32 on the CPU and has learned nothing. The parts are
those of the command, called one after the other in this process, with as many threads as torch
takes. The forward passes stand beside them: ours and plain LaBraM's, on windows that lie ready, by
turns, some batches scaled to all windows.
"""

# ruff: noqa: E402  (helpers of the tests are beside this folder)
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import numpy as np
import torch
from bench_memory import make_model
from labram_plain import PlainEncoder
from longfiles import memory_mb, write_long_edf

from eegssl.artifacts.context import Context
from eegssl.config.stages import EvaluateConfig, PredictConfig
from eegssl.corpus.new_files.cleaned_alike import settings_like
from eegssl.corpus.preprocessing.file_profile import of_file
from eegssl.corpus.preprocessing.ingest import ingest
from eegssl.corpus.preprocessing.source_files import Source
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.signal.channels.electrodes import geometry
from eegssl.tasks.one_file.file_reader import open_reader
from eegssl.training.weights import read_module_config

BATCH, BATCHES = 16, 6


@contextmanager
def timed(parts: dict[str, float], name: str) -> Iterator[None]:
    """Note the seconds of a block under a name."""
    start = time.perf_counter()
    yield
    parts[name] = time.perf_counter() - start


@contextmanager
def watched() -> Iterator[list[float]]:
    """The peak of anonymous memory in MB during a block, over what was there before."""
    before, done, peak = memory_mb("RssAnon"), threading.Event(), [0.0]

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], memory_mb("RssAnon") - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield peak
    done.set()
    watcher.join()


def predict(model: Path, edf: Path, out: Path) -> tuple[dict[str, float], int, tuple[str, ...]]:
    """Seconds of each part, windows, and channels of a file."""
    reader, parts = open_reader(model), {}
    config = PredictConfig(device="cpu")
    settings = settings_like(reader.cleaned, config.read, config.channels, config.subjects)
    source = Source(edf, edf.parent, edf.name, "r-000000000000")
    with timed(parts, "look at the file"):
        _, scanned = of_file(source, settings)
    assert scanned is not None
    with timed(parts, "read and clean"):
        row = ingest(source, scanned, "s-000000000000", settings, out, None)
    how = EvaluateConfig(batch_size=config.batch_size, device=config.device)
    with timed(parts, "windows through the model"):
        read = reader.read(row["kept"], out, scanned.header.span_s, how, Context(out / "none"))
    return parts, len(read.answer.times_s), read.answer.file.channels


def forward_passes(model: Path, n: int, channels: tuple[str, ...]) -> dict[str, float]:
    """Seconds of the encoder's forward pass, and of plain LaBraM's, on so many windows."""
    config = read_module_config(model, "encoder", EncoderConfig)
    encoder, peer = build_encoder(config, 0).eval(), PlainEncoder().eval()
    signal_uv = 30 * torch.randn(BATCH, len(channels), 10 * config.patch_samples)
    placed = [torch.from_numpy(np.stack([part] * BATCH)) for part in geometry(channels)]
    jobs: dict[str, Callable[[], object]] = {
        "our forward pass alone": lambda: encoder(signal_uv, *placed),
        "plain LaBraM's forward pass": lambda: peer(signal_uv),
    }
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    with torch.no_grad():
        for _ in range(BATCHES):
            for name, job in jobs.items():
                start = time.perf_counter()
                job()
                seconds[name].append(time.perf_counter() - start)
    return {name: median(times) * n / BATCH for name, times in seconds.items()}


def main() -> None:
    """Make a model and, for each length, a file; print what each part takes."""
    lengths_h = [float(word) for word in sys.argv[1:]] or [1.0]
    print("| hours | part | s | share | × real time |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        model = make_model(root)
        for hours in lengths_h:
            edf = write_long_edf(root / "night.edf", round(hours * 3600))
            with watched() as peak_mb:
                parts, n, channels = predict(model, edf, root / "scratch")
            whole = sum(parts.values())
            rows = {**parts, "all of it": whole, **forward_passes(model, n, channels)}
            for part, seconds in rows.items():
                speed = hours * 3600 / seconds
                print(
                    f"| {hours:g} | {part} | {seconds:.1f} | {seconds / whole:.0%} | {speed:.0f} |"
                )
            print(f"\n{n} windows, {os.cpu_count()} cores, {torch.get_num_threads()} threads; ")
            print(f"peak of anonymous memory {peak_mb[0]:.0f} MB over what was there before\n")


if __name__ == "__main__":
    main()
