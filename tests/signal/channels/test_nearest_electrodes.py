"""A place on the head is the electrode nearest to it, and each electrode that of one place."""

import numpy as np
import pytest

from eegssl.signal.channels.nearest_electrodes import (
    FARTHEST_DEG,
    angles_deg,
    nearest_electrodes,
    scalp_electrodes,
    sphere_centre,
)

ELECTRODES = scalp_electrodes()


def turned(
    name: str, degrees: float, towards: tuple[float, float, float] = (0, 0, 1)
) -> np.ndarray:
    """A place so many degrees from an electrode, towards a direction."""
    place = np.asarray(ELECTRODES[name], dtype=np.float64)
    across = np.asarray(towards) - place * (place @ np.asarray(towards))
    across /= np.linalg.norm(across)
    angle = np.radians(degrees)
    return 0.09 * (np.cos(angle) * place + np.sin(angle) * across)


def test_the_bound_is_that_which_is_documented() -> None:
    assert pytest.approx(12.06, abs=0.01) == FARTHEST_DEG


@pytest.mark.parametrize("name", sorted(ELECTRODES))
def test_every_electrode_is_found_at_its_own_place(name: str) -> None:
    assert nearest_electrodes({"X": 7 * ELECTRODES[name]}, ELECTRODES) == {"X": name}


def test_the_nearest_label_wins_and_the_others_are_none() -> None:
    places = {"far": turned("C3", 6), "near": turned("C3", 2), "O": turned("O1", 1)}
    assert nearest_electrodes(places, ELECTRODES) == {"near": "C3", "O": "O1"}


def test_beyond_the_bound_there_is_none() -> None:
    down = (0, 0, -1)
    assert nearest_electrodes({"X": turned("T9", 11.5, down)}, ELECTRODES) == {"X": "T9"}
    assert nearest_electrodes({"X": turned("T9", 12.5, down)}, ELECTRODES) == {}


def test_a_named_electrode_is_not_given_to_a_place() -> None:
    places = {"X": turned("C3", 2), "Y": turned("C4", 2)}
    assert nearest_electrodes(places, ELECTRODES, {"C3"}) == {"Y": "C4"}


def test_the_midline_is_not_one_of_two_beside_it() -> None:
    beside = {"L": turned("Pz", 6, (-1, 0, 0)), "R": turned("Pz", 6, (1, 0, 0))}
    assert nearest_electrodes(beside, ELECTRODES) == {}
    assert nearest_electrodes({"L": beside["L"]}, ELECTRODES) == {"L": "Pz"}
    before = {"A": turned("Pz", 3, (0, 1, 0)), "B": turned("Pz", 3.5, (0, -1, 0))}
    assert nearest_electrodes(before, ELECTRODES) == {"A": "Pz"}


def test_no_places_are_no_electrodes() -> None:
    assert nearest_electrodes({}, ELECTRODES) == {}


def test_ears_and_stand_ins_are_not_taken() -> None:
    assert not ELECTRODES.keys() & {"A1", "A2", "M1", "M2", "T1", "T2", "BTE1", "BTE4"}


def test_the_centre_of_a_sphere_is_found() -> None:
    centre = np.array([1.0, -2.0, 30.0])
    points = centre + 95 * np.array(list(ELECTRODES.values()), dtype=np.float64)
    assert np.allclose(sphere_centre(points), centre)
    first = next(iter(ELECTRODES.values()))
    assert angles_deg(points[:1] - centre, first[None])[0, 0] == pytest.approx(0, abs=0.1)
