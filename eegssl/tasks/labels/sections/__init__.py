"""Draw the parts of a page about labels: tables and figures."""
