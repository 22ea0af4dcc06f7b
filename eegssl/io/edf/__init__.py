"""Read and write EDF and BDF files."""
