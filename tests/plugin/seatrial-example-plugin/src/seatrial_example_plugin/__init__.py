"""Knows one made-up project: a cache of models on the nodes."""
