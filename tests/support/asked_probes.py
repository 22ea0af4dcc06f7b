"""A sample of windows without signals, whose features tests plant."""

import numpy as np
from corpora import corpus, recording

from eegssl.corpus.windows import tile
from eegssl.probes.probe_sample import ProbeSample
from eegssl.probes.probe_scores import Asked

K, FILES, EACH = 12, 2, 16  # subjects, files of each, windows of each file


def asked_of() -> Asked:
    """All windows of all files, every fourth in a seizure."""
    n = K * FILES * EACH
    ones = [recording(0, 4.0 * n)]
    place = np.arange(n)
    return Asked(
        ProbeSample(
            tile(corpus(*ones), ones, 4.0),
            tuple(f"s-{k:03d}" for k in range(K)),
            place // (FILES * EACH),
            place // EACH,
            place % EACH >= EACH // 2,
            np.ones(n, np.bool_),
            np.ones(n, np.bool_),
            place % 4 == 0,
        ),
        seed=0,
    )
