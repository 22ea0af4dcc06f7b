"""Seizures of unseen subjects are found by their spectrum, and not by their size alone.

That they have the waves and rhythms asked for is shown quickly by ``test_synth_seizures.py``.
"""

import numpy as np
import pytest
from scipy.signal import welch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eegssl.synth.anatomy import REGION_ELECTRODES, SCALP, build_head
from eegssl.synth.config import SynthConfig
from eegssl.synth.montage import build_montage
from eegssl.synth.render import Renderer
from eegssl.synth.schedule import plan_recording
from eegssl.synth.subject import draw_subjects

BANDS_HZ = ((0.5, 2), (2, 4), (4, 8), (8, 13), (13, 25), (25, 45))
WINDOW_S = 8


def windows(plan, head):
    """Log band power by region [n,F], size [n] and label [n] of all windows of a recording."""
    renderer = Renderer(plan, head, build_montage("average", "plain"))
    blocks = [b[: len(SCALP)] for b in renderer.blocks() if b.shape[1] == WINDOW_S * 250]
    hz, power = welch(np.array(blocks), 250, nperseg=500)
    bands = [power[..., (hz >= a) & (hz < b)].mean(axis=-1) for a, b in BANDS_HZ]
    log = np.log(np.stack(bands, axis=-1) + 1e-3)
    regions = [
        log[:, [SCALP.index(n) for n in names]].mean(axis=1) for names in REGION_ELECTRODES.values()
    ]
    features = np.concatenate([*regions, log.max(axis=1), log.mean(axis=1)], axis=1)
    start_s = np.arange(len(blocks)) * WINDOW_S
    label = np.zeros(len(blocks), bool)
    for s in plan.seizures:
        shared = np.minimum(s.end_s, start_s + WINDOW_S) - np.maximum(s.onset_s, start_s)
        label |= shared > WINDOW_S / 2
    return features, np.log(np.array(blocks).std(axis=-1).mean(axis=-1)), label


@pytest.mark.slow
def test_band_power_finds_them_and_amplitude_does_not():
    config, head = SynthConfig(sfreqs_hz=(250,), duration_s=720, seed=0), build_head()
    data = [windows(plan_recording(config, s, 0), head) for s in draw_subjects(config)]
    scores = []
    for fold in range(3):
        train = [d for i, d in enumerate(data) if i % 3 != fold]
        model = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.1, max_iter=2000, class_weight="balanced")
        )
        model.fit(np.concatenate([d[0] for d in train]), np.concatenate([d[2] for d in train]))
        scores += [
            (model.decision_function(d[0]), d[1], d[2]) for i, d in enumerate(data) if i % 3 == fold
        ]
    spectral, size, label = (np.concatenate(column) for column in zip(*scores, strict=True))
    assert 0.9 <= roc_auc_score(label, spectral) < 0.995
    assert 0.5 < roc_auc_score(label, size) < 0.88
