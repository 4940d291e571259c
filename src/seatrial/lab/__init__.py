"""Builds, starts, breaks and stops a real local Kubernetes with simulated accelerators.

Does not belong here: verdicts, and knowledge of particular ecosystem systems beyond running their recipes.
"""
