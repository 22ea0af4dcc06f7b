"""Make the known EEG of a container's self-test.

It is as SzCORE hands it over, with a seizure, and synthetic: the folder holds nobody's EEG.
"""

from dataclasses import replace
from pathlib import Path

from eegssl.io.edf.edf_writer import EdfSignal, EdfWriter
from eegssl.synth.anatomy import SCALP, build_head
from eegssl.synth.config import SynthConfig
from eegssl.synth.montage import build_montage
from eegssl.synth.render import Renderer
from eegssl.synth.schedule import plan_recording
from eegssl.synth.subject import draw_subjects

SFREQ_HZ = 256
"""Sampling rate of the standard's EDF files."""
CHANNELS = tuple(f"{name}-Avg" for name in SCALP)
"""Their 19 channels, each against the average of all."""
_SEED = 17


def write_known_eeg(path: Path, duration_s: int) -> None:
    """Write an EDF+ file of 19 channels against their average at 256 Hz, with a seizure.

    The same duration gives the same bytes.
    """
    config = SynthConfig(
        n_subjects=1,
        duration_s=duration_s,
        seizures_per_recording=1,
        control_fraction=0.0,
        sfreqs_hz=(SFREQ_HZ,),
        line_freqs_hz=(50,),
        seed=_SEED,
    )
    drawn = draw_subjects(config)[0]
    subject = replace(drawn, reference="average", style="szcore", has_ecg=False)
    plan = plan_recording(config, subject, 0)
    renderer = Renderer(plan, build_head(), build_montage(subject.reference, subject.style))
    signals = [EdfSignal(label, transducer="synthetic") for label in renderer.labels]
    with EdfWriter(path, signals, SFREQ_HZ, patient="X X X X synthetic") as writer:
        for block_uv in renderer.blocks():
            writer.append(block_uv)
