"""Fixes for what checks find, one module per area: objects for Git, and what shows on a real API server that they work."""
