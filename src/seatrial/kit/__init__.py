"""Small code that could be a library of its own: clocks, digests, quantities, files, hostile text.

Belongs here: functions that know nothing of Kubernetes clusters, checks or labs.
Does not belong here: anything that names a word of ``seatrial.model``.
"""
