"""Settings of corruptions: what can't be meant is refused by name."""

import pytest
from pydantic import ValidationError

from eegssl.errors import ConfigError
from eegssl.signal.corruptions.config import CorruptionsConfig
from eegssl.signal.corruptions.known_corruptions import CORRUPTIONS, levels_of


def test_all_are_those_of_the_dictionary_in_its_order() -> None:
    chosen = levels_of(CorruptionsConfig(kinds="all"))
    assert list(chosen) == list(CORRUPTIONS)
    assert chosen["white"] == {1: 20.0, 2: 10.0, 3: 5.0, 4: 0.0, 5: -5.0}


def test_levels_and_severities_of_ones_own() -> None:
    config = CorruptionsConfig(
        kinds=("pops", "white"), severities=(2, 5), levels={"white": (9, 8, 7, 6, 5)}
    )
    assert levels_of(config) == {"pops": {2: 5.0, 5: 40.0}, "white": {2: 8.0, 5: 5.0}}
    assert levels_of(CorruptionsConfig()) == {}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kinds": ("whit",)}, "white"),
        ({"kinds": ("white", "white")}, "each once"),
        ({"kinds": ("white",), "severities": (3, 1)}, "ascending"),
        ({"kinds": ("white",), "severities": (0,)}, "greater than or equal to 1"),
        ({"kinds": ("white",), "severities": ()}, "at least 1"),
        ({"kinds": ("white",), "levels": {"white": (1, 2)}}, "at least 5"),
        ({"kinds": ("white",), "levels": {"pops": (1, 2, 3, 4, 5)}}, "does not name"),
        ({"severities": (1,)}, "kinds names none"),
    ],
)
def test_what_can_not_be_meant_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        CorruptionsConfig.model_validate(values)


@pytest.mark.parametrize(
    ("name", "levels", "words"),
    [
        ("white", (-5, 0, 5, 10, 20), "from mild to severe"),
        ("pops", (-1, 2, 3, 4, 5), "from 0 to 6000"),
        ("drop-channels", (0.1, 0.2, 0.3, 0.5, 1.7), "from 0 to 1"),
        ("drop-regions", (1, 2, 3, 4, 8), "from 1 to 7"),
    ],
)
def test_levels_that_mean_nothing_are_refused_with_the_setting(
    name: str, levels: tuple[float, ...], words: str
) -> None:
    config = CorruptionsConfig.model_validate({"kinds": [name], "levels": {name: levels}})
    with pytest.raises(ConfigError, match=f"corruptions.levels.{name}.*{words}"):
        levels_of(config)
