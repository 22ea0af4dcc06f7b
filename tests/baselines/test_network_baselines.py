"""The networks are those of their papers, and read channels by name."""

from pathlib import Path

import numpy as np
import pytest
import torch
from planted_windows import PERMUTED, SEIZURES, SFREQ_HZ, TASK, planted, windows_of

from eegssl.baselines.config import BaselinesConfig
from eegssl.baselines.network_fit import NetworkSystem, channel_moments, sample_truth
from eegssl.baselines.networks import EEGNet, Network, SeizureUNet, ShallowConvNet, WindowShape
from eegssl.errors import ConfigError, InputError
from eegssl.tasks.labels.label_baseline import fit_baseline

NETWORKS = {"eegnet": EEGNet, "shallow-convnet": ShallowConvNet, "seizure-unet": SeizureUNet}


def fitted(name, train, val, said=None, **network) -> NetworkSystem:
    """A small network, trained on recordings for a few steps."""
    config = BaselinesConfig(
        network={"steps": 40, "batch_size": 16, "validate_every": 20, "device": "cpu", **network},
        shallow_convnet={"filters": 8},
        seizure_unet={"width": 8, "levels": 2},
    )
    lines = [] if said is None else said
    labelled = windows_of(train), windows_of(val)
    return fit_baseline(name, *labelled, TASK, 0, config, "balanced_accuracy", lines.append)


def n_weights(network: Network) -> int:
    """Weights of a network."""
    return sum(p.numel() for p in network.parameters())


def test_eegnet_has_the_weights_of_its_papers_table():
    c, n = 22, 4  # EEGNet-8,2 at 128 Hz on 1 s; filters of 64 and 16 samples are 65 and 17 here
    expected = (8 * 65 + 16) + (16 * c + 32) + (16 * 17 + 16 * 16 + 32) + (16 * 4 * n + n)
    assert n_weights(EEGNet(WindowShape(c, 128, 128.0, n))) == expected


def test_shallow_convnet_has_the_weights_of_its_authors_on_bci_iv_2a():
    network = ShallowConvNet(WindowShape(22, 1125, 250.0, 4))
    assert n_weights(network) == 1040 + 40 * 40 * 22 + 80 + (40 * 69 * 4 + 4) == 47_364


def test_shallow_convnets_two_filters_are_applied_as_one():
    network = ShallowConvNet(WindowShape(6, 300, 100.0, 2))
    signal = torch.randn(3, 6, 300)
    apart = network.spatial(network.temporal(signal[:, None]))[:, :, 0]
    assert torch.allclose(network.filtered(signal), apart, atol=1e-5)


@pytest.mark.parametrize("sfreq_hz", [128.0, 200.0, 256.0])
@pytest.mark.parametrize("window_s", [1.0, 4.0, 10.0])
@pytest.mark.parametrize("build", NETWORKS.values())
def test_any_rate_and_length_gives_one_answer_or_one_a_sample(build, sfreq_hz, window_s):
    n_samples = round(window_s * sfreq_hz)
    network = build(WindowShape(5, n_samples, sfreq_hz, 3)).eval()
    logits = network(torch.randn(2, 5, n_samples))
    assert logits.shape == (2, 3, n_samples if network.per_sample else 1)
    assert logits.isfinite().all()


@pytest.mark.parametrize("name", NETWORKS)
def test_channels_are_read_by_name_in_whatever_order_and_others_are_ignored(name, tmp_path: Path):
    train = [planted(tmp_path, 0, ("T7", "F7", "Fp1")), planted(tmp_path, 1, ("F7", "O1", "T7"))]
    val = [planted(tmp_path, 2, ("F7", "T7"))]
    said: list[str] = []
    system = fitted(name, train, val, said)
    assert system.channels == ("F7", "T7")
    assert "2 channels" in said[0]
    assert "of up to 3" in said[0]
    orders = [("F7", "T7"), ("T7", "F7"), ("O2", "T7", "Fp1", "F7")]
    one, *others = (
        system.predict(windows_of([planted(tmp_path, 3, names)])).tobytes() for names in orders
    )
    assert all(other == one for other in others)


@pytest.mark.parametrize("name", NETWORKS)
def test_recordings_without_its_channels_are_refused_with_what_to_do(name, tmp_path: Path):
    train = [planted(tmp_path, k) for k in range(2)]
    strange = [planted(tmp_path, 2, ("F7", "O1", "O2"))]
    with pytest.raises(InputError, match=r"1 of 1 recordings.*Fp1, T7.*montage\.reference"):
        fitted(name, train, strange)
    system = fitted(name, train, [planted(tmp_path, 3)])
    with pytest.raises(InputError, match=r"1 of 2 recordings.*band-power-regions"):
        system.predict(windows_of([*strange, planted(tmp_path, 4)]))


def test_training_recordings_that_share_no_channel_are_refused(tmp_path: Path):
    train = [planted(tmp_path, 0, ("F7",)), planted(tmp_path, 1, ("T7",))]
    with pytest.raises(InputError, match="no channel in common"):
        fitted("eegnet", train, [planted(tmp_path, 2)])


def test_windows_of_another_length_are_refused(tmp_path: Path):
    recordings = [planted(tmp_path, k) for k in range(2)]
    system = fitted("seizure-unet", recordings[:1], recordings[1:])
    other = windows_of(recordings[1:], TASK.model_copy(update={"window_s": 3.0}))
    with pytest.raises(InputError, match="480 samples at 160 Hz; expected 320"):
        system.predict(other)


def test_channels_are_standardised_by_all_training_windows(tmp_path: Path):
    windows = windows_of([planted(tmp_path, k) for k in range(2)]).windows
    windows = windows.of_channels(windows.shared_channels())
    everything = windows.batch(np.arange(len(windows))).signal_uv.astype(np.float64)
    mean_uv, sd_uv = channel_moments(windows, batch_size=7)
    assert np.allclose(mean_uv, everything.mean(axis=(0, 2)))
    assert np.allclose(sd_uv, everything.std(axis=(0, 2)))


def test_the_amplifiers_gain_makes_no_difference(tmp_path: Path):
    answers = []
    for gain in (1.0, 8.0):
        recordings = [planted(tmp_path, k, gain=gain) for k in range(3)]
        system = fitted("eegnet", recordings[:1], recordings[1:2])
        answers.append(system.predict(windows_of(recordings[2:])))
    assert np.allclose(*answers, atol=1e-3)


def test_each_sample_is_labelled_by_whether_it_lies_in_an_event(tmp_path: Path):
    labelled = windows_of([planted(tmp_path, 0)])
    (onset_s, _, _), (_, _, _) = SEIZURES
    straddling = np.array([int(onset_s // TASK.window_s)])  # the window from 20 to 22 s
    truth = sample_truth(labelled, straddling, TASK.sampled_types)[0]
    assert truth.tolist() == [0] * round(SFREQ_HZ) + [1] * round(SFREQ_HZ)
    everything = sample_truth(labelled, np.arange(len(labelled)), TASK.sampled_types)
    assert everything.sum() == sum(length for _, length, _ in SEIZURES) * SFREQ_HZ


def test_permuted_labels_and_tables_label_whole_windows(tmp_path: Path):
    """The events would give the truth away that the permutation hides."""
    labelled = windows_of([planted(tmp_path, 0)], PERMUTED)
    truth = sample_truth(labelled, np.arange(len(labelled)), PERMUTED.sampled_types)
    assert np.array_equal(truth, np.repeat(labelled.truth[:, None], 320, axis=1))


@pytest.mark.slow
def test_the_specialist_tells_when_in_a_window_the_seizure_begins(tmp_path: Path):
    recordings = [planted(tmp_path, k, rhythm_uv=60.0) for k in range(5)]
    system = fitted("seizure-unet", recordings[:3], recordings[3:4], steps=80, patience=9, lr=3e-3)
    test = windows_of(recordings[4:])
    straddling = np.array([10])  # from 20 to 22 s, of which the seizure has the second half
    with torch.no_grad():
        along_time = torch.softmax(system.logits(test.windows, straddling), dim=1)[0, 1].numpy()
    assert along_time[:120].mean() < 0.3
    assert along_time[200:].mean() > 0.7
    assert system.predict(test)[10, 1] == pytest.approx(along_time.mean(), abs=1e-6)


@pytest.mark.parametrize("name", ["eegnet", "shallow-convnet"])
def test_filters_keep_to_their_largest_norm(name, tmp_path: Path):
    recordings = [planted(tmp_path, k) for k in range(2)]
    network = fitted(name, recordings[:1], recordings[1:], lr=0.1).network
    assert network.max_norms
    for layer, limit in network.max_norms:
        assert layer.weight.flatten(1).norm(dim=1).max() <= limit * (1 + 1e-5)


def test_training_stops_when_validation_no_longer_improves(tmp_path: Path, monkeypatch):
    """Validation that is best at first: three looks, of which two without a better one."""
    looks: list[float] = []

    def score(_given, _probabilities) -> float:
        looks.append(1.0 - len(looks))
        return looks[-1]

    monkeypatch.setattr("eegssl.baselines.interface.BaselineInputs.score", score)
    recordings = [planted(tmp_path, k) for k in range(2)]
    said: list[str] = []
    settings = {"steps": 100, "validate_every": 4, "patience": 2}
    fitted("seizure-unet", recordings[:1], recordings[1:], said, **settings)
    assert len(looks) == 3
    assert "step 4 validates best" in said[1]


def test_a_rate_at_which_training_diverges_is_named(tmp_path: Path):
    recordings = [planted(tmp_path, k) for k in range(2)]
    with pytest.raises(ConfigError, match=r"diverged.*network\.lr"):
        fitted("seizure-unet", recordings[:1], recordings[1:], lr=1e30)
