"""``python -m eegssl``."""

from eegssl.cli import main

main()
