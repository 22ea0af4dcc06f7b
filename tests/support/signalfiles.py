"""Files of stored signals as NumPy users open them: without eegssl."""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file


def load_rows(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file; ``signal`` and ``auxiliary`` [C, T] put together from their blocks."""
    stored = load_file(path)
    for name in {"signal", "auxiliary"} & set(stored):
        stored[name] = np.hstack(stored[name])[:, : stored["n_samples"]]
    return stored
