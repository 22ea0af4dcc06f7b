"""Write shares, odds ratios and q of codes."""

import numpy as np

from eegssl.corpus.codes.codebook_atlas import Atlas
from eegssl.reports.cells import NOT_AVAILABLE


def percent_words(share: float) -> str:
    """A share in per cent, with two digits."""
    return f"{100 * share:.2g} %" if share >= 0.0001 else "0 %" if share == 0 else "< 0.01 %"


def ratio_words(atlas: Atlas, code: int) -> str:
    """The odds ratio of a code with its interval."""
    odds = atlas.odds
    value = odds.log_odds_ratio[code]
    if not np.isfinite(value):
        return NOT_AVAILABLE
    low, high = odds.ci_low[code], odds.ci_high[code]
    span = f" ({_number(low)}–{_number(high)})" if np.isfinite(low) else ""
    return f"{_number(value)}{span}"


def q_words(q: float) -> str:
    """A q with three decimals."""
    return "< .001" if q < 0.001 else f"{q:.3f}".lstrip("0") if q < 0.9995 else "1"


def _number(log_value: float) -> str:
    """An odds ratio with two digits that tell something: 0.041, 3.2, 28, 1,400, > 10,000."""
    if log_value > np.log(1e4):
        return "> 10,000"
    if log_value < np.log(1e-4):
        return "< 0.0001"
    value = float(np.exp(log_value))
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
