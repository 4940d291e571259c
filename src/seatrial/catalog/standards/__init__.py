"""Ids, levels, gists and text digests per version, and what covers each requirement."""
