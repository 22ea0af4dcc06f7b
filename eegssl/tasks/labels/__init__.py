"""Tell classes or numbers of windows, events, recordings, patients."""
