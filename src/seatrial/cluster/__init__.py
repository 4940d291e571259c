"""A live cluster or files become a Snapshot; a live cluster lends a Workbench.

Does not belong here: verdicts, and anything that only a local lab has.
"""
