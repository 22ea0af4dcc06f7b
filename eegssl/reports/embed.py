"""Turn figures into data URIs that load and run nothing."""

import base64
import io

from matplotlib.figure import Figure

from eegssl.reports.style import house_style


def svg_uri(figure: Figure) -> str:
    """The figure as an SVG image; for figures of few lines. Same figure, same bytes."""
    metadata: dict[str, str | None] = {"Date": None, "Creator": None, "Format": None, "Type": None}
    return f"data:image/svg+xml;base64,{_encoded(figure, 'svg', metadata)}"


def png_uri(figure: Figure, dpi: int = 144) -> str:
    """The figure as a PNG image; for traces and maps. Same figure, same bytes."""
    return f"data:image/png;base64,{_encoded(figure, 'png', {'Software': None}, dpi)}"


def _encoded(
    figure: Figure, kind: str, metadata: dict[str, str | None], dpi: int | None = None
) -> str:
    """The bytes of a saved figure in base64, without dates and program names."""
    buffer = io.BytesIO()
    with house_style():
        figure.savefig(buffer, format=kind, metadata=metadata, dpi=dpi or "figure")
    return base64.b64encode(buffer.getvalue()).decode("ascii")
