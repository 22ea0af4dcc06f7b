"""Latency of forecasts: from the last sample of a context to a forecast that lies ready.

Run ``python bench/bench_forecast.py [repeats] [phase]``; prints Markdown, with ``phase`` of phases
alone. One thread, 19 channels, 90 s of
context at 200 Hz, one context at a time, as in closed-loop stimulation; signals are forecast 12 s
ahead, phases 1 s, in four bands: the phase head finds the dominant frequencies, its base, and
corrects it. The signal is synthetic, and networks are untrained (their time is the same).
Methods are interleaved, so that a busy machine is busy for all; the table holds medians of wall and
of processor time. The floor is one copy of the context. Every window of a context is embedded anew
each time, though a running system could keep all but the last.
"""

# ruff: noqa: E402  (the pools of threads are set before NumPy starts them)
import os

for _pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"

import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
import torch

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.signal.channels.electrodes import geometry
from eegssl.tasks.forecast.config import (
    SHORT_HORIZON_S,
    AutoregressionConfig,
    ForecastConfig,
    HeadConfig,
)
from eegssl.tasks.forecast.data import Context, horizon_of
from eegssl.tasks.forecast.methods.forecast_baselines import UNFITTED, Linear, plain
from eegssl.tasks.forecast.methods.forecast_head import build_head
from eegssl.tasks.forecast.methods.forecast_networks import DLinear, PatchTST
from eegssl.tasks.phase.config import PhaseBase, PhaseConfig, PhaseHeadConfig, PhaseTaskConfig
from eegssl.tasks.phase.data import base_phases, lead_samples
from eegssl.tasks.phase.dominant_frequency import dominant_frequencies
from eegssl.tasks.phase.instantaneous_phase import phases_by_ar, phases_by_rotation
from eegssl.tasks.phase.model import PhaseHead, build_phase_head

SFREQ_HZ, CONTEXT_S = 200.0, 90.0
NAMES = (
    *("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8"),
    *("P7", "P3", "Pz", "P4", "P8", "O1", "O2"),
)
PHASE_S = 1.0
WORDS = {"rotation": "φ₀ + 2πft", "ar": "AR + Hilbert"}

Method = Callable[[Context], object]


def signal(seconds: float) -> np.ndarray:
    """Brown noise and 10 Hz, [1, C, T] in µV."""
    rng = np.random.default_rng(0)
    t_s = np.arange(round(seconds * SFREQ_HZ)) / SFREQ_HZ
    drift = np.cumsum(rng.standard_normal((1, len(NAMES), len(t_s))), axis=-1)
    slow = drift - drift.mean(axis=-1, keepdims=True)
    return (slow + 20 * np.cos(2 * np.pi * 10 * t_s)).astype(np.float32)


def signal_methods(config: ForecastConfig) -> dict[str, Method]:
    """Methods that forecast signals, by name."""
    horizon = horizon_of(config, SFREQ_HZ)
    made: dict[str, Method] = {
        name: plain(name, horizon, config.baselines).forecast for name in UNFITTED
    }
    lookback = round(config.baselines.lookback_s * SFREQ_HZ)
    weights = np.random.default_rng(0).standard_normal((lookback, horizon.target_samples))
    made["linear"] = Linear(weights, np.ones(horizon.target_samples)).forecast
    made["dlinear"] = DLinear(horizon, config.baselines).forecast
    made["patchtst"] = PatchTST(horizon, config.baselines).forecast
    sizes = {
        "small": EncoderConfig(),
        "epilepsyfm": EncoderConfig(layers=12, width=200, heads=10, ffn=800),
    }
    for size, encoder in sizes.items():
        for kind in ("direct", "autoregressive"):
            chosen = config.model_copy(update={"head": HeadConfig(kind=kind, base="mean")})
            head = build_head(build_encoder(encoder, 0), horizon, chosen, 0)
            made[f"{kind} head, {size} encoder"] = head.forecast
    return made


def phase_methods(ar: AutoregressionConfig) -> dict[str, Method]:
    """Methods that forecast phases over a second, of four bands, by name."""
    config, n = PhaseConfig(), round(PHASE_S * SFREQ_HZ)
    centres = dominant_frequencies(signal(CONTEXT_S), SFREQ_HZ, config).hz
    return {
        "dominant frequencies": lambda c: dominant_frequencies(c.signal_uv, SFREQ_HZ, config),
        "φ₀ + 2πft, frequencies known": lambda c: phases_by_rotation(
            c.signal_uv, n, centres, SFREQ_HZ, config
        ),
        "AR + Hilbert, frequencies known": lambda c: phases_by_ar(
            c.signal_uv, n, centres, SFREQ_HZ, config, ar
        ),
    }


def phase_heads() -> dict[str, Method]:
    """Heads that correct a base, all in one, from the last sample to phases: by base, name."""
    ahead = ForecastConfig(context_s=CONTEXT_S, horizon_s=PHASE_S)
    horizon = horizon_of(ahead, SFREQ_HZ)
    made: dict[str, Method] = {}
    bases: tuple[PhaseBase, ...] = ("rotation", "ar")
    for base in bases:
        for windows in (1, 3):
            chosen = PhaseHeadConfig(base=base, windows=windows)
            task = PhaseTaskConfig(name="phase", forecast=ahead, head=chosen)
            four = [base] * len(task.phase.bands)
            head = build_phase_head(build_encoder(EncoderConfig(), 0), horizon, task, four, True)
            leads = lead_samples(horizon, task.phase)
            name = f"phase head on {WORDS[base]}, small encoder, {10 * windows} s read"
            made[name] = partial(head_ahead, head, leads=leads)
    return made


def head_ahead(head: PhaseHead, context: Context, leads: np.ndarray) -> object:
    """Dominant frequencies, bases, and their correction."""
    centres = dominant_frequencies(context.signal_uv, SFREQ_HZ, head.task.phase).hz
    names = sorted(set(head.bases))
    bases = base_phases(context, centres, leads, SFREQ_HZ, head.task, names)
    return head.correct(context, centres, bases, leads)


def measure(methods: dict[str, Method], repeats: int) -> dict[str, tuple[float, float]]:
    """Median wall and processor time of each method, in ms."""
    places = geometry(NAMES)
    positions, located, regions = places.positions[None], places.located[None], places.regions[None]
    context = Context(signal(CONTEXT_S), positions, located, regions, np.arange(1))
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    for round_ in range(repeats + 1):
        for name, method in methods.items():
            wall, cpu = time.perf_counter(), time.process_time()
            method(context)
            took[name].append((time.perf_counter() - wall, time.process_time() - cpu))
        if round_ == 0:
            took = {name: [] for name in methods}  # the first round warms up
    return {
        name: (1e3 * median(w for w, _ in t), 1e3 * median(c for _, c in t))
        for name, t in took.items()
    }


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    repeats = next((int(word) for word in sys.argv[1:] if word.isdecimal()), 9)
    config = ForecastConfig(context_s=CONTEXT_S, horizon_s=SHORT_HORIZON_S)
    methods = {"one copy of the context (the floor)": lambda c: c.signal_uv.copy()}
    if "phase" not in sys.argv:
        methods |= signal_methods(config)
    methods |= phase_methods(config.baselines.autoregression) | phase_heads()
    print("| method | wall (ms) | processor (ms) |\n|---|---|---|")
    for name, (wall_ms, cpu_ms) in measure(methods, repeats).items():
        print(f"| {name} | {wall_ms:.2f} | {cpu_ms:.2f} |")


if __name__ == "__main__":
    main()
