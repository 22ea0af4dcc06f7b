"""Make the waves of the synthetic EEG."""
