"""Plans, runs and scores checks, and compares Runs. Owns the loop, the statuses and the only broad ``except``.

Does not belong here: anything that knows one particular check, system or standard, or how to reach a cluster.
"""
