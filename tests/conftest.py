"""For all tests: a property is true or false, however busy the machine is that looks for a counterexample."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "nightly", settings.get_profile("busy"), max_examples=int(os.environ.get("SEATRIAL_TEST_CASES", "20000"))
)
settings.load_profile(os.environ.get("SEATRIAL_TEST_PROFILE", "busy"))
