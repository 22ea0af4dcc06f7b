"""Configure by how much two views of a window differ."""

from pydantic import Field

from eegssl.config.settings import Settings


class ViewsConfig(Settings):
    """The largest change of each kind; what a view gets is drawn below it, and 0 turns it off."""

    shift_patches: int = Field(1, ge=0)
    """A view is shorter than its window by so many patches, and begins at any sample that lets it
    end inside: nothing is wrapped around, so that there is no seam (ours)."""

    permute: float = Field(0.25, ge=0, le=1)
    """Chance that the channels of one region, drawn, exchange their samples."""

    flip: float = Field(0.0, ge=0, le=1)
    """Chance that the sign of all channels is turned. Off: spikes are negative."""

    amplitude_db: float = Field(6.0, ge=0)
    """Gain of each channel, up to so many decibels up or down; 6 doubles and halves."""

    noise_uv: float = Field(5.0, ge=0)
    """Root mean square of the white noise that is added to each channel, in µV."""

    band_stop_hz: float = Field(5.0, ge=0)
    """Width of a band below `encoder.top_hz`, drawn, of which nothing is left, in Hz."""

    channel_dropout: float = Field(0.2, ge=0, lt=1)
    """Share of the channels that a view is without; one stays at least."""
