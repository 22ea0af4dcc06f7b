"""Corpora of seconds whose future or outcome is known, and the commands of the tasks that ask it.

Subjects are named as nobody in the tiny corpus is, so that its encoder has seen none of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from clirun import Pipeline, Ran, done

from eegssl.io.edf.edf_writer import write_edf

RATE_HZ, SECONDS = 200, 40
NAMES = ("Fp1", "C3", "O2")
Make = Callable[[int], np.ndarray]
"""Subject -> signal [C, T] in µV."""

FORECAST: dict[str, object] = {
    "context_s": 8,
    "horizon_s": 2,
    "stride_s": 2,
    "baselines.lookback_s": 1,
    "baselines.patchtst_lookback_s": 4,
    "baselines.patchtst_width": 8,
    "baselines.patchtst_layers": 1,
    "baselines.patchtst_heads": 2,
    "baselines.autoregression.fit_s": 8,
    "baselines.autoregression.max_order": 40,
    "baselines.fit.steps": 6,
    "baselines.fit.validate_every": 3,
    "head.window_s": 4,
}
"""Settings of a forecast of the signal that takes seconds."""

PHASE: dict[str, object] = {
    "forecast.context_s": 8,
    "forecast.horizon_s": 2,
    "forecast.stride_s": 2,
    "forecast.pairs_per_recording": 8,
    "forecast.baselines.autoregression.fit_s": 8,
    "forecast.baselines.autoregression.max_order": 40,
    "head.window_s": 4,
}
"""The same for frequency and phase."""

TRAINING: dict[str, object] = {
    "training.steps": 6,
    "training.batch_size": 4,
    "training.validate_every": 3,
    "training.checkpoint_every": 3,
    "training.device": "cpu",
}

PATIENTS: dict[str, object] = {
    "analysis.repeats": 2,
    "analysis.permutations": 5,
    "analysis.costs": "[0.1, 1.0]",
    "analysis.bootstrap_resamples": 100,
}


def sets(settings: dict[str, object], prefix: str = "task.") -> list[str]:
    """``--set`` for each of these."""
    return [w for key, value in settings.items() for w in ("--set", f"{prefix}{key}={value}")]


def sines(k: int, hz: float = 10.0, seconds: float = SECONDS, noise_uv: float = 0.2) -> np.ndarray:
    """A steady sine of 30 µV in every channel, of another phase in each, with hardly any noise."""
    rng = np.random.default_rng([11, k])
    t_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * (hz * t_s + rng.random((len(NAMES), 1)))
    return 30 * np.sin(phase) + noise_uv * rng.standard_normal(phase.shape)


def white(k: int, seconds: float = SECONDS) -> np.ndarray:
    """White noise of 20 µV."""
    rng = np.random.default_rng([13, k])
    return 20 * rng.standard_normal((len(NAMES), round(seconds * RATE_HZ)))


def write_signals(
    root: Path, make: Make, subjects: range = range(50, 56), names: Sequence[str] = NAMES
) -> Path:
    """One EDF a subject, of one scale for all, so that samples do not depend on one another."""
    for k in subjects:
        folder = root / f"sub-{k}" / "eeg"
        folder.mkdir(parents=True)
        labels = [f"EEG {n.upper()}-REF" for n in names]
        path = folder / f"sub-{k}_run-1_eeg.edf"
        write_edf(path, make(k), labels, RATE_HZ, physical_max_uv=3000.0)
    return root


def preprocess(edf: Path, out: Path, phase: str, *more: object) -> Path:
    """Recordings of one phase, without mains, which a sine alone cannot show."""
    settings = sets({"filter.phase": phase, "filter.notch": 60, "look.recordings": 0}, "")
    done("preprocess", edf, "--out", out, "--jobs", 1, *settings, *more)
    return out


@dataclass(frozen=True)
class Chain:
    """A corpus twice below ``root``, causal and without delay, and the commands that forecast."""

    root: Path
    encoder: Path
    task: str = "forecast-short"

    @property
    def causal(self) -> Path:
        return self.root / "causal"

    @property
    def zero(self) -> Path:
        return self.root / "zero"

    def finetune(self, out: Path, *more: object, **settings: object) -> list[object]:
        """The command that makes a model, with small settings; ``head__kind`` is ``head.kind``."""
        small = PHASE if self.task == "frequency-phase" else FORECAST
        chosen = small | {k.replace("__", "."): v for k, v in settings.items()}
        words = ["finetune", self.causal, "--encoder", self.encoder, "--task", self.task]
        words += ["--targets", self.zero, "--out", out, *sets(chosen), *sets(TRAINING, "")]
        return [*words, *more]

    def evaluate(self, model: Path, out: Path, *more: object) -> list[object]:
        """The command that scores a model."""
        return ["evaluate", model, self.causal, "--targets", self.zero, "--out", out, *more]

    def scored(self, name: str, *more: object, **settings: object) -> Path:
        """A model and its evaluation; the folder of the evaluation."""
        model, out = self.root / f"{name}-model", self.root / f"{name}-evaluation"
        done(*self.finetune(model, *more, **settings))
        done(*self.evaluate(model, out))
        return out


def chain_of(
    root: Path, tiny: Pipeline, make: Make, task: str = "forecast-short", **more: Any
) -> Chain:
    """Write a corpus and preprocess it both ways."""
    edf = write_signals(root / "edf", make, **more)
    chain = Chain(root, tiny.encoder, task)
    preprocess(edf, chain.causal, "causal")
    preprocess(edf, chain.zero, "zero")
    return chain


def without_targets(words: list[object]) -> list[object]:
    """The command for contexts that go on as their own targets."""
    at = words.index("--targets")
    return [*words[:at], *words[at + 2 :]]


def refused(ran: Ran, codes: tuple[int, ...], *words: str) -> None:
    """One message that holds these words, and no traceback."""
    assert ran.code in codes, ran
    assert ran.err.count("error:") == 1
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err, ran.err


def theta(k: int, good: bool, effect: float, seconds: float = 16.0) -> np.ndarray:
    """Noise of 10 µV and a theta rhythm of 10 µV, ``exp(effect)`` times as large in a good one."""
    rng = np.random.default_rng([17, k])
    t_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    size_uv = 10 * np.exp(effect * good + 0.1 * rng.standard_normal())
    phase = 2 * np.pi * (6 * t_s + rng.random((len(NAMES), 1)))
    return size_uv * np.sin(phase) + 10 * rng.standard_normal(phase.shape)


COLUMNS = ("participant_id", "age", "sex", "seizures_per_month", "follow_up_months")


def table_of(rows: dict[str, dict[str, object]], ends: str = "\n") -> str:
    """A ``participants.tsv``: subject -> cells; age and the like are filled in."""
    extra = list(dict.fromkeys(name for cells in rows.values() for name in cells))
    columns = [*COLUMNS, *(name for name in extra if name not in COLUMNS)]
    lines = ["\t".join(columns)]
    for i, (subject, cells) in enumerate(rows.items()):
        plain = {"age": 20 + 3 * i % 40, "sex": "FFMM"[i % 4], "seizures_per_month": 2 + i % 5}
        row = {"participant_id": subject, "follow_up_months": 24} | plain | cells
        lines.append("\t".join(str(row.get(name, "n/a")) for name in columns))
    return ends.join(lines) + ends
