"""Sends load to servers of language models, keeps what came of each request, and does the statistics.

Belongs here: arrivals, prompts, the loop that sends and stamps, the processes that share a load, parts and their sum.
Does not belong here: text for people (``report``), and what reads a cluster (``cluster``).
One process is an epoll loop of its own: a stamp for each read, no object for each event, no library between it and the kernel.
"""
