"""A corpus whose phases are known: sines in noise, at two rates, and settings to learn it fast.

Each channel of a subject is a cosine of one alpha frequency and a phase of its own, and a little
noise; nothing else oscillates.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest
from clirun import done
from sharedfolders import made_once

from eegssl.io.edf.edf_writer import write_edf

CHANNELS = ("Fp1", "C3", "O1")
SUBJECTS = 5
SECONDS = 60
AMPLITUDE_UV = 40.0

SETTINGS = """
[preprocess]
filter.phase = "causal"
filter.notch = "off"
look.recordings = 0
splits.val = 0.2
splits.test = 0.4

[tokenize]
window_s = 4.0
fit_codebook = false

[tokenize.atlas]
codes = 2

[tokenize.tokenizer]
width = 8
code_dim = 4
n_codes = 8

[tokenize.training]
steps = 2
batch_size = 2
device = "cpu"

[pretrain.encoder]
layers = 1
width = 16
heads = 2
ffn = 32

[pretrain.training]
steps = 2
batch_size = 2
device = "cpu"

[finetune.training]
steps = 8
batch_size = 4
log_every = 2
validate_every = 2
checkpoint_every = 2
device = "cpu"

[finetune.task.forecast]
context_s = 12.0
horizon_s = 3.0
stride_s = 5.0
pairs_per_recording = 4
baselines.autoregression.max_order = 20
baselines.autoregression.fit_s = 10.0

[finetune.task.phase.bands]
theta = [4.0, 8.0]
alpha = [8.0, 13.0]

[finetune.task.head]
window_s = 4.0
windows = 2
knot_s = 0.1

[evaluate]
traces = 2
"""


def frequency_hz(subject: int) -> float:
    """The one frequency of a subject."""
    return 9.2 + 0.4 * subject


def phase_rad(subject: int, time_s: np.ndarray) -> np.ndarray:
    """The known phase [C, T] of each channel of a subject, unwrapped."""
    own = np.arange(len(CHANNELS))[:, None] + subject
    return 2 * np.pi * frequency_hz(subject) * time_s + own


def write_sines(root: Path) -> Path:
    """One EDF a subject below ``root``; the same bytes every time."""
    root.mkdir(parents=True)
    for k in range(SUBJECTS):
        sfreq_hz = 200 if k == 1 else 256
        time_s = np.arange(SECONDS * sfreq_hz) / sfreq_hz
        noise = np.random.default_rng([3, k]).standard_normal((len(CHANNELS), len(time_s)))
        signal_uv = AMPLITUDE_UV * np.cos(phase_rad(k, time_s)) + 2 * noise
        write_edf(root / f"sub-{k:02d}_eeg.edf", signal_uv, list(CHANNELS), sfreq_hz)
    return root


def make_encoder(root: Path) -> None:
    """Recordings of both phases, tokens, an encoder and the settings that made them."""
    settings = root / "settings.toml"
    settings.write_text(SETTINGS)
    own = ("--config", settings)
    edf = write_sines(root / "edf")
    for name, phase in (("recordings", "causal"), ("zero", "zero")):
        sets = ("--set", f"filter.phase={phase}", "--jobs", 1)
        done("preprocess", edf, "--out", root / name, *own, *sets)
    done("tokenize", root / "recordings", "--out", root / "tokens", *own)
    tokens = ("--tokens", root / "tokens")
    done("pretrain", root / "recordings", *tokens, "--out", root / "encoder", *own)


def copied_encoder(factory: pytest.TempPathFactory, name: str) -> Path:
    """A copy of what `make_encoder` made once, to write models beside it."""
    shared = made_once(factory, "phases", make_encoder, SETTINGS)
    return Path(shutil.copytree(shared, factory.mktemp(name) / "root"))
