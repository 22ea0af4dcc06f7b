"""What a region carries is told from what as many other channels carry."""

from dataclasses import replace

import numpy as np
import pytest
from asked_probes import asked_of

from eegssl.probes.embedded import WithoutRegion
from eegssl.probes.region_measures import region_measures


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(8)


def lost_of(region: np.ndarray, others: np.ndarray) -> WithoutRegion:
    return WithoutRegion(np.arange(len(region)), region, others, np.full(len(region), 2.0))


def test_a_region_that_all_hangs_on_costs_more_than_other_channels(
    rng: np.random.Generator,
) -> None:
    asked = asked_of()
    full = rng.standard_normal((len(asked.sample.subject), 5))
    full[:, 0] += 6 * asked.sample.ictal
    without = full.copy()
    without[:, 0] = rng.standard_normal(len(full))
    lost = region_measures(asked, full, lost_of(without, full))
    assert lost["labels"]["region"].value == pytest.approx(-0.5, abs=0.1)
    assert lost["labels"]["others"].value == 0.0
    assert lost["labels"]["less others"].interval.high < -0.3
    assert lost["moved"]["others"].value == 0.0
    assert lost["moved"]["less others"].interval.low > 0


def test_a_region_like_any_other_channels_costs_nothing_beyond_them(
    rng: np.random.Generator,
) -> None:
    asked = asked_of()
    full = rng.standard_normal((len(asked.sample.subject), 5))
    full[:, 0] += 6 * asked.sample.ictal
    ones = [full + 2 * rng.standard_normal(full.shape) for _ in range(2)]
    measures = region_measures(asked, full, lost_of(*ones))
    for own in measures.values():
        low, high = (getattr(own["less others"].interval, end) for end in ("low", "high"))
        assert low < 0 < high
        assert abs(own["region"].value) > 5 * abs(own["less others"].value)


def test_distances_are_in_those_of_two_windows(rng: np.random.Generator) -> None:
    asked = asked_of()
    full = rng.standard_normal((len(asked.sample.subject), 5))
    lost = lost_of(full[rng.permutation(len(full))], full)
    moved = region_measures(asked, full, lost)["moved"]
    assert moved["region"].value == pytest.approx(0.93, abs=0.1)  # mean over root mean square


def test_where_no_window_can_lose_it_there_is_a_reason() -> None:
    asked = asked_of()
    full = np.zeros((len(asked.sample.subject), 5))
    none = replace(lost_of(full[:0], full[:0]), places=np.zeros(0, np.int64))
    for own in region_measures(asked, full, none).values():
        assert {one.value for one in own.values()} == {None}
        assert "as many elsewhere" in own["region"].reason
