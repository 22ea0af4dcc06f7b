"""Each change of a view does what its name says, and nothing else."""

import numpy as np
import pytest
import torch
from montage_names import CHBMIT, TEN_TWENTY
from objective_grains import noise_uv, plan_of

from eegssl.objectives.views.changes import (
    Amplitude,
    BandStop,
    ChannelDropout,
    Noise,
    RegionPermutation,
    SignFlip,
    TimeShift,
)

PLAN = plan_of(TEN_TWENTY, n_windows=16, n_patches=5)
SIGNAL_UV = noise_uv(PLAN)


def changed(change, signal_uv=SIGNAL_UV, seed=0):
    drawn = change.draw(np.random.default_rng(seed), PLAN)
    assert set(drawn) == set(change.names)
    assert all(len(array) == 16 for array in drawn.values())
    return change(signal_uv, {n: torch.from_numpy(a) for n, a in drawn.items()}), drawn


def test_a_shifted_view_is_a_stretch_of_its_window():
    views, drawn = changed(TimeShift(2, 200))
    assert views.shape == (16, 19, 600)
    for view, window, begin in zip(views, SIGNAL_UV, drawn["begin"], strict=True):
        assert torch.equal(view, window[:, begin : begin + 600])
    assert drawn["begin"].min() >= 0
    assert 200 < drawn["begin"].max() <= 400  # not whole patches only, and to the end
    assert len({begin % 200 for begin in drawn["begin"].tolist()}) > 10


def test_a_stopped_band_is_gone_and_others_stay():
    views, drawn = changed(BandStop(5.0, top_hz=70.0, sfreq_hz=200.0))
    before, after = (torch.fft.rfft(x).abs().square() for x in (SIGNAL_UV, views))
    freqs_hz = torch.fft.rfftfreq(1000, 1 / 200)
    for k, low_hz in enumerate(drawn["stop_hz"].tolist()):
        assert 0 <= low_hz <= 65
        stopped = (freqs_hz >= low_hz) & (freqs_hz < low_hz + 5)
        assert stopped.sum() == 25
        assert after[k][:, stopped].max() < 1e-6 * before[k].mean()
        torch.testing.assert_close(
            after[k][:, ~stopped], before[k][:, ~stopped], rtol=1e-3, atol=1.0
        )
    assert np.ptp(drawn["stop_hz"]) > 30


def test_gains_scale_each_channel_within_their_range():
    views, drawn = changed(Amplitude(6.0))
    ratio = views.std(dim=-1) / SIGNAL_UV.std(dim=-1)
    torch.testing.assert_close(ratio, torch.from_numpy(drawn["gain"]))
    gain_db = 20 * torch.log10(ratio)
    assert gain_db.abs().max() <= 6.001
    assert gain_db.min() < -5
    assert gain_db.max() > 5


def test_noise_has_the_power_that_was_drawn_and_no_other_repeats_it():
    views, drawn = changed(Noise(5.0))
    added = views - SIGNAL_UV
    rms_uv = added.square().mean(dim=-1).sqrt()
    torch.testing.assert_close(rms_uv, torch.from_numpy(drawn["noise_uv"]), rtol=0.1, atol=0.01)
    assert rms_uv.max() <= 5.5
    rows = added.flatten(0, 1) / rms_uv.flatten()[:, None]
    alike = rows @ rows.T / rows.shape[1] - torch.eye(len(rows))
    assert alike.abs().median() < 0.05
    power = torch.fft.rfft(rows).abs().square().mean(dim=0)
    assert power[1:250].mean() == pytest.approx(power[250:500].mean().item(), rel=0.05)


def test_noise_of_a_window_longer_than_the_pool():
    noise = Noise(1.0)
    drawn = {"noise_uv": torch.ones(1, 1), "noise_from": torch.tensor([[2**18 - 1]])}
    made = noise(torch.zeros(1, 1, 2**18 + 7), drawn)
    assert made.std().item() == pytest.approx(1, abs=0.01)
    assert torch.equal(made[0, 0, 1:8], noise.pool[:7])


def test_a_flip_turns_all_channels_of_a_view():
    views, drawn = changed(SignFlip(0.5))
    assert set(drawn["sign"].tolist()) == {-1, 1}
    for view, window, sign in zip(views, SIGNAL_UV, drawn["sign"], strict=True):
        assert torch.equal(view, sign * window)


@pytest.mark.parametrize("names", [TEN_TWENTY, CHBMIT])
def test_channels_change_places_within_one_region(names):
    plan = plan_of(names, n_windows=30)
    order = RegionPermutation(1.0).draw(np.random.default_rng(0), plan)["order"]
    regions = plan.placed.regions[0] > 0
    moved_at_all = 0
    for row in order:
        assert sorted(row) == list(range(len(names)))
        moved = np.flatnonzero(row != np.arange(len(names)))
        moved_at_all += len(moved) > 0
        assert not len(moved) or regions[moved].all(axis=0).any()
    assert moved_at_all > 10
    signal_uv = noise_uv(plan)
    views = RegionPermutation(1.0)(signal_uv, {"order": torch.from_numpy(order)})
    assert torch.equal(views[3, 5], signal_uv[3, order[3, 5]])


def test_no_channel_changes_place_where_a_region_has_one():
    plan = plan_of(("Fp1", "C3", "O2"))
    order = RegionPermutation(1.0).draw(np.random.default_rng(0), plan)["order"]
    assert (order == np.arange(3)).all()


def test_up_to_the_share_of_channels_is_dropped():
    present = ChannelDropout(0.5).draw(np.random.default_rng(0), PLAN)["present"]
    dropped = (~present).sum(axis=1)
    assert 0 <= dropped.min() < 3
    assert 7 <= dropped.max() <= 10
    assert (~present).any(axis=0).all()
    one = ChannelDropout(0.99).draw(np.random.default_rng(0), plan_of(("C3",)))["present"]
    assert one.all()
