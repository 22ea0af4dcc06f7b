"""A corpus of seconds with a seizure that anyone can see, and settings for models of thousands.

Eight subjects with two recordings each: one with a seizure of 3 Hz spike-and-wave at 200 µV on
1/f noise of 15 µV, one without. Two references, two sampling rates, two numbers of channels;
labels of even subjects stand in a TSV beside the file, of odd ones in the EDF+ annotations.
"""

from pathlib import Path

import numpy as np

from eegssl.io.edf.edf_writer import write_edf

CHANNELS = ("Fp1", "F7", "T3", "O1", "Fp2", "F8", "T4", "O2")
SUBJECTS = 8
SEIZURE_S, CALM_S = 40, 32
RECORDINGS = 2 * SUBJECTS

SETTINGS = """
[preprocess.look]
recordings = 2

[tokenize]
window_s = 4.0
fit_codebook = false

[tokenize.atlas]
codes = 2

[tokenize.tokenizer]
width = 8
code_dim = 4
n_codes = 16

[tokenize.training]
steps = 12
batch_size = 4
log_every = 2
validate_every = 4
checkpoint_every = 4
device = "cpu"

[pretrain]
probe_windows = 0

[pretrain.encoder]
layers = 1
width = 16
heads = 2
ffn = 32

[pretrain.training]
steps = 12
batch_size = 4
log_every = 2
validate_every = 4
checkpoint_every = 4
device = "cpu"

[finetune.adaptation]
kind = "full"

[finetune.training]
steps = 24
batch_size = 8
lr = 3e-3
log_every = 2
validate_every = 4
checkpoint_every = 4
device = "cpu"

[evaluate]
traces = 2
trace_s = 10.0
"""


def write_corpus(root: Path, subjects: range = range(SUBJECTS)) -> Path:
    """The corpus as EDF+ below ``root``, a folder a subject; the same bytes every time."""
    for k in subjects:
        folder = root / f"sub-{k:02d}" / "eeg"
        folder.mkdir(parents=True)
        write_recording(
            folder / f"sub-{k:02d}_run-1_eeg.edf", k, SEIZURE_S, (8.0 + 4 * (k % 3), 16)
        )
        write_recording(folder / f"sub-{k:02d}_run-2_eeg.edf", k, CALM_S, None)
    return root


def write_recording(
    path: Path,
    k: int,
    seconds: int,
    seizure: tuple[float, float] | None,
    *,
    labelled: bool = True,
    patient: str = "X X X X",
) -> Path:
    """One recording of subject ``k``; ``seizure`` is (onset_s, duration_s)."""
    sfreq_hz, reference = (200, 256)[k % 2], ("REF", "LE")[k // 2 % 2]
    names = CHANNELS if k % 4 != 3 else CHANNELS[:6]
    signal_uv = noise_uv(len(names), seconds, sfreq_hz, seed=2 * k + (seizure is None))
    marks: list[tuple[float, float, str]] = []
    if seizure:
        signal_uv += spike_and_wave_uv(seconds, sfreq_hz, *seizure)
        marks = [(*seizure, "sz")]
    in_tsv = labelled and k % 2 == 0
    if in_tsv:
        onset_s, duration_s, kind = marks[0] if marks else (0, seconds, "bckg")
        table = path.with_name(path.name.replace("_eeg.edf", "_events.tsv"))
        table.write_text(f"onset\tduration\teventType\n{onset_s}\t{duration_s}\t{kind}\n")
    return write_edf(
        path,
        signal_uv,
        [f"EEG {name.upper()}-{reference}" for name in names],
        sfreq_hz,
        annotations=marks if labelled and not in_tsv else (),
        patient=patient,
    )


def noise_uv(n_channels: int, seconds: int, sfreq_hz: int, seed: int) -> np.ndarray:
    """1/f noise [C, T] with a standard deviation of 15 µV."""
    white = np.random.default_rng([7, seed]).standard_normal((n_channels, seconds * sfreq_hz))
    freqs_hz = np.fft.rfftfreq(white.shape[1], 1 / sfreq_hz)
    freqs_hz[0] = freqs_hz[1]
    pink = np.fft.irfft(np.fft.rfft(white) / np.sqrt(freqs_hz), white.shape[1])
    return 15 * pink / pink.std(axis=1, keepdims=True)


def spike_and_wave_uv(seconds: int, sfreq_hz: int, onset_s: float, duration_s: float) -> np.ndarray:
    """3 Hz spike-and-wave [T] of 200 µV between onset and end, else 0."""
    t = np.arange(seconds * sfreq_hz) / sfreq_hz
    phase = (3 * t) % 1
    wave = np.exp(-(((phase - 0.2) / 0.04) ** 2)) - 0.5 * np.exp(-(((phase - 0.6) / 0.15) ** 2))
    return np.where((t >= onset_s) & (t < onset_s + duration_s), 200 * wave, 0)
