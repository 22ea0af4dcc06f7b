"""Write annotations of a recording as EDF+."""
