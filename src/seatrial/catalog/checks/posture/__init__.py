"""How a platform for AI is set up, judged by what can be read alone: one module per area.

Belongs here: checks that read. Does not belong here: proofs, which create things, and the ground for them (``preflight``).
"""
