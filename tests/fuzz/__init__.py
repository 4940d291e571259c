"""Bad input of every kind: each case ends in an answer or in an error that says what is wrong, never in a crash.

A few cases of each in the normal run; ``make fuzz`` plays more than 100,000.
"""

from __future__ import annotations

from hypothesis import settings

few = settings(max_examples=settings.default.max_examples // 4 if settings.default else 25)  # of what takes long
half = settings(max_examples=settings.default.max_examples // 2 if settings.default else 50)
