"""A small corpus to forecast on the command line, and settings that make it quick.

Eight subjects of 44 s and three channels each: oscillations of slowly drifting phase under a little
noise, which can be foreseen, or a random walk, which can't.
"""

from pathlib import Path

import numpy as np
from clirun import done

from eegssl.io.edf.edf_writer import write_edf

CHANNELS = ("Fp1", "C3", "O2")
SUBJECTS, SECONDS, SFREQ_HZ = 8, 44, 250
SHORT_TASK = {
    "context_s": 8,
    "horizon_s": 2,
    "stride_s": 2,
    "head.window_s": 4,
    "baselines.lookback_s": 1,
    "baselines.patchtst_lookback_s": 2,
    "baselines.patchtst_width": 16,
    "baselines.patchtst_layers": 1,
    "baselines.fit.steps": 4,
    "baselines.fit.validate_every": 2,
    "baselines.autoregression.max_order": 40,
    "baselines.autoregression.fit_s": 6,
}


def signal_uv(k: int, *, predictable: bool) -> np.ndarray:
    """The EEG of subject ``k``, [C, T] in µV."""
    rng = np.random.default_rng([11, k])
    t_s = np.arange(SECONDS * SFREQ_HZ) / SFREQ_HZ
    if not predictable:
        steps = rng.standard_normal((len(CHANNELS), len(t_s)))
        return 2.0 * np.cumsum(steps, axis=1)
    hz = rng.uniform(8, 11, (len(CHANNELS), 1))
    drift = 0.6 * np.cumsum(rng.standard_normal((len(CHANNELS), len(t_s))), axis=1)
    phase = 2 * np.pi * hz * t_s + drift / np.sqrt(SFREQ_HZ)
    return 30 * np.cos(phase) + 3 * rng.standard_normal(phase.shape)


def write_recordings(
    root: Path, *, predictable: bool = True, changed_after_s: int = SECONDS
) -> Path:
    """The corpus as EDF below ``root``; the same bytes every time, but for what is changed."""
    for k in range(SUBJECTS):
        folder = root / f"sub-{k:02d}"
        folder.mkdir(parents=True)
        uv = signal_uv(k, predictable=predictable)
        later = uv[:, changed_after_s * SFREQ_HZ :]
        later[:] = 300 * np.sin(np.arange(later.shape[1]))
        path, labels = folder / f"sub-{k:02d}.edf", [f"EEG {n}-REF" for n in CHANNELS]
        write_edf(path, uv, labels, SFREQ_HZ, physical_max_uv=1000.0)
    return root


def preprocessed(edf: Path, out: Path, phase: str) -> Path:
    """Recordings of a folder, filtered in this phase."""
    sets = ("--set", f"filter.phase={phase}", "--set", "look.recordings=0", "--jobs", 1)
    done("preprocess", edf, "--out", out, *sets)
    return out


def finetune(recordings: Path, encoder: Path, out: Path, *more: object) -> dict:
    """The JSON document of fine-tuning a quick forecast."""
    sets = [w for key, value in SHORT_TASK.items() for w in ("--set", f"task.{key}={value}")]
    source = (recordings, "--encoder", encoder, "--task", "forecast-short", "--out", out)
    return done("finetune", *source, *sets, *training(), *more)


def training() -> list[str]:
    """Settings of a training of a few steps."""
    few = {"steps": 12, "batch_size": 4, "validate_every": 4, "checkpoint_every": 4, "log_every": 2}
    return [w for n, v in (few | {"device": "cpu"}).items() for w in ("--set", f"training.{n}={v}")]
