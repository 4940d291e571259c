"""What things wait for, one module per source of waiting: facts in, edges out.

Belongs here: what a pod, a quota or a device has to do with waiting. Does not belong here: circles, ranks and sets of
actions, which ``engine/waiting`` finds in any graph.
"""
