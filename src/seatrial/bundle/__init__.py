"""Fixes become files for Git: Kustomize folders in two steps, a page for each, and an index for machines.

Pure: objects in, files out, and the same files for the same objects, byte by byte.
Does not belong here: what cures what (the catalog), reading clusters, and writing to disks.
"""
