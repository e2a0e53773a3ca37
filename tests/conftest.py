"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# A machine may be slow: how long an example takes is no reason to fail.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
