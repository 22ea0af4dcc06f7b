"""eegssl: self-supervised EEG foundation models, from folders of EDF to a scored model."""

__version__ = "0.1.0"
