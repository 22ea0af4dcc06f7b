"""The command line: parse, run a stage, print, exit."""
