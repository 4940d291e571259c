"""Ways to break a lab, and the findings that must then fail."""
