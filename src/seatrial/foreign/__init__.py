"""Results that other tools wrote: read, checked for being about this cluster and for vacuity, and turned into what seatrial
can compare.

Belongs here: the formats of the upstream AI conformance suite and of base conformance by Hydrophone or Sonobuoy, what makes
such results worthless, and how they are held against a Run.
Does not belong here: any verdict of our own on a cluster, and running those tools.
"""
