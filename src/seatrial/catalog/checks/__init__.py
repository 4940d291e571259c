"""One module per area. A check states the healthy condition, why it matters and how to get there."""
