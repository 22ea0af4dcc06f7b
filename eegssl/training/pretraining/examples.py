"""Store spectra of hidden patches for the report: true, decoded, predicted."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter
from safetensors.numpy import save_file

from eegssl.artifacts.array_parts import open_tensors
from eegssl.artifacts.json_parts import STRICT, damaged, parse_json
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.objectives.weighted_sum import WeightedSum
from eegssl.tokenizer.spectrum import spectrum_of
from eegssl.tokenizer.tokenizer import Tokenizer
from eegssl.training.history import EXAMPLES
from eegssl.training.pretraining.grain_reader import GrainReader

_SHOWN = 6


@dataclass(frozen=True)
class Examples:
    """Log-amplitude spectra [n, F] of n hidden patches of one window, and its mask."""

    true: NDArray[np.float32]
    tokenizer: NDArray[np.float32]
    predicted: NDArray[np.float32]
    freqs_hz: NDArray[np.float32]
    shown: NDArray[np.int64]
    """Channel and patch of each: [n, 2]."""
    mask: NDArray[np.bool_]
    """[C, N]"""
    channels: tuple[str, ...]


@torch.no_grad()
def write_examples(
    writer: ArtifactWriter,
    model: WeightedSum,
    tokenizer: Tokenizer,
    val: GrainReader,
) -> None:
    """Hide patches of the middle validation window, predict them, store their spectra.

    Nothing is stored where no objective predicts codes.
    """
    index = np.array([len(val.windows) // 2])
    plan = val.plan(index, seed=0, step=0, number=0)
    grain = val.grain(plan, model)
    guesses = (each.predicted_codes(grain) for each in model.objectives.values())
    predicted = next((codes[0].cpu() for codes in guesses if codes is not None), None)
    if predicted is None or plan.mask is None or val.codes is None:
        return
    mask, n_patches = plan.mask[0], plan.n_patches
    hidden = np.argwhere(mask)
    shown = hidden[np.linspace(0, len(hidden) - 1, min(_SHOWN, len(hidden))).astype(int)]
    settings = tokenizer.config
    places = tuple(torch.from_numpy(shown).T)
    codes = tokenizer.codes_of(torch.from_numpy(val.codes.of(index))[0][places])
    predicted_codes = tokenizer.codes_of(predicted[places])
    cut = n_patches * settings.patch_samples
    patches = grain["signal_uv"][0, :, :cut].cpu().unflatten(1, (n_patches, -1))
    true = spectrum_of(patches[places] / settings.scale_uv, settings.n_bins).log_amplitude
    recording = val.windows.recordings[val.windows.locate(index)[0][0]]
    arrays = {
        "true": true.numpy(),
        "tokenizer": tokenizer.decode_spectrum(codes).log_amplitude.numpy(),
        "predicted": tokenizer.decode_spectrum(predicted_codes).log_amplitude.numpy(),
        "freqs_hz": np.arange(settings.n_bins, dtype=np.float32)
        * np.float32(settings.sfreq_hz / settings.patch_samples),
        "shown": shown.astype(np.int64),
        "mask": mask,
    }
    with writer.writing(EXAMPLES) as path:
        save_file(
            {name: np.ascontiguousarray(array) for name, array in arrays.items()},
            path,
            metadata={"channels": json.dumps(recording.channels)},
        )


def read_examples(path: Path) -> Examples:
    """Read what ``write_examples`` stored. Raises ArtifactError for anything else."""
    file = open_tensors(path)
    freqs_hz = file.map("freqs_hz", "f4", (None,))
    shown, mask = file.map("shown", "i8", (None, 2)), file.map("mask", "b1", (None, None))
    size = len(shown), len(freqs_hz)
    names = parse_json(file.metadata.get("channels", "").encode(), _NAMES, path)
    channels: tuple[str, ...] = tuple(names)
    if not size[0] or len(channels) != len(mask):
        raise damaged(path, "it has no patch, or a mask of other channels than it names")
    if not ((shown >= 0).all() and (shown < mask.shape).all()):
        raise damaged(path, "a patch lies outside its window")
    spectra = [file.map(name, "f4", size) for name in ("true", "tokenizer", "predicted")]
    if not all(np.isfinite(values).all() for values in (*spectra, freqs_hz)):
        raise damaged(path, "a spectrum is not finite")
    true, tokenizer, predicted = spectra
    return Examples(true, tokenizer, predicted, freqs_hz, shown, mask, channels)


_NAMES = TypeAdapter(list[str], config=STRICT)
