"""What holds for every test."""

from __future__ import annotations

import signal

from hypothesis import settings

# A machine may be slow: how long an example takes is no reason to fail.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# Whoever runs the tests in the background of a script, or with nohup, has told them to ignore
# these, and every program that they start would too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
