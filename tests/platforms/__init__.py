"""Clusters as clouds and distributions set them up: compact dumps in which nothing is wrong that their owner could mend."""
