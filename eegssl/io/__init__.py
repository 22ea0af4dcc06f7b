"""The world's files: EDF, annotations, BIDS; the only place that knows mne and pyedflib."""
