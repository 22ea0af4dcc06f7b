"""What an encoder was trained on is compared by one rule: rate, kinds of channels, electrodes."""

import pytest

from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.trained_on import (
    electrodes_of,
    rate_differs,
    require_electrodes,
    untrained_channels,
)
from eegssl.errors import ConfigError

REFERENTIAL = EncoderConfig(montages=("referential",), electrodes=("Fp1", "T7", "Cz"))


def test_what_it_was_trained_on_is_not_untrained() -> None:
    untrained = untrained_channels(REFERENTIAL, ["Fp1", "T7", "Cz"])
    assert untrained.montages == untrained.electrodes == ()
    assert not rate_differs(REFERENTIAL, 200)
    assert rate_differs(REFERENTIAL, 256)


def test_kinds_and_electrodes_that_it_never_saw_are_named() -> None:
    channels = ["Fp1", "Fp1-F7", "C3-A2", "O1"]
    untrained = untrained_channels(REFERENTIAL, channels)
    assert untrained.montages == ("derivations",)
    assert untrained.electrodes == ("C3", "F7", "O1")
    assert untrained.of_electrode(channels) == ("Fp1-F7", "C3-A2", "O1")


def test_an_encoder_that_says_nothing_takes_all() -> None:
    for config in (EncoderConfig(), EncoderConfig(montages=("referential", "derivations"))):
        untrained = untrained_channels(config, ["Fp1-F7", "AF3"])
        assert untrained.montages == untrained.electrodes == ()


def test_electrodes_at_one_place_are_one() -> None:
    """BTE1 behind the ear has the place of T9, and is told by its place alone."""
    config = EncoderConfig(electrodes=("T9",))
    assert untrained_channels(config, ["BTE1", "BTE2"]).electrodes == ("BTE2",)


def test_an_encoder_without_vectors_of_electrodes_has_none_that_are_untrained() -> None:
    config = EncoderConfig(electrodes=("Cz",), identity=False)
    assert untrained_channels(config, ["Pz"]).electrodes == ()


def test_settings_name_electrodes_by_any_spelling() -> None:
    assert require_electrodes(["t3", "FP 1"]) == ("Fp1", "T7")
    with pytest.raises(ConfigError, match="'Smith'; expected electrodes of the 10-10 system"):
        require_electrodes(["Smith"])


def test_electrodes_of_channels_come_from_both_ends() -> None:
    assert electrodes_of(["Fp1-F7", "C3-A2", "Cz"]) == ("C3", "Cz", "F7", "Fp1")
