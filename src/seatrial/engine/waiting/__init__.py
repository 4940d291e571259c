"""From facts to a Diagnosis: who waits for whom, where that goes in a circle, and what would end it.

Belongs here: graphs, and the arithmetic of things that several want a part of.
Does not belong here: what pods, quotas or devices are; that is written in ``catalog/waits``.
"""
