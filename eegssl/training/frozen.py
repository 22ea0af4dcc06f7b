"""What a frozen encoder says of windows, as an array: for what is fitted without torch."""

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.adaptation.classifier import Classifier
from eegssl.corpus.windows import Windows
from eegssl.training.features import Cache, features_of

_AT_ONCE = 1024


@torch.no_grad()
def embed_windows(
    classifier: Classifier, windows: Windows, device: torch.device, cache: Cache | None = None
) -> NDArray[np.float64]:
    """Pooled embeddings [n, W] of windows, in their order, by a classifier that is frozen."""
    classifier.to(device).eval()
    features = features_of(classifier, windows, device, cache)
    made: NDArray[np.float64] | None = None
    for index in windows.in_order(_AT_ONCE):
        some = features(index).double().cpu().numpy()
        if made is None:
            made = np.empty((len(windows), some.shape[1]))
        made[index] = some
    assert made is not None
    return made
