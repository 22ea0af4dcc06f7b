"""Measure referential channels against another reference."""

from eegssl.signal.corruptions.corruption import Corruption, Draws, Floats, Site


class OtherReference(Corruption):
    """The new reference is the mean of some channels: of all a common average, of one its own.

    The fewer they are, the more of their own activity stands in every channel.
    """

    name = "reference"
    words = "Another reference"
    unit = "share of the channels whose mean it is, one at least"
    levels = (1.0, 0.5, 0.25, 0.1, 0.0)
    bounds = (0.0, 1.0)
    ascending = False

    def lacks(self, site: Site) -> str:
        """Why there can be no other reference."""
        derivations = sum(len(one.electrodes) != 1 for one in site.channels)
        if derivations:
            return "derivations, which no reference changes"
        if len({one.reference for one in site.channels}) > 1:
            return "channels of several references"
        return "a single channel" if len(site.names) < 2 else ""

    def apply(self, signal_uv: Floats, level: float, draws: Draws) -> Floats:
        """The channels of a smaller share are among those of a larger one."""
        n = len(signal_uv)
        chosen = draws.of_recording().permutation(n)[: max(round(level * n), 1)]
        return signal_uv - signal_uv[chosen].mean(axis=0)
