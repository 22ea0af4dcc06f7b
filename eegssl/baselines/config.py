"""The choices of the baselines."""

from pydantic import Field

from eegssl.settings import Settings


class BandPowerConfig(Settings):
    """Log band power with logistic regression."""

    regularisation_c: float = Field(default=1.0, gt=0)
    """Inverse strength of the L2 penalty on standardised features."""

    max_iterations: int = Field(default=2000, ge=1)
    """Steps of the solver; it says so if they did not suffice."""
