"""Cells of a benchmark, and the rows that follow from them."""
