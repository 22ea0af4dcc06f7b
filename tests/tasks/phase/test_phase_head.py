"""The head that corrects phases: what it starts from, learns, can't see, and how it is stored."""

from pathlib import Path

import numpy as np
import pytest
import torch
from forecastdata import NAMES, RATE_HZ, MemoryCorpus, as_context, noise, sines
from smallencoders import small

from eegssl.adaptation.config import AdaptationConfig
from eegssl.artifacts.writer import begin
from eegssl.config.resolve import read_task
from eegssl.errors import ConfigError
from eegssl.scoring.forecasts.circular import phase_error_deg
from eegssl.tasks.forecast.data import Context, Horizon, horizon_of
from eegssl.tasks.forecast.fit import ForecastPlan
from eegssl.tasks.phase import data as phase_pairs
from eegssl.tasks.phase.config import PhaseTaskConfig
from eegssl.tasks.phase.data import (
    PhasePairs,
    base_phases,
    cut_phase_pairs,
    known_of,
    lead_samples,
)
from eegssl.tasks.phase.dominant_frequency import dominant_frequencies
from eegssl.tasks.phase.fit import fit_phase_head, load_phase_head, save_phase_head
from eegssl.tasks.phase.model import PhaseAhead, PhaseHead, build_phase_head, knot_samples
from eegssl.training.config import TrainingConfig

BASES = ("rotation", "ar", "rotation")


def task_of(**head: object) -> PhaseTaskConfig:
    """9 s of context, 2 s ahead, three bands that were not written in order."""
    ar = {"fit_s": 6.0, "max_order": 16}
    return PhaseTaskConfig(
        name="test",
        forecast={
            **{"context_s": 9, "horizon_s": 2, "stride_s": 3, "pairs_per_recording": 6},
            "baselines": {"autoregression": ar},
        },
        phase={"bands": {"beta": (14, 30), "alpha": (8, 13), "theta": (4, 8)}},
        head={"window_s": 4, "windows": 2} | head,
    )


TASK = task_of()
HORIZON = horizon_of(TASK.forecast, RATE_HZ)
LEADS = lead_samples(HORIZON, TASK.phase)


def head_of(task: PhaseTaskConfig = TASK, std: float = 0.0) -> PhaseHead:
    """A head on a small encoder, its last layer drawn."""
    head = build_phase_head(small(), HORIZON, task, BASES, True)
    torch.manual_seed(1)
    torch.nn.init.normal_(head.head.weight, std=std)
    return head


def ahead_of(head: PhaseHead, context: Context) -> PhaseAhead:
    """Contexts forecast from their own frequencies."""
    centres = dominant_frequencies(context.signal_uv, RATE_HZ, head.task.phase).hz
    bases = base_phases(context, centres, LEADS, RATE_HZ, head.task, sorted(set(head.bases)))
    return head.correct(context, centres, bases, LEADS)


def pairs_of(signals_uv: dict[str, np.ndarray]) -> PhasePairs:
    corpus = MemoryCorpus(signals_uv)
    return cut_phase_pairs(corpus, corpus.recordings, TASK)


def alphas(n: int, seed: int) -> dict[str, np.ndarray]:
    """Recordings of 24 s with 10 Hz and noise."""
    waves = sines(n, 24, 10.0, seed)[0]
    return {f"s{seed}{k}-1": waves[k] + noise(4800, 10 * seed + k) for k in range(n)}


def test_knots_lie_denser_near_t_and_reach_the_end() -> None:
    horizon = Horizon(18000, 2400, RATE_HZ)
    knots = knot_samples(horizon, TASK.head)
    gaps = np.diff(knots)
    assert knots[0] == 0
    assert knots[-1] == 2399
    assert gaps[0] == 10
    assert np.all(gaps[:-1] <= 10 + 0.11 * knots[1:-1])
    assert len(knots) < 60
    few = knot_samples(Horizon(200, 1, RATE_HZ), TASK.head)
    np.testing.assert_array_equal(few, [0])


def test_an_untrained_head_is_its_base_in_each_band() -> None:
    context = as_context(sines(2, 9, 10.0, 0)[0], NAMES)
    ahead = ahead_of(head_of(), context)
    centres = dominant_frequencies(context.signal_uv, RATE_HZ, TASK.phase).hz
    bases = base_phases(context, centres, LEADS, RATE_HZ, TASK)
    for k, name in enumerate(BASES):
        np.testing.assert_allclose(ahead.rad[:, :, k], bases[name][:, :, k], atol=1e-6)
    np.testing.assert_allclose(ahead.hz, centres, rtol=1e-5)


def test_frequencies_stay_in_their_bands_whatever_the_head_says() -> None:
    context = as_context(sines(2, 9, 10.0, 0)[0], NAMES)
    ahead = ahead_of(head_of(std=10.0), context)
    for k, (low, high) in enumerate(TASK.phase.bands.values()):
        assert np.all((ahead.hz[..., k] >= low - 1e-4) & (ahead.hz[..., k] <= high + 1e-4))


def test_bands_are_in_order_of_frequency_however_they_were_written() -> None:
    assert list(TASK.phase.bands) == ["theta", "alpha", "beta"]


def test_forecasts_follow_the_channels_when_these_change_places() -> None:
    head, signal_uv, order = head_of(std=0.1), sines(2, 9, 10.0, 0)[0], [2, 0, 1]
    ahead = ahead_of(head, as_context(signal_uv, NAMES))
    turned = ahead_of(head, as_context(signal_uv[:, order], [NAMES[k] for k in order]))
    assert np.abs(phase_error_deg(ahead.rad[:, order], turned.rad)).max() < 0.1
    np.testing.assert_allclose(turned.hz, ahead.hz[:, order], atol=1e-3)


def test_nothing_after_t_reaches_a_forecast_and_all_of_it_the_truth() -> None:
    signal_uv = alphas(1, 0)["s00-1"]
    changed_uv = signal_uv.copy()
    changed_uv[:, HORIZON.context_samples :] = noise(4800, 99)[:, HORIZON.context_samples :]
    head, first = head_of(std=0.1), np.array([0])
    said = []
    for values in (signal_uv, changed_uv):
        pairs = pairs_of({"s0-1": values})
        pair = pairs.batch(first)
        known = known_of(pairs, pair, LEADS)
        said.append((ahead_of(head, pair.context), known))
    (one, known), (other, changed) = said
    np.testing.assert_array_equal(one.rad, other.rad)
    np.testing.assert_array_equal(one.hz, other.hz)
    for name in known.bases:
        np.testing.assert_array_equal(known.bases[name], changed.bases[name])
    assert np.abs(phase_error_deg(known.truth.rad, changed.truth.rad)).mean() > 30


def plan_of(folder: Path, **training: object) -> ForecastPlan:
    chosen = {"steps": 60, "batch_size": 8, "lr": 1e-2, "validate_every": 10} | training
    folder.mkdir(exist_ok=True)
    config = TrainingConfig(device="cpu", **chosen)
    return ForecastPlan(config, 0, torch.device("cpu"), folder, folder / "metrics.jsonl")


@pytest.mark.parametrize("kind", ["probe", "full"])
def test_a_head_learns_that_every_phase_is_off(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, val = pairs_of(alphas(4, 1)), pairs_of(alphas(2, 2))
    monkeypatch.setattr(phase_pairs, "late_rad", lambda _, centres_hz: np.ones_like(centres_hz))
    encoder = small()
    before = {name: t.clone() for name, t in encoder.state_dict().items()}
    steps = 60 if kind == "probe" else 10
    plan = plan_of(tmp_path / "work", steps=steps)
    head, told = fit_phase_head(encoder, train, val, AdaptationConfig(kind=kind), plan)
    errors = told["val"]
    assert errors["model"]["phase"] < 0.9 * errors["base"]["phase"]
    assert told["best_step"] > 0
    same = all(torch.equal(t, before[name]) for name, t in head.encoder.state_dict().items())
    assert same == (kind == "probe")


def test_a_head_is_never_worse_than_its_bases_on_the_pairs_that_choose_it(tmp_path: Path) -> None:
    train, val = pairs_of(alphas(1, 3)), pairs_of(alphas(2, 4))
    plan = plan_of(tmp_path / "work", steps=20, lr=0.05)
    _, told = fit_phase_head(small(), train, val, AdaptationConfig(kind="probe"), plan)
    assert told["val"]["model"]["error"] <= told["val"]["base"]["error"]


def test_a_head_is_the_same_after_it_was_stored(tmp_path: Path) -> None:
    head = head_of(std=0.1)
    writer = begin(tmp_path / "model", "model", config={}, seed=0)
    save_phase_head(writer, head)
    artifact = writer.finish({})
    context = as_context(sines(2, 9, 10.0, 0)[0], NAMES)
    read = load_phase_head(artifact, MemoryCorpus(alphas(1, 0)))
    assert read.bases == BASES
    one, other = (ahead_of(h, context) for h in (head, read))
    np.testing.assert_array_equal(one.rad, other.rad)
    np.testing.assert_array_equal(one.hz, other.hz)


def test_a_recording_gives_so_many_pairs_at_most_spread_over_it() -> None:
    pairs = pairs_of({"s0-1": noise(200 * 60, 0), "s1-1": noise(200 * 20, 1)})
    owner = pairs.windows.owner
    assert [int((owner == k).sum()) for k in (0, 1)] == [6, 3]
    t_s = pairs.t_s[owner == 0]
    assert t_s[0] == 9
    assert np.ptp(np.diff(t_s)) <= 3
    assert t_s[-1] + 2 <= 60


def test_a_head_for_signals_is_refused_in_a_task_of_phases() -> None:
    overrides = {"forecast": {"head": {"base": "ar"}}}
    with pytest.raises(ConfigError, match="set head"):
        read_task("frequency-phase", overrides)
