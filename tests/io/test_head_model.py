"""The spherical head obeys the physics of dipoles."""

import numpy as np
import pytest

from eegssl.io.head_model import electrode_positions, lead_field

NAMES = ("Fp1", "Fp2", "F7", "F8", "C3", "C4", "T7", "T8", "O1", "O2", "Cz")


def points(array):
    return tuple(map(tuple, np.atleast_2d(array).tolist()))


def test_electrodes_lie_on_the_unit_sphere_where_their_names_say():
    place = dict(zip(NAMES, electrode_positions(NAMES), strict=True))
    assert all(np.linalg.norm(p) == pytest.approx(1) for p in place.values())
    assert place["T7"][0] < -0.9 < 0.9 < place["T8"][0]
    assert place["Fp1"][1] > 0.9 > -0.9 > place["O1"][1]
    assert place["Cz"][2] > 0.9


def test_a_radial_dipole_is_largest_at_the_electrode_above_it():
    places = electrode_positions(NAMES)
    field = lead_field(NAMES, points(places * 0.75), points(places))
    np.testing.assert_array_equal(field.argmax(axis=0), np.arange(len(NAMES)))


def test_the_field_grows_towards_the_scalp_and_mirrors_with_the_dipole():
    place = electrode_positions(("C3",))[0]
    other = place * [-1, 1, 1]
    sources = points([place * 0.4, place * 0.6, place * 0.8, other * 0.8])
    field = lead_field(("C3", "C4"), sources, points([place, place, place, other]))
    assert field[0, 0] < field[0, 1] < field[0, 2]
    assert field[1, 3] == pytest.approx(field[0, 2], rel=0.05)


def test_a_tangential_dipole_shows_opposite_signs_on_both_sides():
    field = lead_field(("T7", "T8"), ((0, 0, 0.7),), ((1.0, 0, 0),))
    assert field[0, 0] < 0 < field[1, 0]


def test_the_potential_is_linear_in_the_moment():
    sources, moments = ((0.1, 0.2, 0.6),), np.array([[0.3, -0.5, 0.8]])
    one, two = (
        lead_field(NAMES, sources, points(moments)),
        lead_field(NAMES, sources, points(-2 * moments)),
    )
    np.testing.assert_allclose(two, -2 * one, atol=1e-8)


def test_unknown_electrodes_and_dipoles_outside_the_brain_are_refused():
    with pytest.raises(ValueError, match="X99"):
        electrode_positions(("Cz", "X99"))
    with pytest.raises(ValueError, match="inside the brain"):
        lead_field(("Cz", "Pz"), ((0, 0, 0.95), (0, 0, 0.5)), ((0, 0, 1.0), (0, 0, 1.0)))
