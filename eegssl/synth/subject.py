"""Draw the traits of synthetic subjects and their laboratory's set-up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.synth.anatomy import SCALP
from eegssl.synth.config import SynthConfig

SYNDROMES = {
    "absence": "generalised",
    "tonic-clonic": "generalised",
    "temporal-left": "LT",
    "temporal-right": "RT",
    "frontal-left": "LF",
    "frontal-right": "RF",
}
"""Syndrome to the region of its focus; subjects alternate between them."""

SETUPS = (
    ("linked-ears", "tuh-le"),
    ("average", "szcore"),
    ("banana", "chb"),
    ("cz", "plain-cz"),
    ("linked-ears", "plain"),
    ("average", "plain"),
    ("linked-ears", "tuh-ref"),
    ("banana", "plain"),
)
"""Reference and label style of a laboratory."""


@dataclass(frozen=True)
class Subject:
    """One synthetic person; every trait is drawn from the seed and the subject's index."""

    index: int
    name: str
    age: int
    sex: str
    syndrome: str
    focus: str
    sfreq_hz: int
    line_hz: int
    reference: str
    style: str
    has_ecg: bool
    alpha_hz: float
    alpha_uv: float
    background_slope: float
    background_uv: float
    skull_gain: float
    theta_hz: float
    seizure_uv: float
    spikes_per_min: float
    artifact_load: float
    mains_uv: float
    heart_hz: float
    tilts: NDArray[np.float64]
    slowing_uv: float = 0.0
    """RMS of the temporal theta in which a cohort's outcome is planted."""

    @property
    def has_epilepsy(self) -> bool:
        """True if the recordings hold seizures."""
        return self.syndrome != "control"


def draw_subjects(config: SynthConfig) -> tuple[Subject, ...]:
    """All subjects of a corpus; kinds, rates and set-ups are spread evenly, in seeded order."""
    rng = np.random.default_rng([config.seed, 1])
    n = config.n_subjects
    share = config.control_fraction if config.cohort == "epilepsy" else 0.0
    controls = min(n, round(n * share))
    # Thermocoagulation is for seizures that begin in one place.
    kinds = [k for k, f in SYNDROMES.items() if config.cohort != "rftc" or f != "generalised"]
    ill = [kinds[i % len(kinds)] for i in range(n - controls)]
    syndromes = rng.permutation(ill + ["control"] * controls)
    sfreqs = rng.permutation([config.sfreqs_hz[i % len(config.sfreqs_hz)] for i in range(n)])
    lines = rng.permutation([config.line_freqs_hz[i % len(config.line_freqs_hz)] for i in range(n)])
    setups = rng.permutation([i % len(SETUPS) for i in range(n)])
    return tuple(
        _draw(config, i, str(syndromes[i]), int(sfreqs[i]), int(lines[i]), SETUPS[setups[i]])
        for i in range(n)
    )


def _draw(
    config: SynthConfig,
    index: int,
    syndrome: str,
    sfreq_hz: int,
    line_hz: int,
    setup: tuple[str, str],
) -> Subject:
    rng = np.random.default_rng([config.seed, 2, index])
    digits = max(2, len(str(config.n_subjects)))
    return Subject(
        index=index,
        name=f"{index + 1:0{digits}d}",
        age=int(rng.integers(6, 18) if syndrome == "absence" else rng.integers(18, 75)),
        sex=str(rng.choice(["F", "M"])),
        syndrome=syndrome,
        focus=SYNDROMES.get(syndrome, "none"),
        sfreq_hz=sfreq_hz,
        line_hz=line_hz,
        reference=setup[0],
        style=setup[1],
        has_ecg=bool(rng.random() < 0.5),
        alpha_hz=round(float(rng.uniform(8.2, 11.8)), 2),
        alpha_uv=float(rng.uniform(8, 22)),
        background_slope=round(float(rng.uniform(1.3, 1.9)), 3),
        background_uv=float(rng.uniform(9, 18)),
        skull_gain=round(float(np.exp(rng.normal(0, 0.2))), 3),
        theta_hz=float(rng.uniform(4.5, 6.5)),
        seizure_uv=float(rng.uniform(70, 150) * (1.3 if syndrome == "absence" else 1.0)),
        spikes_per_min=round(float(rng.uniform(0.5, 5.0)) if syndrome != "control" else 0.0, 2),
        artifact_load=float(np.exp(rng.normal(0, 0.35))) * config.artifact_load,
        mains_uv=float(np.exp(rng.normal(0.9, 0.5))),
        heart_hz=float(rng.uniform(0.95, 1.5)),
        tilts=rng.normal(0.0, 0.3, (len(SCALP), 3)),
    )
