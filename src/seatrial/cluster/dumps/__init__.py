"""What other tools wrote down of a cluster, read as a Snapshot: ``kubectl get`` and ``cluster-info dump``, OpenShift's
must-gather, Sonobuoy, Troubleshoot, Velero, crust-gather; a folder, an archive or a single file.

Belongs here: how such files are laid out, and what follows from that: which kinds were asked for, of which namespaces.
Does not belong here: manifests that nobody has applied yet, and the results of other tools' tests.

The rule of the house: what a dump does not have is not read. Nothing is taken to be empty but by a list that is there and empty.
"""
