"""Turns a Run into a folder of evidence that somebody else can verify: pages, raw records, a manifest of hashes, and one
signed statement. And verifies such a folder, without a cluster and without a network.

Does not belong here: verdicts, and how a Run came to be.
"""
