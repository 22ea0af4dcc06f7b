"""Assign electrodes to brain regions: eight, five lobes, or the user's.

A set of regions is a preset (``presets/regions/*.toml``) or a table of the user's: region ->
electrodes. The encoder always gets the eight; masks may follow another set. The rule for
electrodes that a set does not list is ours: they join the region whose members lie nearest, never
one that lies wholly on the other side of the head.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from eegssl.errors import ConfigError
from eegssl.signal.channels.positions import electrode_name, positions

REGIONS = ("LF", "RF", "LT", "RT", "LC", "RC", "O", "M")
"""The regions of `EIGHT`, in the order that every encoder knows them: left and right frontal,
temporal, central; occipital; midline."""

EIGHT = "eight"
"""The default set."""


@dataclass(frozen=True)
class RegionSet:
    """R regions by name, and the electrodes that define each."""

    names: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]


def region_set(source: str | Mapping[str, Sequence[str]] = EIGHT) -> RegionSet:
    """A preset by name, or a table of the user's own: region -> electrodes, in any spelling.

    Raises ConfigError for an unknown preset or electrode, an electrode in two regions, and a
    region without electrodes.
    """
    return _preset(source) if isinstance(source, str) else _checked(source)


@cache
def region_of(electrode: str, regions: RegionSet | None = None) -> str | None:
    """The region of an electrode; None where its name isn't known or no region is on its side.

    Members as listed; any other electrode joins the nearest region, see ``_nearest``.
    """
    chosen = regions or region_set()
    name = electrode_name(electrode)
    if name is None:
        return None
    for region, members in zip(chosen.names, chosen.members, strict=True):
        if name in members:
            return region
    return _nearest(name, chosen)


def membership(
    places: npt.NDArray[np.float32], located: npt.NDArray[np.bool_], regions: RegionSet
) -> npt.NDArray[np.bool_]:
    """Locate channels in regions, by where their electrodes are: bool [..., C, R].

    ``places`` [..., C, 2, 3] and ``located`` [..., C, 2] as in ``electrodes.Geometry``. A place
    lies in the region of the electrode nearest to it; a derivation in those of both electrodes.
    """
    table, index = _of_all_electrodes(regions)
    nearest = index[(places @ table.T).argmax(axis=-1)]
    inside = nearest[..., None] == np.arange(len(regions.names))
    members: npt.NDArray[np.bool_] = (inside & located[..., None]).any(axis=-2)
    return members


@cache
def _preset(name: str) -> RegionSet:
    folder = files("eegssl.config.presets") / "regions"
    presets = sorted(f.name.removesuffix(".toml") for f in folder.iterdir())
    if name not in presets:
        raise ConfigError(f"regions: got {name!r}; expected one of {', '.join(presets)}")
    text = (folder / f"{name}.toml").read_text(encoding="utf-8")
    return _checked(tomllib.loads(text)["regions"])


def _checked(table: Mapping[str, Sequence[str]]) -> RegionSet:
    if not table:
        raise ConfigError("regions: got none; expected at least one region = [electrodes]")
    owner: dict[str, str] = {}
    for region, spellings in table.items():
        if not spellings:
            raise ConfigError(f"region {region!r} has no electrodes; expected at least one")
        for spelling in spellings:
            name = electrode_name(spelling)
            if name is None:
                raise ConfigError(
                    f"region {region!r}: got {spelling!r}; expected an electrode of 10-10"
                )
            if name in owner:
                raise ConfigError(
                    f"{name} is in two regions, {owner[name]!r} and {region!r}; expected one"
                )
            owner[name] = region
    members = tuple(tuple(n for n in owner if owner[n] == region) for region in table)
    return RegionSet(tuple(table), members)


def _nearest(name: str, regions: RegionSet) -> str | None:
    """The region whose folded centre is nearest to an electrode, of those on its side.

    Folded: left and right laid upon each other, so that a region on both sides has no centre in
    the middle of the head.
    """
    side = _side(name)
    best: tuple[float, str] | None = None
    for region, members in zip(regions.names, regions.members, strict=True):
        sides = {_side(member) for member in members}
        if len(sides) == 1 and sides != {0} and sides != {side}:
            continue
        centre = np.mean([_folded(member) for member in members], axis=0)
        closeness = float(centre @ _folded(name) / np.linalg.norm(centre))
        if best is None or closeness > best[0]:
            best = closeness, region
    return best[1] if best else None


def _side(name: str) -> int:
    """-1 left (odd number), 1 right (even), 0 midline (z)."""
    number = name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxy")
    if number == "z":
        return 0
    return -1 if int(number) % 2 else 1


def _folded(name: str) -> npt.NDArray[np.float32]:
    place = positions()[name].copy()
    place[0] = abs(place[0])
    return place


@cache
def _of_all_electrodes(
    regions: RegionSet,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Positions [E, 3] of all electrodes and the index of each one's region, -1 for none."""
    region_names = {name: region_of(name, regions) for name in positions()}
    index = [regions.names.index(r) if r is not None else -1 for r in region_names.values()]
    return np.stack([positions()[name] for name in region_names]), np.array(index)
