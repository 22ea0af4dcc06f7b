"""Tabulate how well codes tell the spectrum of unseen patches, beside k-means."""

from collections.abc import Mapping
from typing import Any

from eegssl.reports.cells import heads, number_text
from eegssl.reports.sections import Cell, Table


def code_quality_table(quality: Mapping[str, Any] | None) -> Table | None:
    """One row a band, then all; ``quality`` are facts of tokens, no table without them."""
    if quality is None:
        return None
    rows = []
    for band, r2 in quality["r2"].items():
        peer = quality["kmeans_r2"][band]
        rows.append(
            (
                Cell(band),
                Cell(number_text(r2), strong=r2 >= peer),
                Cell(number_text(peer), strong=peer > r2),
            )
        )
    shifted, noisy = (
        "n/a" if share is None else f"{share:.0%}"
        for share in (quality["keep_shifted_50ms"], quality["keep_noisy_2uv"])
    )
    return Table(
        "What codes tell of unseen patches",
        heads(("Band",), "R² of the codes", "R² of k-means"),
        tuple(rows),
        caption=f"From {quality['n_patches']:,} patches of validation subjects. R²: share of the "
        "variance of log amplitudes (Hann taper, a band in up to five parts) that the code of a "
        "patch explains; k-means: as many clusters of the amplitudes of these five bands, of "
        f"training patches. Patches that keep their code when cut 50 ms later: {shifted}; under "
        f"white noise of 2 µV: {noisy}.",
    )
