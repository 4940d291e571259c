"""What we know: standards, faults, checks, systems and roles. Content, no machinery.

Belongs here: module-level values that ``Catalog.load`` collects, and the functions that they are made of.
Does not belong here: loops over checks, statuses, clients, processes.
"""
