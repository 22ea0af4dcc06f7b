"""Read and write EDF, annotations and tables (with mne and pyedflib)."""
