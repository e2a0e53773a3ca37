"""Connections written down, and read back: lines, tables, sessions."""
