"""What the conformance programme wants to be handed: reads such a directory, judges it, builds one, plans the next.

Pure: files in, messages or files out. Disks, networks and catalogs are handed in by ``app``.
Does not belong here: anything that judges a cluster, and the programme's own sentences.
"""
