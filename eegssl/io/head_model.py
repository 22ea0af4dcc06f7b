"""Model a spherical head: electrodes, and the potentials of dipoles (mne)."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEAD_RADIUS_M = 0.09
"""Radius of the scalp; mne's sphere has brain, fluid, skull and scalp at .90, .92, .97 and 1."""

_DECIMALS = 9
"""Rounding that hides in which order a BLAS's threads have summed."""

Points = tuple[tuple[float, float, float], ...]


@lru_cache(maxsize=8)
def electrode_positions(names: tuple[str, ...]) -> NDArray[np.float64]:
    """Positions [C,3] of named 10-05 electrodes on the unit sphere (x right, y front, z up).

    The sphere is the least-squares fit to all of mne's 10-05 table. Raises ValueError for
    a name that is not in it.
    """
    from mne.channels import get_builtin_montages, make_standard_montage

    # mne 1.14 drops the old name of the same table.
    kind = next(k for k in ("colin27_1005", "standard_1005") if k in get_builtin_montages())
    table = make_standard_montage(kind).get_positions()["ch_pos"]
    unknown = [n for n in names if n not in table]
    if unknown:
        raise ValueError(f"got electrodes {unknown}, expected names of the 10-05 system")
    everything = np.array(list(table.values()))
    columns = np.column_stack([2 * everything, np.ones(len(everything))])
    centre = np.linalg.lstsq(columns, (everything**2).sum(axis=1), rcond=None)[0][:3]
    directions = np.array([table[n] for n in names]) - centre
    units = np.round(directions / np.linalg.norm(directions, axis=1, keepdims=True), _DECIMALS)
    units.flags.writeable = False
    return units


@lru_cache(maxsize=8)
def lead_field(names: tuple[str, ...], sources: Points, moments: Points) -> NDArray[np.float64]:
    """Potentials [C,S] in µV of dipoles of 1 nAm, against infinity.

    ``sources`` are places in units of the head's radius, ``moments`` directions. The head is
    mne's four-shell sphere (``mne.make_sphere_model``, Berg and Scherg's approximation). Computed
    once for each set of electrodes and dipoles, then kept in the process, since it is slow.
    """
    import mne

    places = np.array(sources) * HEAD_RADIUS_M
    directions = np.array(moments)
    with mne.use_log_level("ERROR"):
        sphere = mne.make_sphere_model(r0=(0.0, 0.0, 0.0), head_radius=HEAD_RADIUS_M)
        info = mne.create_info(list(names), 1000.0, "eeg")
        info.set_montage(_montage(names))
        grid = mne.setup_volume_source_space(
            pos={"rr": places, "nn": directions}, sphere=sphere, verbose="ERROR"
        )
        forward = mne.make_forward_solution(
            info, trans=None, src=grid, bem=sphere, meg=False, eeg=True, mindist=0.0
        )
    free = forward["sol"]["data"].reshape(len(names), -1, 3)
    if free.shape[1] != len(sources):
        raise ValueError(f"got {len(sources)} dipoles, {free.shape[1]} of them inside the brain")
    potentials = np.einsum("csd,sd->cs", free, directions) * 1e-3  # V/Am to µV/nAm
    potentials = np.round(potentials, _DECIMALS)
    potentials.flags.writeable = False
    return potentials


def _montage(names: tuple[str, ...]) -> Any:
    import mne

    places = electrode_positions(names) * HEAD_RADIUS_M
    return mne.channels.make_dig_montage(
        dict(zip(names, places, strict=True)),
        nasion=(0, HEAD_RADIUS_M, 0),
        lpa=(-HEAD_RADIUS_M, 0, 0),
        rpa=(HEAD_RADIUS_M, 0, 0),
        coord_frame="head",
    )
