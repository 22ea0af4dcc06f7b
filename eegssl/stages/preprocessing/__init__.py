"""The parts of ``preprocess``: look, plan, make, finish."""
