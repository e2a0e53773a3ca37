"""A command that is run, watched from its first instruction to its end, and judged."""
