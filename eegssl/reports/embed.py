"""Turn figures into data URIs that load and run nothing."""

import base64
import io

from matplotlib.figure import Figure
from PIL import Image

from eegssl.reports.style import house_style


def svg_uri(figure: Figure) -> str:
    """The figure as an SVG image; for figures of few lines. Same figure, same bytes."""
    metadata: dict[str, str | None] = {"Date": None, "Creator": None, "Format": None, "Type": None}
    return f"data:image/svg+xml;base64,{_encoded(figure, 'svg', metadata)}"


def png_uri(figure: Figure, dpi: int = 144, colours: int = 0) -> str:
    """The figure as a PNG image; for traces and maps. Same figure, same bytes.

    Of so many ``colours`` it is a third as large, which suits traces.
    """
    encoded = _encoded(figure, "png", {"Software": None}, dpi, colours)
    return f"data:image/png;base64,{encoded}"


def _encoded(
    figure: Figure,
    kind: str,
    metadata: dict[str, str | None],
    dpi: int | None = None,
    colours: int = 0,
) -> str:
    """The bytes of a saved figure in base64, without dates and program names."""
    buffer = io.BytesIO()
    with house_style():
        figure.savefig(buffer, format=kind, metadata=metadata, dpi=dpi or "figure")
    if colours:
        buffer = _of_few_colours(buffer, colours)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _of_few_colours(buffer: io.BytesIO, colours: int) -> io.BytesIO:
    """A PNG with a palette of so many colours."""
    few = io.BytesIO()
    with Image.open(buffer) as image:
        palette = image.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
        palette.save(few, "png", optimize=True)
    return few
