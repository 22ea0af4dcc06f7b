"""Plan what happens in one synthetic recording, and when.

A plan depends on the configuration and indices alone, and holds times, sizes and seeds: the ground
truth is known before a sample is made. Rates and durations are ours, in the clinical range.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from eegssl.synth.anatomy import REGION_ELECTRODES, SPREAD
from eegssl.synth.config import SynthConfig
from eegssl.synth.subject import Subject
from eegssl.synth.waves.disturbances import KINDS, Disturbance, draw_disturbance
from eegssl.synth.waves.processes import Process

TYPES = {
    "temporal-left": ("sz_foc_ia", "sz_foc_ia", "sz_foc_a"),
    "temporal-right": ("sz_foc_ia", "sz_foc_ia", "sz_foc_a"),
    "frontal-left": ("sz_foc_ia_m", "sz_foc_a_m"),
    "frontal-right": ("sz_foc_ia_m", "sz_foc_a_m"),
    "absence": ("sz_gen_nm_typical",),
    "tonic-clonic": ("sz_gen_m_tonicClonic",),
}
"""Syndrome to the SzCORE types of its seizures."""

LENGTH_S = {
    "focal": (25.0, 80.0),
    "bilateral": (55.0, 90.0),
    "absence": (6.0, 25.0),
    "tonic-clonic": (45.0, 80.0),
}
"""Pattern to the range of its durations."""

SEVERE = ("bilateral", "tonic-clonic")
"""Patterns that end in suppression of the background."""

FOCAL_PART = 0.45
"""Share of a bilateral seizure before it turns into a tonic-clonic one."""

SEIZURE_GAP_S = 100.0
"""Least time between seizures: event scores merge what is closer than 90 s."""


@dataclass(frozen=True)
class Recruitment:
    """A region joins a seizure ``delay_s`` after its onset, with a share of its amplitude."""

    region: str
    delay_s: float
    share: float


@dataclass(frozen=True)
class Seizure:
    """One seizure; ``pattern`` is a key of ``LENGTH_S``; ``spread`` starts with the onset."""

    onset_s: float
    duration_s: float
    type: str
    pattern: str
    amplitude_uv: float
    spread: tuple[Recruitment, ...]
    seed: int

    @property
    def end_s(self) -> float:
        """The end in seconds from the start of the recording."""
        return self.onset_s + self.duration_s


@dataclass(frozen=True)
class States:
    """Vigilance as knots over time [n]: eyes closed 0..1 and drowsy 0..1."""

    time_s: NDArray[np.float64]
    closed: NDArray[np.float64]
    drowsy: NDArray[np.float64]


def _none() -> NDArray[np.float64]:
    return np.zeros(0)


@dataclass(frozen=True)
class RecordingPlan:
    """The contents of one recording; spikes and blinks as times and sizes [n]."""

    seed: tuple[int, ...]
    subject: Subject
    run: int
    duration_s: int
    seizures: tuple[Seizure, ...] = ()
    disturbances: tuple[Disturbance, ...] = ()
    spike_s: NDArray[np.float64] = field(default_factory=_none)
    spike_uv: NDArray[np.float64] = field(default_factory=_none)
    fragment_s: NDArray[np.float64] = field(default_factory=_none)
    blink_s: NDArray[np.float64] = field(default_factory=_none)
    blink_uv: NDArray[np.float64] = field(default_factory=_none)
    beat_s: NDArray[np.float64] = field(default_factory=_none)
    states: States = field(default_factory=lambda: States(_none(), _none(), _none()))
    session: str = "01"
    process: Process | None = None
    """Replaces everything else in the cohort for forecasting."""

    def rng(self, *stream: int) -> Generator:
        """A generator of its own for each stream of this recording."""
        return np.random.default_rng([*self.seed, *stream])


def plan_recording(config: SynthConfig, subject: Subject, run: int) -> RecordingPlan:
    """Draw one recording of a subject."""
    seed = (config.seed, 3, subject.index, run)
    rng = np.random.default_rng([*seed, 0])
    seizures = _seizures(rng, config, subject)
    states = _states(rng, config.duration_s)
    spike_s = _interictal(rng, subject.spikes_per_min, config.duration_s, seizures)
    fragments_per_min = 0.4 if subject.focus == "generalised" else 0.0
    blink_s = _blinks(rng, states, config.duration_s)
    return RecordingPlan(
        seed=seed,
        subject=subject,
        run=run,
        duration_s=config.duration_s,
        seizures=seizures,
        disturbances=_disturbances(rng, config, subject),
        spike_s=spike_s,
        spike_uv=rng.uniform(50, 150, len(spike_s)),
        fragment_s=_interictal(rng, fragments_per_min, config.duration_s, seizures),
        blink_s=blink_s,
        blink_uv=rng.uniform(80, 220, len(blink_s)),
        beat_s=_beats(rng, subject, config.duration_s),
        states=states,
    )


def _seizures(rng: Generator, config: SynthConfig, subject: Subject) -> tuple[Seizure, ...]:
    if not subject.has_epilepsy or config.cohort != "epilepsy":
        return ()
    count = 1 + int(rng.poisson(config.seizures_per_recording - 1))
    longest_s = 0.2 * config.duration_s
    patterns = [_pattern(rng, subject) for _ in range(count)]
    lengths = [float(rng.uniform(*LENGTH_S[p])) * config.seizure_length for p in patterns]
    lengths = [min(longest_s, length_s) for length_s in lengths]
    gap_s = min(SEIZURE_GAP_S, 0.1 * config.duration_s)
    while sum(lengths) + gap_s * (len(lengths) + 1) > config.duration_s:
        lengths.pop()
    slack_s = config.duration_s - sum(lengths) - gap_s * (len(lengths) + 1)
    pauses = gap_s + slack_s * rng.dirichlet(np.ones(len(lengths) + 1))
    seizures, at_s = [], 0.0
    for i, (length_s, pause_s) in enumerate(zip(lengths, pauses, strict=False)):
        at_s += float(pause_s)
        seizures.append(_seizure(rng, subject, patterns[i], at_s, length_s, i))
        at_s += length_s
    factor = config.seizure_amplitude
    return tuple(replace(s, amplitude_uv=round(s.amplitude_uv * factor, 1)) for s in seizures)


def _pattern(rng: Generator, subject: Subject) -> str:
    if subject.syndrome in LENGTH_S:
        return subject.syndrome
    return "bilateral" if rng.random() < 0.2 else "focal"


def _seizure(
    rng: Generator, subject: Subject, pattern: str, onset_s: float, length_s: float, index: int
) -> Seizure:
    # One seizure in four is subtle: near the background in size, and seen by its rhythm alone;
    # convulsions never are.
    subtle = pattern not in SEVERE and rng.random() < 0.25
    size = rng.uniform(0.3, 0.5) if subtle else rng.uniform(0.8, 1.3)
    if subject.focus != "generalised":
        focal_s = length_s * (FOCAL_PART if pattern == "bilateral" else 1.0)
        delays = np.cumsum([0.0, *rng.uniform(0.12, 0.24, 3)]) * focal_s
        shares = [1.0, *np.sort(rng.uniform(0.35, 0.85, 3))[::-1]]
        regions = (subject.focus, *SPREAD[subject.focus])
        spread = tuple(
            Recruitment(r, round(float(d), 2), round(float(s), 3))
            for r, d, s in zip(regions, delays, shares, strict=True)
        )
    else:
        spread = tuple(Recruitment(r, 0.0, 1.0) for r in REGION_ELECTRODES)
    return Seizure(
        onset_s=round(onset_s, 2),
        duration_s=round(length_s, 2),
        type="sz_foc_f2b" if pattern == "bilateral" else str(rng.choice(TYPES[subject.syndrome])),
        pattern=pattern,
        amplitude_uv=round(float(subject.seizure_uv * size), 1),
        spread=spread,
        seed=index,
    )


def _states(rng: Generator, duration_s: int) -> States:
    """Eyes alternate between closed and open; drowsiness comes and goes with them closed."""
    time_s, closed, drowsy = [0.0], [1.0], [0.0]
    is_closed = bool(rng.random() < 0.7)
    while time_s[-1] < duration_s:
        span_s = float(rng.uniform(20, 120) if is_closed else rng.uniform(8, 60))
        sleepy = float(is_closed and rng.random() < 0.35)
        begin_s = time_s[-1]
        time_s += [begin_s + 0.7, begin_s + span_s]
        closed += [float(is_closed)] * 2
        drowsy += [drowsy[-1], sleepy]
        is_closed = not is_closed
    closed[0] = closed[1]
    return States(np.array(time_s), np.array(closed), np.array(drowsy))


def _poisson_times(rng: Generator, per_min: float, duration_s: float) -> NDArray[np.float64]:
    count = int(rng.poisson(per_min * duration_s / 60))
    times: NDArray[np.float64] = np.sort(rng.uniform(1.0, duration_s - 2.0, count))
    return np.round(times, 3)


def _interictal(
    rng: Generator, per_min: float, duration_s: int, seizures: tuple[Seizure, ...]
) -> NDArray[np.float64]:
    """Times apart from seizures, and from the suppression that follows convulsions."""
    times = _poisson_times(rng, per_min, duration_s)
    for seizure in seizures:
        late_s = 40 if seizure.pattern in SEVERE else 5
        times = times[(times < seizure.onset_s - 5) | (times > seizure.end_s + late_s)]
    return times


def _blinks(rng: Generator, states: States, duration_s: int) -> NDArray[np.float64]:
    times = _poisson_times(rng, 20.0, duration_s)
    closed = np.interp(times, states.time_s, states.closed)
    return times[rng.random(len(times)) > 0.95 * closed]


def _beats(rng: Generator, subject: Subject, duration_s: int) -> NDArray[np.float64]:
    count = int(duration_s * subject.heart_hz * 1.2) + 10
    times = np.cumsum((1 + rng.normal(0, 0.04, count)) / subject.heart_hz)
    return times[times < duration_s]


def _disturbances(rng: Generator, config: SynthConfig, subject: Subject) -> tuple[Disturbance, ...]:
    events = []
    for name, kind in KINDS.items():
        times = _poisson_times(rng, kind.per_min * subject.artifact_load, config.duration_s)
        events += [(float(t), name) for t in times]
    return tuple(
        draw_disturbance(rng, kind, onset_s, config.duration_s, seed=i)
        for i, (onset_s, kind) in enumerate(sorted(events))
    )
