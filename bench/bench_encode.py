"""Speed of encoding recordings to codes and entropies, beside the old way and the forward alone.

Run ``python bench/bench_encode.py [repeats]``; prints a Markdown table for each tokenizer. The
recordings are simulated (``simulated_corpus.py``): noise of 23 minutes and 23 channels at 200 Hz,
stored as int16. Nothing is written. A repeat runs all ways one after the other on the same
recordings, in turned order, so that a busy machine slows all; a table holds medians of them, and of
ratios in a repeat.

- *window by window* is how ``tokenize`` encoded before: one window at a time, in one thread of
  Python, torch sharing out each product among its threads. On a busy machine these wait for each
  other, so the same with one thread of torch is there too.
- *in batches* is ``PatchCoder.encode``, which ``tokenize`` runs: as many threads, each by itself.
  *bfloat16* is ``encode_precision=bfloat16``.
- *forward alone* is the floor: the tokenizer's forward in such batches and threads, on signals that
  are in memory already; no entropies.

Hours are those of recordings. The line below a table counts the codes that differ between the two.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import torch
from simulated_corpus import write_corpus

from eegssl.config.resolve import resolve
from eegssl.corpus.codes.in_threads import in_order
from eegssl.corpus.store import Corpus, Recording, open_corpus
from eegssl.masking.entropy import patch_entropy
from eegssl.tokenizer.tokenizer import Tokenizer, build_tokenizer
from eegssl.training.encoding import PatchCoder

THREADS, N_RECORDINGS, AT_ONCE = 2, 2, 17
PRESETS = {"default": [], "epilepsyfm": ["epilepsyfm"]}


def window_by_window(coder: PatchCoder, recordings: list[Recording]) -> list[np.ndarray]:
    """The codes [C, N] of each recording as they were made before; entropies too."""
    model, corpus, length = coder.model, coder.corpus, coder.length
    coded = []
    for recording in recordings:
        entropies, codes = [], []
        geometry = [torch.from_numpy(part)[None] for part in corpus.geometry(recording.channels)]
        for start in range(0, recording.n_samples - length + 1, length):
            signal_uv = corpus.read_uv(recording, start, start + length)
            entropies.append(patch_entropy(signal_uv, model.config.patch_samples))
            tokens = model.tokens_of(model.encode(torch.from_numpy(signal_uv)[None], *geometry))
            codes.append(tokens[0].numpy())
        np.concatenate(entropies, axis=1).astype(np.float16)
        coded.append(np.concatenate(codes, axis=1))
    return coded


def with_one_thread(coder: PatchCoder, recordings: list[Recording]) -> None:
    torch.set_num_threads(1)
    window_by_window(coder, recordings)
    torch.set_num_threads(THREADS)


def in_batches(coder: PatchCoder, recordings: list[Recording]) -> list[np.ndarray]:
    return [codes for _, (_, codes) in coder.encode(recordings)]


def forward_alone(model: Tokenizer, batches: list[torch.Tensor]) -> None:
    made = in_order(model.encode, batches, THREADS, lambda: torch.set_num_threads(1))
    for _ in made:
        pass
    torch.set_num_threads(THREADS)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def signals_of(corpus: Corpus, recordings: list[Recording], length: int) -> list[torch.Tensor]:
    """Batches of windows [17, C, T] of recordings, in memory."""
    batches = []
    for recording in recordings:
        whole = recording.n_samples // length * length
        signal = torch.from_numpy(corpus.read_uv(recording, 0, whole))
        windows = signal.unflatten(1, (-1, length)).transpose(0, 1)
        batches += [part.contiguous() for part in windows.split(AT_ONCE)]
    return batches


def table(name: str, corpus: Corpus, repeats: int) -> None:
    """Measure and print the ways of one tokenizer."""
    config = resolve("tokenize", presets=PRESETS[name], environment={})
    model = build_tokenizer(config.tokenizer, 0).eval()
    length = round(config.window_s * corpus.sfreq_hz)
    recordings = list(corpus.recordings[:N_RECORDINGS])
    coder = PatchCoder(model, corpus, length)
    low = PatchCoder(model, corpus, length, bfloat16=True)
    batches = signals_of(corpus, recordings, length)
    ways: dict[str, Callable[[], object]] = {
        "window by window": lambda: window_by_window(coder, recordings),
        "the same, one thread": lambda: with_one_thread(coder, recordings),
        "in batches": lambda: in_batches(coder, recordings),
        "in batches, bfloat16": lambda: in_batches(low, recordings),
        "forward alone": lambda: forward_alone(model, batches),
    }
    pairs = zip(window_by_window(coder, recordings), in_batches(coder, recordings), strict=True)
    differ = sum(int((old != new).sum()) for old, new in pairs)
    forward_alone(model, batches)
    runs: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for repeat in range(repeats):
        names = list(ways)
        for way in names[repeat % len(names) :] + names[: repeat % len(names)]:
            runs[way].append(timed(ways[way]))
    hours = sum(recording.duration_s for recording in recordings) / 3600
    print(f"\n{name}: {config.tokenizer.n_codes} codes, width {config.tokenizer.width}\n")
    print("| way | s an hour | CPU s an hour | × as fast | × as fast as with one thread |")
    print("|---|---|---|---|---|")
    for way, took in runs.items():
        wall, cpu = (median(times[k] for times in took) / hours for k in (0, 1))
        times, of_one = (
            median(old[0] / own[0] for old, own in zip(runs[peer], took, strict=True))
            for peer in ("window by window", "the same, one thread")
        )
        print(f"| {way} | {wall:.2f} | {cpu:.2f} | {times:.2f} | {of_one:.2f} |")
    patches = sum(
        len(r.channels) * r.n_samples // config.tokenizer.patch_samples for r in recordings
    )
    print(f"\n{differ} of {patches} codes differ between the two ways.")


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    torch.set_num_threads(THREADS)
    print(f"{THREADS} threads, medians of {repeats} repeats")
    with TemporaryDirectory() as folder:
        corpus = open_corpus([write_corpus(Path(folder), N_RECORDINGS)[0]])
        for name in PRESETS:
            table(name, corpus, repeats)


if __name__ == "__main__":
    main()
