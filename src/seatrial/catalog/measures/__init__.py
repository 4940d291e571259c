"""The benchmark metrics: how each number is taken. What is good enough stands beside it, with who says so.

Belongs here: functions from facts, or from what happens on a bench, to Measures. Does not belong here: verdicts, and statistics
that know nothing of clusters (``kit``).
"""
