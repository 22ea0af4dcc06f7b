"""``python -m eegssl``."""

from eegssl.cli.commands import main

main()
