"""Configure forecasts of frequency and phase: bands, phases, head, task."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from eegssl.config.settings import Settings
from eegssl.tasks.forecast.config import ForecastConfig

PhaseBase = Literal["rotation", "ar"]


class PhaseConfig(Settings):
    """Frequency and phase forecasting. All numbers are ours."""

    bands: dict[str, tuple[float, float]] = Field(
        {
            "delta": (1.0, 4.0),
            "theta": (4.0, 8.0),
            "alpha": (8.0, 13.0),
            "beta": (13.0, 30.0),
        },
        min_length=1,
    )
    """Bands by name, in Hz; each has one dominant frequency. Their order is that of frequency,
    however they were written down."""

    fit_hz: tuple[float, float] = (2.0, 45.0)
    """Frequencies between which the aperiodic line is fitted to the spectrum, log over log."""

    segment_s: float = Field(2.0, gt=0)
    """Length of the spectrum's Hann-tapered segments, which overlap by half."""

    prominence_db: float = Field(3.0, ge=0)
    """A peak counts as an oscillation when it stands this far above the aperiodic line ..."""

    false_peak: float = Field(0.05, gt=0, lt=1)
    """... and further than noise without any peaks would with this probability, in a band of a
    signal of its length."""

    half_width_hz: float = Field(1.0, gt=0)
    """The narrow band around a dominant frequency: what lies further off is down 6 dB or more."""

    stop_db: float = Field(60.0, ge=21)
    """Frequencies 1.5 times `half_width_hz` off are down by this."""

    phase_s: float = Field(0.25, gt=0)
    """For phi0 + 2 pi f t: seconds at the context's end to which a sinusoid is fitted."""

    strata: int = Field(4, ge=1)
    """Phase errors are also scored in so many strata of the true amplitude, equally full."""

    rate_hz: float = Field(40.0, gt=0)
    """Phases are scored so many times a second at most; in narrow bands errors vary slowly."""

    @field_validator("bands")
    @classmethod
    def _in_order(cls, bands: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        return dict(sorted(bands.items(), key=lambda item: (item[1], item[0])))

    @model_validator(mode="after")
    def _phase_means_something(self) -> Self:
        lowest = 0.75 * self.half_width_hz
        for name, (low, high) in self.bands.items():
            if not lowest <= low < high:
                raise ValueError(
                    f"band {name} must lie above {lowest:g} Hz (3/4 of half_width_hz), its lower "
                    f"edge first; got {low:g} to {high:g}"
                )
        if not 0 < self.fit_hz[0] < self.fit_hz[1]:
            raise ValueError(f"fit_hz must be two frequencies in order; got {self.fit_hz}")
        return self


class PhaseHeadConfig(Settings):
    """The head on the encoder that forecasts phases and frequencies. All of it is ours."""

    base: PhaseBase | Literal["auto"] = "auto"
    """The base that it corrects: phi0 + 2 pi f t (`rotation`), or AR + Hilbert (`ar`); `auto`
    takes, for each band, the better one on validation pairs. The head starts as its base."""

    window_s: float = Field(10.0, gt=0)
    """The encoder reads the context's end in windows of this length, that it was pretrained on."""

    windows: int = Field(3, ge=1)
    """Number of these windows: the last is read patch by patch, those before it as a mean."""

    knot_s: float = Field(0.05, gt=0)
    """Corrections are learned at lead times this far apart, or a tenth of the lead time where that
    is more, and interpolated between them."""

    weigh_amplitude: bool = False
    """Weigh phase errors by the true amplitude: the phase of next to nothing is noise."""

    frequency_weight: float = Field(1.0, ge=0)
    """Weight of the frequency's error, as a share of its band, beside that of the phase."""


class PhaseTaskConfig(Settings):
    """A task of forecasting, band by band, dominant frequency and instantaneous phase."""

    kind: Literal["phase"] = "phase"
    """A model of such a task learns frequency and phase after a time t."""

    name: str
    """The task's name in tables and reports."""

    forecast: ForecastConfig = ForecastConfig()
    """Contexts and horizon, and the AR model, as for signals."""

    phase: PhaseConfig = PhaseConfig()
    """Bands, peaks and phases."""

    head: PhaseHeadConfig = PhaseHeadConfig()
    """The head on the encoder."""

    @model_validator(mode="after")
    def _nothing_of_signals(self) -> Self:
        forecast, usual = self.forecast, ForecastConfig()
        if forecast.head != usual.head:
            raise ValueError("a task of phases has a head of its own: set head, not forecast.head")
        if forecast.unit != usual.unit:
            raise ValueError("a task of phases is scored in degrees and Hz: leave forecast.unit")
        read = {"autoregression": forecast.baselines.autoregression}
        if forecast.baselines != usual.baselines.model_copy(update=read):
            raise ValueError(
                "a task of phases reads forecast.baselines.autoregression alone: leave the others"
            )
        return self


class PhaseBases(Settings):
    """The bases that a trained head corrects."""

    bases: dict[str, PhaseBase]
    """Base by band, as it was chosen."""
